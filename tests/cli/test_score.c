/* From which score on detections of each class are kept. */
#include "detect/score.h"
#include "support.h"

static double own[] = {0.4, 0.7, 0, 0.2};
static char cell[] = "cell", old_cell[] = "cell=old", rare[] = "rare", comma[] = "a,b";
static char *names[] = {cell, old_cell, rare, comma};
static const struct fa_weights_meta meta = {
    .thresholds = {.all = 0.735, .n = 4, .of_class = own}, .n_classes = 4, .classes = names};

static void assert_chosen(const char *given, const struct fa_weights_meta *of, const double want[4])
{
    struct fa_thresholds chosen;

    assert_ok(fa_detect_score_choose(given, of, 4, &chosen));
    for (size_t k = 0; k < 4; k++)
        assert_near(fa_thresholds_of(&chosen, k), want[k], 1e-300);
    fa_thresholds_clear(&chosen);
}

static void each_class_has_its_own_and_one_without_that_of_all(void **state)
{
    (void)state;
    assert_chosen(NULL, &meta, (double[]){0.4, 0.7, 0.735, 0.2});
}

static void one_score_stands_for_all(void **state)
{
    (void)state;
    assert_chosen("0.5", &meta, (double[]){0.5, 0.5, 0.5, 0.5});
    assert_chosen("0", &meta, (double[]){0, 0, 0, 0});
}

static void classes_may_be_named_whatever_their_names(void **state)
{
    (void)state;
    assert_chosen("rare=0.1", &meta, (double[]){0.4, 0.7, 0.1, 0.2});
    assert_chosen("a,b=0.9,cell=0", &meta, (double[]){0, 0.7, 0.735, 0.9});
    assert_chosen("cell=old=0.3,", &meta, (double[]){0.4, 0.3, 0.735, 0.2});
}

static void old_weights_have_one_for_all_and_others_none(void **state)
{
    struct fa_weights_meta old = meta;

    (void)state;
    old.thresholds.n = 0;
    assert_chosen(NULL, &old, (double[]){0.735, 0.735, 0.735, 0.735});
    assert_chosen("cell=0.1", &old, (double[]){0.1, 0.735, 0.735, 0.735});
    old.thresholds.all = 0;
    assert_chosen(NULL, &old, (double[]){0.3, 0.3, 0.3, 0.3});
    old.n_classes = 0;
    assert_chosen("class 2=0.5", &old, (double[]){0.3, 0.3, 0.5, 0.3});
}

static void what_is_neither_is_refused(void **state)
{
    static const char *const bad[][2] = {{"1.5", "from 0 to 1"},
                                         {"x", "from 0 to 1"},
                                         {"dog=0.5", "no class 'dog'; they have cell"},
                                         {"cell=", "from 0 to 1"},
                                         {"cell=0.5;rare=0.1", "from 0 to 1"},
                                         {"cell=-1", "from 0 to 1"},
                                         {"cell=0.5,0.2", "no class '0.2'"},
                                         {"cell=nan", "from 0 to 1"}};
    struct fa_thresholds chosen;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_fails_saying(fa_detect_score_choose(bad[i][0], &meta, 4, &chosen), FA_EINVAL, bad[i][1]);
        assert_int_equal(chosen.n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_has_its_own_and_one_without_that_of_all),
        cmocka_unit_test(one_score_stands_for_all),
        cmocka_unit_test(classes_may_be_named_whatever_their_names),
        cmocka_unit_test(old_weights_have_one_for_all_and_others_none),
        cmocka_unit_test(what_is_neither_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
