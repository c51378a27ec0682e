/* Datasets, strings and attributes of HDF5 files. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "support.h"

static char path[256];
static struct fa_h5 *file;

static int create_file(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/x.h5", fa_test_directory());
    return fa_h5_create(path, &file) == FA_OK ? 0 : -1;
}

static int close_file(void **state)
{
    fa_status status = fa_h5_close(file);

    (void)state;
    file = NULL;
    return status == FA_OK && fa_memory_balance() == 0 ? 0 : -1;
}

static void reopen(void)
{
    assert_ok(fa_h5_close(file));
    file = NULL;
    assert_ok(fa_h5_open(path, &file));
}

static const int64_t six[] = {6}, two_by_three[] = {2, 3}, none[] = {0};
static const float values[] = {1, -2.5f, 3, 4, 5, 1e-30f};

static void datasets_keep_type_shape_and_values(void **state)
{
    struct fa_h5_info info;
    float got[6];
    double scalar = 0.1, got_scalar;

    (void)state;
    assert_ok(fa_h5_write(file, "grad/backbone.w", FA_H5_F32, 2, two_by_three, values));
    assert_ok(fa_h5_write(file, "loss/positive", FA_H5_F64, 0, NULL, &scalar));
    reopen();
    assert_ok(fa_h5_inspect(file, "grad/backbone.w", &info));
    assert_int_equal(info.type, FA_H5_F32);
    assert_int_equal(info.n_dims, 2);
    assert_true(info.dims[0] == 2 && info.dims[1] == 3 && info.n_elem == 6);
    assert_ok(fa_h5_read(file, "grad/backbone.w", FA_H5_F32, 6, got));
    assert_memory_equal(got, values, sizeof got);
    assert_ok(fa_h5_inspect(file, "loss/positive", &info));
    assert_true(info.n_dims == 0 && info.n_elem == 1);
    assert_ok(fa_h5_read(file, "loss/positive", FA_H5_F64, 1, &got_scalar));
    assert_true(got_scalar == scalar);
}

static void every_type_survives_its_extremes(void **state)
{
    static const uint8_t u8[] = {0, 255};
    static const int32_t i32[] = {INT32_MIN, INT32_MAX};
    static const int64_t i64[] = {INT64_MIN, INT64_MAX}, two[] = {2};
    static const uint32_t u32[] = {0, UINT32_MAX};
    static const uint64_t u64[] = {0, UINT64_MAX};
    static const double f64[] = {0.1, -1e300};
    static const struct {
        const char *name;
        enum fa_h5_type type;
        const void *data;
        size_t n_bytes;
    } cases[] = {
        {"u8", FA_H5_U8, u8, sizeof u8},     {"i32", FA_H5_I32, i32, sizeof i32},
        {"i64", FA_H5_I64, i64, sizeof i64}, {"u32", FA_H5_U32, u32, sizeof u32},
        {"u64", FA_H5_U64, u64, sizeof u64}, {"f64", FA_H5_F64, f64, sizeof f64},
    };
    enum { N = sizeof cases / sizeof cases[0] };

    (void)state;
    for (int i = 0; i < N; i++)
        assert_ok(fa_h5_write(file, cases[i].name, cases[i].type, 1, two, cases[i].data));
    reopen();
    for (int i = 0; i < N; i++) {
        struct fa_h5_info info;
        char *got;
        int64_t n_elem;

        assert_ok(fa_h5_inspect(file, cases[i].name, &info));
        assert_int_equal(info.type, cases[i].type);
        assert_ok(fa_h5_read_alloc(file, cases[i].name, cases[i].type, &got, &n_elem));
        assert_int_equal(n_elem, 2);
        assert_memory_equal(got, cases[i].data, cases[i].n_bytes);
        fa_free(got);
    }
}

static void reading_converts(void **state)
{
    static const int32_t whole[] = {-1, 0, 1, 2, 3, 70000};
    double got[6];

    (void)state;
    assert_ok(fa_h5_write(file, "x", FA_H5_I32, 1, six, whole));
    assert_ok(fa_h5_read(file, "x", FA_H5_F64, 6, got));
    for (int i = 0; i < 6; i++)
        assert_true(got[i] == whole[i]);
}

static void empty_datasets_are_datasets(void **state)
{
    struct fa_h5_info info;
    float *got;
    int64_t n_elem = 5;

    (void)state;
    assert_ok(fa_h5_write(file, "x", FA_H5_F32, 1, none, NULL));
    reopen();
    assert_ok(fa_h5_inspect(file, "x", &info));
    assert_true(info.n_dims == 1 && info.n_elem == 0 && info.file_offset == -1);
    assert_ok(fa_h5_read(file, "x", FA_H5_F32, 0, NULL));
    assert_ok(fa_h5_read_alloc(file, "x", FA_H5_F32, &got, &n_elem));
    assert_int_equal(n_elem, 0);
    fa_free(got);
}

static void pieces_make_a_dataset(void **state)
{
    char got[11] = "";

    (void)state;
    assert_ok(fa_h5_create_dataset(file, "blob", FA_H5_U8, 1, (const int64_t[]){10}));
    assert_ok(fa_h5_write_range(file, "blob", FA_H5_U8, 5, 5, "56789"));
    assert_ok(fa_h5_write_range(file, "blob", FA_H5_U8, 0, 5, "01234"));
    assert_ok(fa_h5_write_range(file, "blob", FA_H5_U8, 10, 0, ""));
    assert_fails(fa_h5_write_range(file, "blob", FA_H5_U8, 8, 3, "xxx"), FA_EFORMAT);
    reopen();
    assert_ok(fa_h5_read(file, "blob", FA_H5_U8, 10, got));
    assert_string_equal(got, "0123456789");
}

static void ranges_outside_are_refused(void **state)
{
    (void)state;
    assert_ok(fa_h5_write(file, "x", FA_H5_F32, 1, six, values));
    assert_ok(fa_h5_write(file, "flat", FA_H5_F32, 2, two_by_three, values));
    assert_fails_saying(fa_h5_write_range(file, "x", FA_H5_F32, 4, 3, values), FA_EFORMAT,
                        "x.h5: x: 3 elements at 4");
    assert_fails(fa_h5_write_range(file, "x", FA_H5_F32, -1, 1, values), FA_EFORMAT);
    assert_fails(fa_h5_write_range(file, "x", FA_H5_F32, 0, -1, values), FA_EFORMAT);
    assert_fails(fa_h5_write_range(file, "x", FA_H5_F32, INT64_MAX, INT64_MAX, values), FA_EFORMAT);
    assert_fails_saying(fa_h5_write_range(file, "flat", FA_H5_F32, 0, 1, values), FA_EFORMAT, "2 dimensions");
}

static void data_lie_at_the_offset_told(void **state)
{
    struct fa_h5_info info;
    float got[6];
    int fd;

    (void)state;
    assert_ok(fa_h5_write(file, "x", FA_H5_F32, 1, six, values));
    reopen();
    assert_ok(fa_h5_inspect(file, "x", &info));
    assert_true(info.file_offset > 0);
    fd = open(path, O_RDONLY);
    assert_ok(fa_file_read_at(fd, path, (uint64_t)info.file_offset, sizeof got, got));
    close(fd);
    assert_memory_equal(got, values, sizeof got);
}

static void equal_content_gives_equal_files(void **state)
{
    uint32_t first, second;
    uint64_t n_bytes;

    (void)state;
    assert_ok(fa_h5_write(file, "x", FA_H5_F32, 1, six, values));
    assert_ok(fa_h5_close(file));
    assert_ok(fa_file_checksum(path, &first, &n_bytes));
    sleep(1);
    assert_ok(fa_h5_create(path, &file));
    assert_ok(fa_h5_write(file, "x", FA_H5_F32, 1, six, values));
    reopen();
    assert_ok(fa_file_checksum(path, &second, &n_bytes));
    assert_int_equal(first, second);
}

static void strings_come_back_in_one_block(void **state)
{
    const char *const strings[] = {"000000000139.jpg", "", "caf\xc3\xa9"};
    char **got;
    size_t n;

    (void)state;
    assert_ok(fa_h5_write_strings(file, "file_name", 3, strings));
    assert_ok(fa_h5_write_strings(file, "nobody", 0, NULL));
    reopen();
    assert_ok(fa_h5_read_strings(file, "file_name", &n, &got));
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(got[i], strings[i]);
    fa_free(got);
    assert_ok(fa_h5_read_strings(file, "nobody", &n, &got));
    assert_int_equal(n, 0);
    fa_free(got);
}

static void damaged_string_lists_are_refused(void **state)
{
    static const int64_t offsets[][3] = {{0, 7, 6}, {1, 3, 6}, {0, 3, 5}, {0, -1, 6}, {0, 3, INT64_MAX}};
    static const int64_t three[] = {3}, good[] = {0, 3, 6};
    char name[16], offset_name[32], **got;
    size_t n;

    (void)state;
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "s%d", i);
        snprintf(offset_name, sizeof offset_name, "s%d_offset", i);
        assert_ok(fa_h5_write(file, name, FA_H5_U8, 1, six, "abcdef"));
        assert_ok(fa_h5_write(file, offset_name, FA_H5_I64, 1, three, offsets[i]));
        assert_fails_saying(fa_h5_read_strings(file, name, &n, &got), FA_EFORMAT, name);
        assert_null(got);
    }
    assert_ok(fa_h5_write(file, "z", FA_H5_U8, 1, six, "abc\0ef"));
    assert_ok(fa_h5_write(file, "z_offset", FA_H5_I64, 1, three, good));
    assert_fails_saying(fa_h5_read_strings(file, "z", &n, &got), FA_EFORMAT, "zero byte");
    assert_ok(fa_h5_write(file, "e", FA_H5_U8, 1, none, NULL));
    assert_ok(fa_h5_write(file, "e_offset", FA_H5_I64, 1, none, NULL));
    assert_fails(fa_h5_read_strings(file, "e", &n, &got), FA_EFORMAT);
}

static void attributes_are_set_replaced_and_read(void **state)
{
    char *text;
    float mean[3];
    double wide[3];

    (void)state;
    assert_ok(fa_h5_set_string(file, "model", "r50"));
    assert_ok(fa_h5_set_string(file, "model", "x101 caf\xc3\xa9"));
    assert_ok(fa_h5_set_string(file, "empty", ""));
    assert_ok(fa_h5_set_numbers(file, "mean", FA_H5_F32, 3, values));
    reopen();
    assert_ok(fa_h5_get_string(file, "model", &text));
    assert_string_equal(text, "x101 caf\xc3\xa9");
    fa_free(text);
    assert_ok(fa_h5_get_string(file, "empty", &text));
    assert_string_equal(text, "");
    fa_free(text);
    assert_ok(fa_h5_get_numbers(file, "mean", FA_H5_F32, 3, mean));
    assert_memory_equal(mean, values, sizeof mean);
    assert_ok(fa_h5_get_numbers(file, "mean", FA_H5_F64, 3, wide));
    assert_true(wide[1] == -2.5);
    assert_true(fa_h5_has_attribute(file, "mean"));
    assert_false(fa_h5_has_attribute(file, "std"));
}

static void attributes_of_another_kind_are_refused(void **state)
{
    char *text;
    float mean[4];

    (void)state;
    assert_ok(fa_h5_set_string(file, "model", "r50"));
    assert_ok(fa_h5_set_numbers(file, "mean", FA_H5_F32, 3, values));
    assert_fails_saying(fa_h5_get_string(file, "mean", &text), FA_EFORMAT, "mean: is not one string");
    assert_null(text);
    assert_fails_saying(fa_h5_get_numbers(file, "mean", FA_H5_F32, 4, mean), FA_EFORMAT, "has 3 values");
    assert_fails_saying(fa_h5_get_numbers(file, "model", FA_H5_F32, 1, mean), FA_EFORMAT, "model");
    assert_fails_saying(fa_h5_get_string(file, "none", &text), FA_EFORMAT, "none: no such attribute");
}

static fa_status join_name(void *context, const char *name, const struct fa_h5_info *info)
{
    struct fa_h5_info again;

    strcat(strcat(context, name), " ");
    assert_int_equal(info->n_elem, 6);
    return fa_h5_inspect(file, name, &again); /* a visitor may use the file */
}

