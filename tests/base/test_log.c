/* What reaches the log. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "support.h"

static const char *path;

static int open_log(void **state)
{
    static char storage[256];

    (void)state;
    snprintf(storage, sizeof storage, "%s/train.log", fa_test_directory());
    path = storage;
    fa_log_set_level(FA_LOG_INFO);
    fa_log_set_rank(0, 1);
    return fa_log_to_file(path) == FA_OK ? 0 : -1;
}

static int close_log(void **state)
{
    (void)state;
    return fa_log_to_file(NULL) == FA_OK ? 0 : -1;
}

/* The file's lines that contain text. */
static int lines_with(const char *text)
{
    char *content;
    size_t n_bytes;
    int n = 0;

    assert_ok(fa_file_read(path, 1 << 20, &content, &n_bytes));
    for (char *line = strtok(content, "\n"); line != NULL; line = strtok(NULL, "\n"))
        n += strstr(line, text) != NULL;
    fa_free(content);
    return n;
}

static void lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    fa_debug("quiet");
    fa_info("number %d", 5);
    assert_int_equal(lines_with("quiet"), 0);
    assert_int_equal(lines_with("INFO  number 5"), 1);
    fa_log_set_level(FA_LOG_DEBUG);
    fa_debug("quiet");
    assert_int_equal(lines_with("DEBUG quiet"), 1);
}

static void other_ranks_are_quiet_below_warn_and_name_themselves(void **state)
{
    (void)state;
    fa_log_set_rank(3, 4);
    fa_info("progress");
    fa_warn("trouble");
    assert_int_equal(lines_with("progress"), 0);
    assert_int_equal(lines_with("WARN  [rank 3] trouble"), 1);
    fa_log_set_rank(0, 4);
    fa_info("progress");
    assert_int_equal(lines_with("INFO  progress"), 1);
}

static void the_file_is_appended_to(void **state)
{
    (void)state;
    fa_info("one");
    assert_ok(fa_log_to_file(NULL));
    fa_info("two");
    assert_ok(fa_log_to_file(path));
    fa_info("three");
    assert_int_equal(lines_with("one"), 1);
    assert_int_equal(lines_with("two"), 0);
    assert_int_equal(lines_with("three"), 1);
}

static void a_line_for_the_file_alone_stands_there_and_nowhere_else(void **state)
{
    char shown[280];
    uint64_t n_bytes;
    int before = dup(STDERR_FILENO);

    (void)state;
    snprintf(shown, sizeof shown, "%s.stderr", path);
    assert_int_equal(dup2(open(shown, O_WRONLY | O_CREAT, 0666), STDERR_FILENO), STDERR_FILENO);
    fa_log_file(FA_LOG_ERROR, "it %s", "failed");
    assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(lines_with("ERROR it failed"), 1);
    assert_ok(fa_file_size(shown, &n_bytes));
    assert_int_equal(n_bytes, 0);
}

static void a_line_too_long_is_cut_and_still_a_line(void **state)
{
    char text[6000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fa_info("%s", text);
    fa_info("next");
    assert_int_equal(lines_with("INFO  xxx"), 1);
    assert_int_equal(lines_with("INFO  next"), 1);
    assert_int_equal(lines_with("xnext"), 0);
}

static void a_log_file_that_cannot_be_opened_is_a_failure(void **state)
{
    (void)state;
    assert_fails_saying(fa_log_to_file(fa_test_nowhere("train.log")), FA_EIO, "nowhere/train.log");
    fa_info("still here");
    assert_int_equal(lines_with("still here"), 1);
}

static void one_is_the_only_singular(void **state)
{
    (void)state;
    assert_string_equal(fa_plural(0), "s");
    assert_string_equal(fa_plural(1), "");
    assert_string_equal(fa_plural(2), "s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_below_the_level_are_dropped, open_log, close_log),
        cmocka_unit_test_setup_teardown(other_ranks_are_quiet_below_warn_and_name_themselves, open_log,
                                        close_log),
        cmocka_unit_test_setup_teardown(the_file_is_appended_to, open_log, close_log),
        cmocka_unit_test_setup_teardown(a_line_for_the_file_alone_stands_there_and_nowhere_else, open_log,
                                        close_log),
        cmocka_unit_test_setup_teardown(a_line_too_long_is_cut_and_still_a_line, open_log, close_log),
        cmocka_unit_test(one_is_the_only_singular),
        cmocka_unit_test_setup_teardown(a_log_file_that_cannot_be_opened_is_a_failure, open_log, close_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
