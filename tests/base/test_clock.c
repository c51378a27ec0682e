/* Durations and stamps. */
#include <math.h>
#include <regex.h>

#include "fa/clock.h"
#include "support.h"

static void durations_read_as_days_hours_minutes_seconds(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {0, "0:00:00"},
        {59.4, "0:00:59"},
        {59.6, "0:01:00"},
        {7384, "2:03:04"},
        {86399, "23:59:59"},
        {86400 + 7384, "1 day, 2:03:04"},
        {2 * 86400, "2 days, 0:00:00"},
        {-1, "unknown"},
        {NAN, "unknown"},
        {INFINITY, "unknown"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[32];

        fa_clock_duration(cases[i].seconds, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void assert_matches(const char *text, const char *pattern)
{
    regex_t regex;

    assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    assert_int_equal(regexec(&regex, text, 0, NULL, 0), 0);
    regfree(&regex);
}

static void stamps_have_their_format(void **state)
{
    char text[20];

    (void)state;
    fa_clock_stamp(text, sizeof text);
    assert_matches(text, "^20[0-9]{2}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9]$");
    fa_clock_file_stamp(text, sizeof text);
    assert_matches(text, "^20[0-9]{2}[01][0-9][0-3][0-9]_[0-2][0-9][0-5][0-9][0-6][0-9]$");
}

static void the_clock_does_not_run_backwards(void **state)
{
    double before = fa_clock_seconds();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        double now = fa_clock_seconds();

        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_read_as_days_hours_minutes_seconds),
        cmocka_unit_test(stamps_have_their_format),
        cmocka_unit_test(the_clock_does_not_run_backwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
