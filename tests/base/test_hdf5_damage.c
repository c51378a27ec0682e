/* HDF5 files that are cut, changed, or not HDF5 at all: each is a clean failure. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "support.h"

static char path[256];

static int make_file(void **state)
{
    static const int64_t dims[] = {20, 10};
    static const char *const strings[] = {"person", "car"};
    float values[200];
    struct fa_h5 *file;

    (void)state;
    for (int i = 0; i < 200; i++)
        values[i] = (float)i;
    snprintf(path, sizeof path, "%s/x.h5", fa_test_directory());
    assert_ok(fa_h5_create(path, &file));
    assert_ok(fa_h5_write(file, "group/x", FA_H5_F32, 2, dims, values));
    assert_ok(fa_h5_write_strings(file, "names", 2, strings));
    assert_ok(fa_h5_set_string(file, "model", "r50"));
    assert_ok(fa_h5_close(file));
    return 0;
}

static fa_status read_dataset(void *file, const char *name, const struct fa_h5_info *info)
{
    double *values;
    int64_t n_elem;

    (void)info;
    FA_TRY(fa_h5_read_alloc(file, name, FA_H5_F64, &values, &n_elem));
    fa_free(values);
    return FA_OK;
}

static fa_status read_open(struct fa_h5 *file)
{
    char **strings, *model;
    size_t n;

    FA_TRY(fa_h5_visit(file, read_dataset, file));
    FA_TRY(fa_h5_read_strings(file, "names", &n, &strings));
    fa_free(strings);
    FA_TRY(fa_h5_get_string(file, "model", &model));
    fa_free(model);
    return FA_OK;
}

static fa_status read_everything(void)
{
    struct fa_h5 *file;
    fa_status status, closed;

    FA_TRY(fa_h5_open(path, &file));
    status = read_open(file);
    closed = fa_h5_close(file);
    return status != FA_OK ? status : closed;
}

static void a_whole_file_reads(void **state)
{
    (void)state;
    assert_ok(read_everything());
    assert_int_equal(fa_memory_balance(), 0);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    uint64_t n_bytes;

    (void)state;
    assert_ok(fa_file_size(path, &n_bytes));
    for (int64_t length = (int64_t)n_bytes - 1; length >= 0; length -= length > 64 ? 61 : 1) {
        assert_int_equal(truncate(path, length), 0);
        assert_fails_saying(read_everything(), FA_EFORMAT, "x.h5: not a whole HDF5 file");
    }
    assert_int_equal(fa_memory_balance(), 0);
}

static void other_files_are_refused(void **state)
{
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_file_write_atomic(path, "{\"images\": []}", 14));
    assert_fails_saying(fa_h5_open(path, &file), FA_EFORMAT, "x.h5");
    assert_null(file);
    assert_ok(fa_file_write_atomic(path, "", 0));
    assert_fails(fa_h5_open(path, &file), FA_EFORMAT);
    assert_fails_saying(fa_h5_open(fa_test_nowhere("x.h5"), &file), FA_EMISSING, "No such file");
    assert_fails_saying(fa_h5_create(fa_test_nowhere("x.h5"), &file), FA_EIO, "nowhere/x.h5: cannot create");
    assert_int_equal(fa_memory_balance(), 0);
}

/* Where the n_bytes of pattern are in the file's content; they must be there once. */
static size_t find_once(const char *content, size_t n_content, const void *pattern, size_t n_bytes)
{
    const char *found = memmem(content, n_content, pattern, n_bytes);

    assert_non_null(found);
    assert_null(memmem(found + 1, n_content - (size_t)(found + 1 - content), pattern, n_bytes));
    return (size_t)(found - content);
}

/* The extent 20 x 10, which the file has twice in a row (as it is, and how far it may grow), becomes one that
   asks for terabytes, one whose product wraps around, and one that is merely too large. */
static void a_claimed_size_is_checked_before_memory_is_taken(void **state)
{
    static const uint64_t extent[4] = {20, 10, 20, 10};
    static const uint64_t claims[][2] = {{1ull << 40, 2}, {1ull << 62, 8}, {21, 1000}};
    char *content;
    size_t n_bytes, at;

    (void)state;
    assert_ok(fa_file_read(path, 1 << 20, &content, &n_bytes));
    at = find_once(content, n_bytes, extent, sizeof extent);
    for (int i = 0; i < 3; i++) {
        memcpy(content + at, claims[i], sizeof claims[i]);
        memcpy(content + at + sizeof claims[i], claims[i], sizeof claims[i]);
        assert_ok(fa_file_write_atomic(path, content, n_bytes));
        assert_fails_saying(read_everything(), FA_EFORMAT, "x.h5: group/x: ");
    }
    fa_free(content);
    assert_int_equal(fa_memory_balance(), 0);
}

static void changed_bytes_end_in_a_failure_or_in_other_data(void **state)
{
    char *content;
    size_t n_bytes;
    struct fa_random random;

    (void)state;
    assert_ok(fa_file_read(path, 1 << 20, &content, &n_bytes));
    fa_random_init(&random, 1, FA_RANDOM_TEST, 0, 0);
    for (int i = 0; i < 300; i++) {
        size_t at = fa_random_below(&random, (uint32_t)n_bytes);
        char before = content[at];
        fa_status status;

        content[at] = (char)fa_random_u32(&random);
        assert_ok(fa_file_write_atomic(path, content, n_bytes));
        status = read_everything();
        assert_true(status == FA_OK || status == FA_EFORMAT);
        assert_int_equal(fa_memory_balance(), 1); /* content itself */
        content[at] = before;
    }
    fa_free(content);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_whole_file_reads, make_file),
        cmocka_unit_test_setup(a_file_cut_anywhere_is_refused, make_file),
        cmocka_unit_test_setup(other_files_are_refused, make_file),
        cmocka_unit_test_setup(a_claimed_size_is_checked_before_memory_is_taken, make_file),
        cmocka_unit_test_setup(changed_bytes_end_in_a_failure_or_in_other_data, make_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
