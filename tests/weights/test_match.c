/* Tensors of a file against those of a network, strictly. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/weights.h"
#include "support.h"
#include "tensors.h"

static const int64_t filters[4] = {2, 3, 1, 1}, two[1] = {2}, three[1] = {3};

/* "conv.weight" of 1s and "bn.bias" of 2s. */
static struct fa_weights_file *make_file(void)
{
    struct fa_weights_file *file = test_file_create();

    test_file_add(file, "conv.weight", 4, filters, 1);
    test_file_add(file, "bn.bias", 1, two, 2);
    test_file_sort(file);
    return file;
}

static void copying_fills_every_target(void **state)
{
    struct fa_weights_file *file = make_file();
    float weight[6] = {0}, bias[2] = {0};
    const struct fa_tensor targets[] = {{"conv.weight", 4, {2, 3, 1, 1}, 6, weight},
                                        {"bn.bias", 1, {2}, 2, bias}};

    (void)state;
    assert_ok(fa_weights_copy(file, targets, 2));
    for (int i = 0; i < 6; i++)
        assert_true(weight[i] == 1);
    assert_true(bias[0] == 2 && bias[1] == 2);
    fa_weights_free(file);
}

static void a_tensor_that_is_missing_unexpected_or_of_another_shape_is_named_and_nothing_copied(void **state)
{
    struct fa_weights_file *file = make_file();
    float weight[6] = {0}, bias[3] = {7, 8, 9};
    const struct fa_tensor targets[] = {{"conv.weight", 4, {2, 3, 1, 1}, 6, weight},
                                        {"bn.bias", 1, {3}, 3, bias},
                                        {"head.bias", 1, {3}, 3, bias}};

    (void)state;
    assert_fails_saying(fa_weights_copy(file, targets, 2), FA_EFORMAT,
                        "1 match; 1 of another shape: bn.bias 2 in the file, 3 in the network");
    assert_fails_saying(fa_weights_copy(file, targets, 1), FA_EFORMAT, "1 not of the network: bn.bias 2");
    assert_fails_saying(fa_weights_copy(file, targets, 3), FA_EFORMAT, "1 missing: head.bias 3");
    assert_true(weight[0] == 0 && bias[0] == 7);
    fa_weights_free(file);
}

static void everything_is_counted_and_the_first_three_are_shown(void **state)
{
    struct fa_weights_file *file = test_file_create();
    char names[16][16];
    struct fa_tensor targets[8];
    struct fa_weights_match match;

    (void)state;
    for (int i = 0; i < 8;
         i++) { /* targets a.0 .. a.7; the file has a.4 .. a.11, the first two in another shape */
        snprintf(names[i], sizeof names[i], "a.%02d", i);
        targets[i] = (struct fa_tensor){.name = names[i], .n_dims = 1, .dims = {2}, .n_elem = 2};
    }
    for (int i = 4; i < 12; i++) {
        snprintf(names[8], sizeof names[8], "a.%02d", i);
        test_file_add(file, names[8], 1, i < 6 ? three : two, 0);
    }
    fa_weights_match(file, targets, 8, &match);
    assert_int_equal(match.n_matched, 2);
    assert_int_equal(match.n_missing, 4);
    assert_int_equal(match.n_mismatched, 2);
    assert_int_equal(match.n_unexpected, 4);
    assert_string_equal(match.missing, "a.00 2, a.01 2, a.02 2");
    assert_string_equal(match.unexpected, "a.08 2, a.09 2, a.10 2");
    assert_string_equal(match.mismatched,
                        "a.04 3 in the file, 2 in the network, a.05 3 in the file, 2 in the network");
    assert_fails_saying(fa_weights_match_check(&match), FA_EFORMAT, "4 missing, first a.00 2");
    fa_weights_free(file);
}

static void names_longer_than_the_text_are_cut(void **state)
{
    struct fa_weights_file *file = test_file_create();
    struct fa_weights_match match;
    char name[1000];

    (void)state;
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        name[0] = (char)('a' + i);
        test_file_add(file, name, 1, two, 0);
    }
    fa_weights_match(file, NULL, 0, &match);
    assert_int_equal(match.n_unexpected, 3);
    assert_int_equal(strlen(match.unexpected), sizeof match.unexpected - 1);
    assert_fails(fa_weights_match_check(&match), FA_EFORMAT);
    fa_weights_free(file);
}

static void an_empty_file_misses_everything(void **state)
{
    struct fa_weights_file file = {0};
    const struct fa_tensor target = {.name = "a", .n_dims = 1, .dims = {2}, .n_elem = 2};
    struct fa_weights_match match;

    (void)state;
    fa_weights_match(&file, &target, 1, &match);
    assert_int_equal(match.n_missing, 1);
    assert_int_equal(match.n_unexpected, 0);
}

static void a_summary_is_of_the_finite_elements(void **state)
{
    float data[] = {3, NAN, -4, INFINITY, -INFINITY, 0};
    const struct fa_tensor tensor = {"x", 1, {6}, 6, data}, nothing = {"y", 1, {0}, 0, data},
                           nans = {"z", 1, {1}, 1, data + 1};
    struct fa_tensor_summary summary;

    (void)state;
    fa_tensor_summarize(&tensor, &summary);
    assert_near(summary.min, -4, 0);
    assert_near(summary.max, 3, 0);
    assert_near(summary.mean, -1.0 / 3, 1e-15);
    assert_near(summary.norm, 5, 0);
    assert_int_equal(summary.n_nan, 1);
    assert_int_equal(summary.n_infinite, 2);
    fa_tensor_summarize(&nothing, &summary);
    assert_near(summary.norm, 0, 0);
    fa_tensor_summarize(&nans, &summary);
    assert_near(summary.mean, 0, 0);
    assert_int_equal(summary.n_nan, 1);
}

static void nothing_is_left_allocated(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copying_fills_every_target),
        cmocka_unit_test(a_tensor_that_is_missing_unexpected_or_of_another_shape_is_named_and_nothing_copied),
        cmocka_unit_test(everything_is_counted_and_the_first_three_are_shown),
        cmocka_unit_test(names_longer_than_the_text_are_cut),
        cmocka_unit_test(an_empty_file_misses_everything),
        cmocka_unit_test(a_summary_is_of_the_finite_elements),
        cmocka_unit_test(nothing_is_left_allocated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
