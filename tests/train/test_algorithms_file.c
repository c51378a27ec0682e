/* algorithms.json: what is written is read back, and what is damaged or of another machine is refused. */
#include "algorithms_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "support.h"

static const struct fa_algorithm_choice rows[] = {
    {.direction = FA_CONV_FORWARD,
     .conv = {.in = {256, 13, 21}, .out_channels = 720, .groups = 1, .kernel = 3, .stride = 1, .pad = 1},
     .algorithm = "winograd",
     .seconds = 1e-3,
     .rule_seconds = 2e-3},
    {.direction = FA_CONV_BACKWARD_WEIGHTS,
     .conv = {.in = {64, 7, 11},
              .out_channels = 32,
              .groups = 1,
              .kernel = 3,
              .stride = 1,
              .pad = 1,
              .residual = true,
              .backward_data = true,
              .backward_weights = true},
     .algorithm = "direct"},
};

enum { N_ROWS = sizeof rows / sizeof rows[0] };

static struct fa_backend *open_backend(int n_threads)
{
    struct fa_backend *backend;

    assert_ok(fa_backend_open(&(struct fa_backend_config){.n_threads = n_threads}, &backend));
    return backend;
}

static char *path_of_file(void)
{
    char *path;

    assert_ok(fa_path_join(fa_test_directory(), "algorithms.json", &path));
    return path;
}

static void write_rows(const char *path)
{
    struct fa_backend *backend = open_backend(1);

    for (int i = 0; i < N_ROWS; i++)
        assert_ok(fa_algorithms_add(fa_backend_algorithms(backend), &rows[i]));
    assert_ok(fa_algorithms_write(path, backend));
    fa_backend_close(backend);
}

/* Writes the rows with `from` in the text replaced by `to` of the same length, and reads that. */
static fa_status read_changed(const char *from, const char *to)
{
    char *path = path_of_file(), *text, *at;
    struct fa_backend *backend = open_backend(1);
    size_t n_bytes;
    fa_status status;

    write_rows(path);
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    at = strstr(text, from);
    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
    assert_ok(fa_file_write_atomic(path, text, n_bytes));
    status = fa_algorithms_read(path, backend);
    fa_backend_close(backend);
    fa_free(text);
    fa_free(path);
    return status;
}

/* ---- tests ---- */

static void what_is_written_is_read_back(void **state)
{
    char *path = path_of_file();
    struct fa_backend *backend = open_backend(1);
    const struct fa_algorithms *table = fa_backend_algorithms(backend);

    (void)state;
    write_rows(path);
    assert_ok(fa_algorithms_read(path, backend));
    assert_int_equal(table->n, N_ROWS);
    for (int i = 0; i < N_ROWS; i++) {
        const struct fa_algorithm_choice *got = fa_algorithms_find(table, &rows[i].conv, rows[i].direction);

        assert_non_null(got);
        assert_string_equal(got->algorithm, rows[i].algorithm);
    }
    fa_backend_close(backend);
    fa_free(path);
}

static void what_makes_no_sense_is_refused_and_named(void **state)
{
    (void)state;
    assert_fails_saying(read_changed("\"winograd\"", "\"fft\"     "), FA_EFORMAT,
                        "choices[0]: `algorithm` is missing");
    assert_fails_saying(read_changed("\"winograd\"", "\"auto\"    "), FA_EFORMAT, "`algorithm`");
    assert_fails_saying(read_changed("\"winograd\"", "\"amx\"     "), FA_EFORMAT, "on this processor");
    assert_fails_saying(read_changed("\"backward weights\"", "\"backward biases_\""), FA_EFORMAT,
                        "choices[1]: `direction`");
    assert_fails_saying(read_changed("256", "-25"), FA_EFORMAT, "`in`");
    assert_fails_saying(read_changed("256", "2.5"), FA_EFORMAT, "`in`");
    assert_fails_saying(read_changed("\"residual\"", "\"residues\""), FA_EFORMAT, "`residual`");
    assert_fails_saying(read_changed("\"choices\"", "\"choizes\""), FA_EFORMAT, "lacks one of");
}

static void a_file_of_another_machine_is_refused(void **state)
{
    char *path = path_of_file();
    struct fa_backend *two = open_backend(2);

    (void)state;
    write_rows(path);
    assert_fails_saying(fa_algorithms_read(path, two), FA_EINVAL, "threads 1");
    assert_int_equal(fa_backend_algorithms(two)->n, 0);
    fa_backend_close(two);
    fa_free(path);
}

static void a_version_newer_than_the_program_is_refused(void **state)
{
    static const char text[] = "{\"version\": 2}";
    char *path = path_of_file();
    struct fa_backend *backend = open_backend(1);

    (void)state;
    assert_ok(fa_file_write_atomic(path, text, strlen(text)));
    assert_fails_saying(fa_algorithms_read(path, backend), FA_EFORMAT, "its version is 2");
    fa_backend_close(backend);
    fa_free(path);
}

/* The golden was measured elsewhere; apart from that it is read as it is. */
static void a_file_of_the_first_version_is_read(void **state)
{
    char *path = path_of_file(), *text;
    struct fa_backend *backend = open_backend(1);
    struct fa_json *root;

    (void)state;
    assert_ok(fa_json_read_file(fa_test_source("tests/golden/v1/algorithms.json"), &root));
    assert_true(fa_json_set(root, "library", fa_json_new_string(fa_backend_description(backend))));
    assert_ok(fa_json_print(root, true, &text));
    assert_ok(fa_file_write_atomic(path, text, strlen(text)));
    assert_ok(fa_algorithms_read(path, backend));
    assert_int_equal(fa_backend_algorithms(backend)->n, 57);
    fa_backend_close(backend);
    fa_free(text);
    fa_json_free(root);
    fa_free(path);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    char *path = path_of_file(), *text;
    size_t n_bytes;

    (void)state;
    write_rows(path);
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    while (n_bytes > 0 && strchr("}\n ", text[n_bytes - 1]) != NULL) /* to within the object */
        n_bytes--;
    for (size_t n = 0; n <= n_bytes; n += 7) {
        struct fa_backend *backend = open_backend(1);

        assert_ok(fa_file_write_atomic(path, text, n));
        assert_fails(fa_algorithms_read(path, backend), FA_EFORMAT);
        fa_backend_close(backend);
    }
    fa_free(text);
    fa_free(path);
}

static bool has_choices(void)
{
    struct fa_backend *backend = open_backend(1);
    const bool has = fa_algorithms_know(backend, &rows[0].conv, rows[0].direction, "winograd");

    fa_backend_close(backend);
    return has;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_makes_no_sense_is_refused_and_named),
        cmocka_unit_test(a_file_of_another_machine_is_refused),
        cmocka_unit_test(a_version_newer_than_the_program_is_refused),
        cmocka_unit_test(a_file_of_the_first_version_is_read),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
    };

    if (!has_choices()) {
        printf("skipped: the default backend of this build leaves no choice of algorithm\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
