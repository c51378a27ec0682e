/* The difference of two sets of tensors. */
#include <math.h>

#include "fa/weights.h"
#include "support.h"

static struct fa_weights_difference diff_of(const struct fa_tensor *a, size_t n_a, const struct fa_tensor *b,
                                            size_t n_b)
{
    const struct fa_weights_file first = {.n = n_a, .tensors = (struct fa_tensor *)(uintptr_t)a};
    const struct fa_weights_file second = {.n = n_b, .tensors = (struct fa_tensor *)(uintptr_t)b};
    struct fa_weights_difference out;

    fa_weights_diff(&first, &second, &out);
    return out;
}

static void equal_bits_are_equal_even_if_they_are_nan(void **state)
{
    float a[2] = {1, NAN}, b[2] = {1, NAN};
    const struct fa_tensor first = {"x", 1, {2}, 2, a}, second = {"x", 1, {2}, 2, b};
    struct fa_weights_difference d = diff_of(&first, 1, &second, 1);

    (void)state;
    assert_true(d.equal);
    assert_int_equal(d.n_compared, 1);
    assert_int_equal(d.n_different, 0);
}

static void first_and_largest_difference_are_named(void **state)
{
    float a[3] = {1, 2, 3}, b[3] = {1, 2.5f, 3}, c[2] = {0, 8}, d[2] = {0, 4};
    const struct fa_tensor first[] = {{"x", 1, {3}, 3, a}, {"y", 1, {2}, 2, c}};
    const struct fa_tensor second[] = {{"x", 1, {3}, 3, b}, {"y", 1, {2}, 2, d}};
    struct fa_weights_difference out = diff_of(first, 2, second, 2);

    (void)state;
    assert_false(out.equal);
    assert_int_equal(out.n_different, 2);
    assert_string_equal(out.first, "x[1] is 2 against 2.5");
    assert_string_equal(out.largest, "y[1] is 8 against 4");
}

static void the_sign_of_zero_is_a_difference(void **state)
{
    float a = 0.0f, b = -0.0f;
    const struct fa_tensor first = {"x", 0, {0}, 1, &a}, second = {"x", 0, {0}, 1, &b};
    struct fa_weights_difference d = diff_of(&first, 1, &second, 1);

    (void)state;
    assert_false(d.equal);
    assert_string_equal(d.largest, "x[0] is 0 against -0");
}

static void nan_against_a_number_is_the_largest_difference(void **state)
{
    float a[2] = {NAN, 0}, b[2] = {0, 1e30f};
    const struct fa_tensor first = {"x", 1, {2}, 2, a}, second = {"x", 1, {2}, 2, b};
    struct fa_weights_difference d = diff_of(&first, 1, &second, 1);

    (void)state;
    assert_false(d.equal);
    assert_string_equal(d.largest, "x[0] is nan against 0");
}

static void tensors_on_one_side_only_are_counted(void **state)
{
    float v = 1;
    const struct fa_tensor first[] = {{"a", 1, {1}, 1, &v}, {"b", 1, {1}, 1, &v}};
    const struct fa_tensor second[] = {{"b", 1, {1}, 1, &v}, {"c", 1, {1}, 1, &v}, {"d", 1, {1}, 1, &v}};
    struct fa_weights_difference d = diff_of(first, 2, second, 3);

    (void)state;
    assert_false(d.equal);
    assert_int_equal(d.n_compared, 1);
    assert_int_equal(d.n_only_a, 1);
    assert_int_equal(d.n_only_b, 2);
    assert_int_equal(d.n_different, 0);
    assert_string_equal(d.first, "a is only in the first");
}

static void equal_values_in_another_shape_differ(void **state)
{
    float v[2] = {1, 2};
    const struct fa_tensor first = {"x", 1, {2}, 2, v}, second = {"x", 2, {2, 1}, 2, v};
    struct fa_weights_difference d = diff_of(&first, 1, &second, 1);

    (void)state;
    assert_false(d.equal);
    assert_string_equal(d.first, "x is 2 against 2x1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_bits_are_equal_even_if_they_are_nan),
        cmocka_unit_test(first_and_largest_difference_are_named),
        cmocka_unit_test(the_sign_of_zero_is_a_difference),
        cmocka_unit_test(nan_against_a_number_is_the_largest_difference),
        cmocka_unit_test(tensors_on_one_side_only_are_counted),
        cmocka_unit_test(equal_values_in_another_shape_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
