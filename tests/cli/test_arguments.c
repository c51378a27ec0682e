/* The words behind a sub-command. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "help.h"
#include "nearest.h"

static const struct fa_flag flags[] = {{"--config", "FILE", "", true},
                                       {"--set", "KEY=VALUE", "", false},
                                       {"--whole", "N", "", false, FA_WHOLE(1, 12)},
                                       {"--real", "X", "", false, FA_REAL(0, 24)},
                                       {"--three", "A,B,C", "", false, FA_WHOLE(1, 1e6), FA_LIST(',', 3)},
                                       {"--bytes", "N,...", "", false, FA_WHOLE(4, 9), FA_LIST(',', 0)},
                                       {"--size", "HxW", "", false, FA_SIDES},
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
    assert_fails_saying(parse("--zzzzzzzzzz", &given), FA_EINVAL, "unknown option --zzzzzzzzzz; see --help");
    assert_fails_saying(parse("--epochs 3", &given), FA_EINVAL,
                        "unknown option --epochs; that is a key of "
                        "the recipe: --set train.epochs=3");
    assert_fails_saying(parse("--lr=-1", &given), FA_EINVAL,
                        "unknown option --lr; that is a key of the "
                        "recipe: --set train.lr=-1");
    assert_fails_saying(parse("--epochs --json", &given), FA_EINVAL, "--set train.epochs=VALUE");
    assert_fails_saying(parse("--epochs", &given), FA_EINVAL, "--set train.epochs=VALUE");
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

static void numbers_are_held_against_the_range_of_their_flag(void **state)
{
    struct fa_arguments given;

    (void)state;
    assert_ok(parse("--config c --whole 3 --whole 12 --real 2.4e1", &given));
    assert_int_equal(fa_arguments_whole(&given, "--whole", 5), 12);
    assert_near(fa_arguments_real(&given, "--real", 5), 24, 0);
    fa_arguments_clear(&given);
    assert_ok(parse("--config c", &given));
    assert_int_equal(fa_arguments_whole(&given, "--whole", 5), 5);
    assert_near(fa_arguments_real(&given, "--real", 5), 5, 0);
    fa_arguments_clear(&given);
    assert_fails_saying(parse("--config c --whole 13 --whole 12", &given), FA_EINVAL,
                        "--whole 13: expected a whole number from 1 to 12");
    assert_fails_saying(parse("--config c --real=24.1", &given), FA_EINVAL,
                        "--real 24.1: expected a number from 0 to 24");
}

static void lists_of_numbers_are_checked_one_by_one(void **state)
{
    static const char *const wrong[] = {"1,10",      "1,10,99999999999",
                                        "1,10,100,", "1,,100",
                                        "1,10,x",    "1,10,000000000000000000000000000000000000001"};
    struct fa_arguments given;
    int64_t numbers[FA_LIST_MAX];
    char line[96];
    int h = 1, w = 2;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(line, sizeof line, "--config c --three %s", wrong[i]);
        assert_fails_saying(parse(line, &given), FA_EINVAL,
                            "expected A,B,C, 3 whole numbers from 1 to 1000000");
    }
    assert_fails_saying(parse("--config c --bytes 4,3", &given), FA_EINVAL,
                        "expected N,..., up to 32 whole numbers from 4 to 9");
    assert_fails_saying(parse("--config c --size 4294967328x32", &given), FA_EINVAL, "expected HxW");
    assert_ok(parse("--config c --three 1,10,100 --bytes 4 --size 64x32", &given));
    assert_int_equal(fa_arguments_list(&given, "--three", numbers), 3);
    assert_int_equal(numbers[2], 100);
    assert_int_equal(fa_arguments_list(&given, "--bytes", numbers), 1);
    assert_ok(fa_arguments_size(&given, "--size", &h, &w));
    assert_int_equal(h, 64);
    assert_int_equal(w, 32);
    fa_arguments_clear(&given);
    assert_ok(parse("--config c --size 64x33", &given));
    assert_int_equal(fa_arguments_list(&given, "--three", numbers), 0);
    assert_fails_saying(fa_arguments_size(&given, "--size", &h, &w), FA_EINVAL, "multiples of 32");
    fa_arguments_clear(&given);
}

/* ---- every command ---- */

static void refuses(const struct fa_flag *const *all, const struct fa_flag *flag, const char *text)
{
    char name[32], value[32];
    char *words[] = {name, value};
    struct fa_arguments given;

    snprintf(name, sizeof name, "%s", flag->name);
    snprintf(value, sizeof value, "%s", text);
    assert_fails_saying(fa_arguments_parse(2, words, all, &given), FA_EINVAL, "expected");
    assert_non_null(strstr(fa_message(), flag->name));
}

static bool is_called_a_number(const struct fa_flag *flag)
{
    static const char *const names[] = {"N", "R", "US", "GBIT", "GB/S", "HxW", "WxH", "A,B,C", "BYTES,..."};

    for (size_t i = 0; flag->value != NULL && i < sizeof names / sizeof *names; i++)
        if (strcmp(flag->value, names[i]) == 0)
            return true;
    return false;
}

static void no_command_takes_a_number_that_is_out_of_its_range(void **state)
{
    static const char *const texts[] = {
        "99999999999999999999", "-99999999999999999999", "nan", "0x", "", "many"};
    size_t n = 0;

    (void)state;
    for (const struct fa_command *const *command = fa_commands; *command != NULL; command++) {
        const struct fa_flag *const all[] = {(*command)->flags, fa_common_flags, NULL};

        for (const struct fa_flag *const *table = all; *table != NULL; table++)
            for (const struct fa_flag *flag = *table; flag->name != NULL; flag++) {
                assert_true(flag->range.kind != FA_NUMBER_NONE || !is_called_a_number(flag));
                for (size_t i = 0; flag->range.kind != FA_NUMBER_NONE && i < sizeof texts / sizeof *texts;
                     i++)
                    refuses(all, flag, texts[i]);
                n += flag->range.kind != FA_NUMBER_NONE;
            }
    }
    assert_true(n > 30);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_plain_arguments_are_told_apart),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(help_needs_nothing_else),
        cmocka_unit_test(numbers_are_held_against_the_range_of_their_flag),
        cmocka_unit_test(lists_of_numbers_are_checked_one_by_one),
        cmocka_unit_test(no_command_takes_a_number_that_is_out_of_its_range),
        cmocka_unit_test(the_nearest_name_is_offered_only_if_near),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
