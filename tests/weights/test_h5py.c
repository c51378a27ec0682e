/* What a user with h5py sees of a weights file. */
#include <stdio.h>
#include <stdlib.h>

#include "fa/weights.h"
#include "support.h"

static const char script[] = "import h5py, json, sys\n"
                             "f = h5py.File(sys.argv[1])\n"
                             "w = {k: v[()] for k, v in f.items()}\n"
                             "assert list(w) == ['backbone.bn1.bias', 'neck.conv.weight'], w\n"
                             "x = w['neck.conv.weight']\n"
                             "assert x.dtype == 'float32' and x.shape == (2, 3, 1, 1)\n"
                             "assert x.ravel().tolist() == [1, 2, 3, 4, 5, 6]\n"
                             "assert abs(f.attrs['mean'] - [123.675, 116.28, 103.53]).max() < 1e-4\n"
                             "assert abs(f.attrs['std'] - [58.395, 57.12, 57.375]).max() < 1e-4\n"
                             "assert f.attrs['to_rgb'] == 1 and f.attrs['model'] == b'r50'\n"
                             "assert json.loads(f.attrs['classes']) == ['person', 'caf\\u00e9']\n";

static void h5py_reads_it_in_three_lines(void **state)
{
    static float conv[] = {1, 2, 3, 4, 5, 6}, bias[] = {0, 0.1f};
    const struct fa_tensor tensors[] = {{"neck.conv.weight", 4, {2, 3, 1, 1}, 6, conv},
                                        {"backbone.bn1.bias", 1, {2}, 2, bias}};
    const struct fa_weights_meta meta = {.mean = {123.675f, 116.28f, 103.53f},
                                         .std = {58.395f, 57.12f, 57.375f},
                                         .to_rgb = true,
                                         .n_classes = 2,
                                         .classes = (char *[]){"person", "caf\xc3\xa9"},
                                         .model = "r50"};
    char path[256], command[2048];

    (void)state;
    snprintf(path, sizeof path, "%s/w.h5", fa_test_directory());
    snprintf(command, sizeof command, "/usr/bin/python3 -c \"%s\" '%s'", script, path);
    assert_ok(fa_weights_write(path, tensors, 2, &meta));
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(h5py_reads_it_in_three_lines)};

    if (system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0)
        fa_test_skip("PYTHON", "python3 with h5py is not here");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
