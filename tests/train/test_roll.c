#include "support.h"

#include <string.h>

#include "watchdog/roll.h"

static void a_line_is_read_as_it_was_written(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "ranks");
    const struct fa_roll_line line = {.rank = 1,
                                      .host = "node7",
                                      .beat = 55,
                                      .state = FA_ROLL_OVERDUE,
                                      .text = "step 120, saving, forward"};
    struct fa_roll_line found[3];

    (void)state;
    assert_ok(fa_roll_create(path, 3, 7));
    assert_ok(fa_roll_check(path, 7));
    assert_ok(fa_roll_write(path, &line));
    assert_ok(fa_roll_read(path, 3, found));
    assert_int_equal(found[1].rank, 1);
    assert_int_equal(found[1].beat, 55);
    assert_int_equal(found[1].state, FA_ROLL_OVERDUE);
    assert_string_equal(found[1].host, line.host);
    assert_string_equal(found[1].text, line.text);
    assert_int_equal(found[0].beat, 0);
    assert_int_equal(found[2].beat, 0);
}

static void a_shorter_line_leaves_nothing_of_a_longer_one(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "ranks");
    struct fa_roll_line line = {.beat = 1, .host = "a-long-name-of-a-host", .text = "step 1000, evaluation"};
    struct fa_roll_line found;

    (void)state;
    assert_ok(fa_roll_create(path, 1, 7));
    assert_ok(fa_roll_write(path, &line));
    line = (struct fa_roll_line){.beat = 2, .host = "b", .text = "x"};
    assert_ok(fa_roll_write(path, &line));
    assert_ok(fa_roll_read(path, 1, &found));
    assert_string_equal(found.host, "b");
    assert_string_equal(found.text, "x");
}

static void a_directory_that_is_not_shared_is_refused(void **state)
{
    const char *path = fa_test_path(fa_test_directory(), "ranks");

    (void)state;
    fa_roll_patience_s = 1;
    assert_ok(fa_roll_create(path, 1, 7));
    assert_fails_saying(fa_roll_check(path, 8), FA_EINVAL, "all hosts share");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_is_read_as_it_was_written),
                                       cmocka_unit_test(a_shorter_line_leaves_nothing_of_a_longer_one),
                                       cmocka_unit_test(a_directory_that_is_not_shared_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