static fa_status stop_at_second(void *context, const char *name, const struct fa_h5_info *info)
{
    (void)info;
    return ++*(int *)context == 2 ? fa_fail(FA_ESTOPPED, "%s", name) : FA_OK;
}

static void a_visit_goes_by_name_and_stops_at_a_failure(void **state)
{
    static const char *const names[] = {"b", "a/z", "a/b/c", "a.x", "B"};
    char joined[64] = "";
    int n = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_ok(fa_h5_write(file, names[i], FA_H5_F32, 1, six, values));
    reopen();
    assert_ok(fa_h5_visit(file, join_name, joined));
    assert_string_equal(joined, "B a.x a/b/c a/z b ");
    assert_fails_saying(fa_h5_visit(file, stop_at_second, &n), FA_ESTOPPED, "a.x");
    assert_int_equal(n, 2);
}

static void wrong_use_is_told_with_file_and_dataset(void **state)
{
    static const int64_t negative[] = {-1}, many[] = {1, 1, 1, 1, 1, 1};
    float got[6];

    (void)state;
    assert_ok(fa_h5_write(file, "x", FA_H5_F32, 1, six, values));
    assert_fails_saying(fa_h5_write(file, "x", FA_H5_F32, 1, six, values), FA_EIO, "x.h5: x: ");
    assert_fails(fa_h5_write(file, "y", FA_H5_F32, 1, negative, values), FA_EINVAL);
    assert_fails(fa_h5_write(file, "y", FA_H5_F32, 6, many, values), FA_EINVAL);
    assert_fails_saying(fa_h5_read(file, "x", FA_H5_F32, 5, got), FA_EFORMAT, "x: has 6 elements where 5");
    assert_fails_saying(fa_h5_read(file, "q/r", FA_H5_F32, 6, got), FA_EFORMAT, "q/r: no such dataset");
    reopen();
    assert_fails_saying(fa_h5_write(file, "y", FA_H5_F32, 1, six, values), FA_EIO, "x.h5: y: ");
}

