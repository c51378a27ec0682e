/* The words behind a sub-command. */
#include "support.h"

#include <string.h>

#include "arguments.h"
#include "nearest.h"

static const struct fa_flag flags[] = {{"--config", "FILE", "", true},
                                       {"--set", "KEY=VALUE", "", false},
                                       {"--json", NULL, "", false},
                                       {"--help", NULL, "", false},
                                       {0}};
static const struct fa_flag *const tables[] = {flags, NULL};

/* Splits a line of words at blanks. */
static fa_status parse(const char *line, struct fa_arguments *out)
{
    static char text[256];
    char *words[16], *word;
    int n = 0;

    strcpy(text, line);
    for (word = strtok(text, " "); word != NULL; word = strtok(NULL, " "))
        words[n++] = word;
    return fa_arguments_parse(n, words, tables, out);
}

static void flags_and_plain_arguments_are_told_apart(void **state)
{
    struct fa_arguments given;

    (void)state;
    assert_ok(parse("--set a=1 one --config=c --json --set b=2 two -- --three", &given));
    assert_string_equal(fa_arguments_get(&given, "--config"), "c");
    assert_string_equal(fa_arguments_get(&given, "--json"), "");
    assert_string_equal(fa_arguments_nth(&given, "--set", 0), "a=1");
    assert_string_equal(fa_arguments_nth(&given, "--set", 1), "b=2");
    assert_null(fa_arguments_nth(&given, "--set", 2));
    assert_string_equal(fa_arguments_nth(&given, NULL, 0), "one");
    assert_string_equal(fa_arguments_nth(&given, NULL, 2), "--three");
    assert_null(fa_arguments_get(&given, "--help"));
    fa_arguments_clear(&given);
}

static void mistakes_are_named(void **state)
{
    struct fa_arguments given;

    (void)state;
    assert_fails_saying(parse("--confg c", &given), FA_EINVAL, "did you mean --config");
    assert_fails_saying(parse("--zzzzzzzzzz", &given), FA_EINVAL, "--help");
    assert_fails_saying(parse("--config", &given), FA_EINVAL, "needs a value");
    assert_fails_saying(parse("--config c --json=1", &given), FA_EINVAL, "takes no value");
    assert_fails_saying(parse("one", &given), FA_EINVAL, "--config FILE is missing");
}

static void help_needs_nothing_else(void **state)
{
    struct fa_arguments given;

    (void)state;
    assert_ok(parse("--help", &given));
    fa_arguments_clear(&given);
}

static void numbers_are_checked(void **state)
{
    struct fa_arguments given;
    long n;

    (void)state;
    assert_ok(parse("--config 12", &given));
    assert_ok(fa_arguments_int(&given, "--config", 1, 12, 5, &n));
    assert_int_equal(n, 12);
    assert_fails(fa_arguments_int(&given, "--config", 1, 11, 5, &n), FA_EINVAL);
    assert_ok(fa_arguments_int(&given, "--set", 1, 11, 5, &n));
    assert_int_equal(n, 5);
    fa_arguments_clear(&given);
    assert_ok(parse("--config 12x", &given));
    assert_fails(fa_arguments_int(&given, "--config", 1, 99, 5, &n), FA_EINVAL);
    fa_arguments_clear(&given);
}

static void the_nearest_name_is_offered_only_if_near(void **state)
{
    struct fa_nearest nearest;

    (void)state;
    fa_nearest_init(&nearest, "trian");
    fa_nearest_offer(&nearest, "score");
    assert_null(nearest.best);
    fa_nearest_offer(&nearest, "train");
    fa_nearest_offer(&nearest, "pack");
    assert_string_equal(nearest.best, "train");
    assert_int_equal(nearest.distance, 2);
}

static void fractions_are_checked_too(void **state)
{
    struct fa_arguments given;
    double number;

    (void)state;
    assert_ok(parse("--config 2.5e1 --set nan", &given));
    assert_ok(fa_arguments_number(&given, "--config", 0, 100, 1, &number));
    assert_near(number, 25, 0);
    assert_ok(fa_arguments_number(&given, "--json", 0, 100, 1, &number));
    assert_near(number, 1, 0);
    assert_fails_saying(fa_arguments_number(&given, "--config", 0, 24, 1, &number), FA_EINVAL,
                        "expected a number from 0 to 24");
    assert_fails_saying(fa_arguments_number(&given, "--set", 0, 24, 1, &number), FA_EINVAL, "--set nan");
    fa_arguments_clear(&given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_plain_arguments_are_told_apart),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(fractions_are_checked_too),
        cmocka_unit_test(numbers_are_checked),
        cmocka_unit_test(the_nearest_name_is_offered_only_if_near),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
