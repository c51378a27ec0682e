/* HDF5 files between us and h5py, both ways. */
#include <stdio.h>
#include <stdlib.h>

#include "fa/h5.h"
#include "fa/memory.h"
#include "support.h"

static char path[256];

static int run(const char *script)
{
    char command[4096];

    snprintf(command, sizeof command, "/usr/bin/python3 -c \"import h5py, numpy as np, sys\n%s\" '%s'",
             script, path);
    return system(command);
}

static int make_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/x.h5", fa_test_directory());
    return 0;
}

static void h5py_reads_what_we_write(void **state)
{
    static const int64_t dims[] = {2, 3}, none[] = {0};
    static const float values[] = {1, 2, 3, 4, 5, 6};
    static const uint8_t flag = 1;
    static const char *const strings[] = {"a.jpg", "", "b.jpg"};
    const double scalar = 0.1;
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_h5_create(path, &file));
    assert_ok(fa_h5_write(file, "grad/x", FA_H5_F32, 2, dims, values));
    assert_ok(fa_h5_write(file, "scalar", FA_H5_F64, 0, NULL, &scalar));
    assert_ok(fa_h5_write(file, "empty", FA_H5_I64, 1, none, NULL));
    assert_ok(fa_h5_write_strings(file, "names", 3, strings));
    assert_ok(fa_h5_set_string(file, "model", "caf\xc3\xa9"));
    assert_ok(fa_h5_set_numbers(file, "flag", FA_H5_U8, 1, &flag));
    assert_ok(fa_h5_close(file));
    assert_int_equal(run("f = h5py.File(sys.argv[1])\n"
                         "x = f['grad/x']\n"
                         "assert x.dtype == np.dtype('<f4') and x.chunks is None, x\n"
                         "assert x[()].tolist() == [[1, 2, 3], [4, 5, 6]]\n"
                         "assert f['scalar'][()] == 0.1 and f['empty'].shape == (0,)\n"
                         "assert bytes(f['names'][()]) == b'a.jpgb.jpg'\n"
                         "assert f['names_offset'][()].tolist() == [0, 5, 5, 10]\n"
                         "assert f.attrs['model'].decode() == 'caf\\u00e9' and f.attrs['flag'] == 1\n"),
                     0);
}

static void we_read_what_h5py_writes(void **state)
{
    struct fa_h5_info info;
    struct fa_h5 *file;
    double values[6];
    char *text;

    (void)state;
    assert_int_equal(run("f = h5py.File(sys.argv[1], 'w')\n"
                         "f['x'] = np.arange(6, dtype='>i4').reshape(2, 3)\n"
                         "f.create_dataset('chunked', data=np.arange(6.0), chunks=(2,))\n"
                         "f['text'] = 'words'\n"
                         "f['half'] = np.zeros(3, 'float16')\n"
                         "f['six'] = np.zeros((1,) * 6)\n"
                         "f['none'] = h5py.Empty('f4')\n"
                         "f.attrs['model'] = 'r50'\n"
                         "f.attrs['bytes'] = np.bytes_('r101')\n"),
                     0);
    assert_ok(fa_h5_open(path, &file));
    assert_ok(fa_h5_inspect(file, "x", &info));
    assert_true(info.type == FA_H5_I32 && info.n_dims == 2 && info.file_offset > 0);
    assert_ok(fa_h5_read(file, "x", FA_H5_F64, 6, values));
    assert_true(values[5] == 5);
    assert_ok(fa_h5_inspect(file, "chunked", &info));
    assert_int_equal(info.file_offset, -1);
    assert_ok(fa_h5_read(file, "chunked", FA_H5_F64, 6, values));
    assert_true(values[5] == 5);
    assert_fails_saying(fa_h5_inspect(file, "text", &info), FA_EFORMAT, "text: is of a type");
    assert_fails_saying(fa_h5_inspect(file, "half", &info), FA_EFORMAT, "half: is of a type");
    assert_fails_saying(fa_h5_inspect(file, "six", &info), FA_EFORMAT, "six: has 6 dimensions");
    assert_fails_saying(fa_h5_inspect(file, "none", &info), FA_EFORMAT, "none: ");
    assert_ok(fa_h5_get_string(file, "model", &text));
    assert_string_equal(text, "r50");
    fa_free(text);
    assert_ok(fa_h5_get_string(file, "bytes", &text));
    assert_string_equal(text, "r101");
    fa_free(text);
    assert_ok(fa_h5_close(file));
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(h5py_reads_what_we_write, make_path),
        cmocka_unit_test_setup(we_read_what_h5py_writes, make_path),
    };

    if (system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0)
        fa_test_skip("PYTHON", "python3 with h5py is not here");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