static void what_is_no_file_is_refused_at_once(void **state)
{
    const char *directory = fa_test_directory(), *pipe_path;
    struct fa_h5 *opened;

    (void)state;
    assert_fails_saying(fa_h5_open(directory, &opened), FA_EFORMAT, "is a directory");
    pipe_path = fa_test_path(directory, "pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    assert_fails_saying(fa_h5_open(pipe_path, &opened), FA_EFORMAT, "is not a plain file");
    assert_null(opened);
}

static fa_status write_and_read_all(void)
{
    const char *const strings[] = {"a", "b"};
    char **names = NULL, *model = NULL;
    float *got = NULL;
    int64_t n_elem;
    size_t n;
    fa_status status = fa_h5_write_strings(file, "names", 2, strings);

    if (status == FA_OK)
        status = fa_h5_write(file, "x", FA_H5_F32, 1, six, values);
    if (status == FA_OK)
        status = fa_h5_set_string(file, "model", "r50");
    if (status == FA_OK)
        status = fa_h5_get_string(file, "model", &model);
    if (status == FA_OK)
        status = fa_h5_read_strings(file, "names", &n, &names);
    if (status == FA_OK)
        status = fa_h5_read_alloc(file, "x", FA_H5_F32, &got, &n_elem);
    fa_free(names);
    fa_free(model);
    fa_free(got);
    return status;
}

static void no_allocation_failure_leaks_or_passes(void **state)
{
    fa_status status = FA_ENOMEM;
    long n;

    (void)state;
    for (n = 1; status != FA_OK; n++) {
        assert_in_range(n, 1, 100);
        assert_ok(fa_h5_close(file));
        file = NULL;
        fa_memory_fail_after(n);
        status = fa_h5_create(path, &file);
        if (status == FA_OK)
            status = write_and_read_all();
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
    }
    assert_true(n > 8);
}

/* In a child process, which also has to end well: a limit on file sizes acts as a full disk does. */
static void write_on_full_disk(void)
{
    static const char data[100000];
    const struct rlimit limit = {50000, 50000};
    const int64_t n = sizeof data;
    char small[256], first[FA_MESSAGE_MAX];

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (fa_h5_write(file, "x", FA_H5_U8, 1, &n, data) != FA_EIO || strchr(fa_message(), '\n') != NULL)
        exit(1);
    snprintf(first, sizeof first, "%s", fa_message());
    if (fa_h5_finish(file, FA_EIO) != FA_EIO || strcmp(fa_message(), first) != 0)
        exit(2);
    snprintf(small, sizeof small, "%.200s.small", path);
    if (fa_h5_create(small, &file) != FA_OK || fa_h5_close(file) != FA_OK)
        exit(3);
    exit(0);
}

static void a_full_disk_is_a_failure_and_the_process_goes_on(void **state)
{
    int result;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        write_on_full_disk();
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    assert_int_equal(WEXITSTATUS(result), 0);
}

#define with_file(test) cmocka_unit_test_setup_teardown(test, create_file, close_file)

/* Writes a dataset, and then does as told. */
static fa_status write_and_return(void *status, struct fa_h5 *h5)
{
    FA_TRY(fa_h5_write(h5, "x", FA_H5_F32, 1, six, values));
    return *(fa_status *)status == FA_OK ? FA_OK : fa_fail(*(fa_status *)status, "as told");
}

static void a_saved_file_is_whole_or_what_it_was(void **state)
{
    char temporary[300];
    fa_status good = FA_OK, bad = FA_EINVAL;
    struct fa_h5_info info;

    (void)state;
    assert_fails_saying(fa_h5_save(path, write_and_return, &bad), FA_EINVAL, "as told");
    reopen();
    assert_fails(fa_h5_inspect(file, "x", &info), FA_EFORMAT);
    assert_ok(fa_h5_save(path, write_and_return, &good));
    reopen();
    assert_ok(fa_h5_inspect(file, "x", &info));
    assert_int_equal(info.n_elem, 6);
    snprintf(temporary, sizeof temporary, "%s" FA_TEMPORARY_SUFFIX, path);
    assert_int_not_equal(access(temporary, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_file(datasets_keep_type_shape_and_values),
        with_file(every_type_survives_its_extremes),
        with_file(reading_converts),
        with_file(empty_datasets_are_datasets),
        with_file(pieces_make_a_dataset),
        with_file(ranges_outside_are_refused),
        with_file(data_lie_at_the_offset_told),
        with_file(equal_content_gives_equal_files),
        with_file(strings_come_back_in_one_block),
        with_file(damaged_string_lists_are_refused),
        with_file(attributes_are_set_replaced_and_read),
        with_file(attributes_of_another_kind_are_refused),
        with_file(a_visit_goes_by_name_and_stops_at_a_failure),
        with_file(wrong_use_is_told_with_file_and_dataset),
        cmocka_unit_test(what_is_no_file_is_refused_at_once),
        with_file(a_full_disk_is_a_failure_and_the_process_goes_on),
        with_file(a_saved_file_is_whole_or_what_it_was),
        with_file(no_allocation_failure_leaks_or_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
