/* Numbers that people give are read whole, or refused with the range that was expected. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "fa/number.h"

static const struct fa_range small = FA_WHOLE(-3, 8), all = FA_WHOLE(-0x1p63, 0x1p63), part = FA_REAL(0, 1);

static void whole_numbers_are_exact_to_the_last_digit(void **state)
{
    int64_t n = 0;

    (void)state;
    assert_ok(fa_number_whole("--n", "-3", &small, &n));
    assert_int_equal(n, -3);
    assert_ok(fa_number_whole("--n", "08", &small, &n));
    assert_int_equal(n, 8);
    assert_ok(fa_number_whole("--n", "9223372036854775807", &all, &n));
    assert_int_equal(n, INT64_MAX);
    assert_ok(fa_number_whole("--n", "-9223372036854775808", &all, &n));
    assert_int_equal(n, INT64_MIN);
}

static void what_is_no_whole_number_of_the_range_is_refused_with_the_range(void **state)
{
    static const char *const texts[] = {"",    "-",   "+-1", "9",   "-4",         "1.5",
                                        "1e0", " 1",  "1 ",  "0x1", "4294967297", "18446744073709551617",
                                        "nan", "inf", "1,2", "1\n", "2x",         "99999999999999999999",
                                        "--1"};
    int64_t n = 77;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_fails_saying(fa_number_whole("--n", texts[i], &small, &n), FA_EINVAL,
                            ": expected a whole number from -3 to 8");
    assert_fails_saying(fa_number_whole("--n", "12x", &small, &n), FA_EINVAL, "--n 12x: ");
    assert_fails_saying(fa_number_whole("--n", "9223372036854775808", &all, &n), FA_EINVAL,
                        "expected a whole number");
    assert_int_equal(n, 77);
}

static void fractions_are_read_in_decimal_alone(void **state)
{
    static const char *const texts[] = {"",          "nan",   "inf", "1e999", "0x1p-1",
                                        "1.0000001", "-1e-9", " .5", ".5 ",   "e"};
    double x = 77;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_fails_saying(fa_number_real("--x", texts[i], &part, &x), FA_EINVAL,
                            "expected a number from 0 to 1");
    assert_near(x, 77, 0);
    assert_ok(fa_number_real("--x", "2.5e-1", &part, &x));
    assert_near(x, 0.25, 0);
}

static void ranges_tell_neighbours_of_large_numbers_apart(void **state)
{
    const struct fa_range exact = FA_WHOLE(0, FA_LARGEST_EXACT);

    (void)state;
    assert_true(fa_range_holds(&exact, INT64_C(9007199254740991)));
    assert_false(fa_range_holds(&exact, INT64_C(9007199254740992)));
    assert_false(fa_range_holds(&exact, INT64_C(9007199254740993)));
    assert_false(fa_range_holds(&exact, 0.5L));
    assert_false(fa_range_holds(&exact, NAN));
    assert_true(fa_range_holds(&part, 0.5L));
}

static void a_number_of_the_environment_that_cannot_be_is_taken_for_unset(void **state)
{
    (void)state;
    unsetenv("FA_TEST_NUMBER");
    assert_int_equal(fa_number_environment("FA_TEST_NUMBER", &small, 5), 5);
    setenv("FA_TEST_NUMBER", "4", 1);
    assert_int_equal(fa_number_environment("FA_TEST_NUMBER", &small, 5), 4);
    setenv("FA_TEST_NUMBER", "4294967300", 1); /* 4, where an int wraps */
    assert_int_equal(fa_number_environment("FA_TEST_NUMBER", &small, 5), 5);
    setenv("FA_TEST_NUMBER", "4 tasks", 1);
    assert_int_equal(fa_number_environment("FA_TEST_NUMBER", &small, 5), 5);
    unsetenv("FA_TEST_NUMBER");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_exact_to_the_last_digit),
        cmocka_unit_test(what_is_no_whole_number_of_the_range_is_refused_with_the_range),
        cmocka_unit_test(fractions_are_read_in_decimal_alone),
        cmocka_unit_test(ranges_tell_neighbours_of_large_numbers_apart),
        cmocka_unit_test(a_number_of_the_environment_that_cannot_be_is_taken_for_unset),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
