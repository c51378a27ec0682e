/*
 * Text from files before people see it: what stays, what is spelt out, and that messages and log lines do it.
 */
#include <stdio.h>
#include <string.h>

#include "fa/log.h"
#include "fa/printable.h"
#include "fa/status.h"
#include "support.h"

static void assert_shown(const char *text, const char *want)
{
    char out[64];

    assert_string_equal(fa_printable(text, strlen(text), out, sizeof out), want);
}

static void what_a_terminal_would_obey_is_spelt_out(void **state)
{
    (void)state;
    assert_shown("Gr\xc3\xb6\xc3\x9f"
                 "e \xe2\x82\xac.jpg",
                 "Gr\xc3\xb6\xc3\x9f"
                 "e \xe2\x82\xac.jpg");
    assert_shown("a\x1b[2Jb\r\n\x7f", "a\\x1b[2Jb\\x0d\\x0a\\x7f");
    assert_shown("\xc2\x9b"
                 "1m",
                 "\\xc2\\x9b"
                 "1m");                                                /* a control character of C1 */
    assert_shown("a\xe2\x80\xaeg", "a\\xe2\\x80\\xaeg");               /* turns the direction */
    assert_shown("\xf6\xc3", "\\xf6\\xc3");                            /* Latin-1, cut short */
    assert_shown("\xed\xb3\xb6\xc0\xaf", "\\xed\\xb3\\xb6\\xc0\\xaf"); /* a surrogate, overlong */
    assert_shown("\\x1b", "\\x1b");
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
    char out[6];

    (void)state;
    assert_string_equal(fa_printable("ab\x1b!", 4, out, sizeof out), "ab");
    assert_string_equal(fa_printable("abc\xe2\x82\xac", 6, out, sizeof out), "abc");
    assert_string_equal(fa_printable("abcdefgh", 8, out, sizeof out), "abcde");
    assert_string_equal(fa_printable("", 0, out, 1), "");
}

static void messages_show_no_byte_of_a_name_that_is_an_order(void **state)
{
    (void)state;
    assert_fails_saying(fa_fail(FA_EFORMAT, "%s: bad", "a\x1b]0;x\x07.jpg"), FA_EFORMAT,
                        "a\\x1b]0;x\\x07.jpg: bad");
    assert_fails_saying(fa_prefix(FA_EFORMAT, "%s", "\n2026-01-01 INFO"), FA_EFORMAT,
                        "\\x0a2026-01-01 INFO: a\\x1b]0;");
}

static void a_name_cannot_forge_a_line_of_the_log(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "log");
    char line[256];
    FILE *file;

    (void)state;
    assert_ok(fa_log_to_file(path));
    fa_log_file(FA_LOG_ERROR, "%s: is bad", "a\n2026-01-01 00:00:00 INFO  done\x1b[0m");
    assert_ok(fa_log_to_file(NULL));
    file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_non_null(strstr(line, "a\\x0a2026-01-01 00:00:00 INFO  done\\x1b[0m: is bad\n"));
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_terminal_would_obey_is_spelt_out),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(messages_show_no_byte_of_a_name_that_is_an_order),
        cmocka_unit_test(a_name_cannot_forge_a_line_of_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
