/*
 * test_upsample.c - nearest-neighbour resize by its definition, and its transpose.
 */
#include "activation.h"
#include "fa/memory.h"
#include "support.h"

static const struct {
    struct fa_shape in, out;
} cases[] = {
    {{64, 7, 11}, {64, 14, 22}}, /* the FPN's usual step */
    {{45, 7, 11}, {45, 13, 21}}, /* the FPN's step to an odd size */
    {{27, 3, 5}, {27, 10, 12}},  /* uneven copies */
    {{36, 13, 21}, {36, 7, 11}}, /* some sources have no target */
    {{3, 1, 1}, {3, 4, 3}},      {{16, 5, 5}, {16, 5, 5}},
};

#define N_CASES (sizeof cases / sizeof cases[0])

static size_t source_of(size_t i, struct fa_shape in, struct fa_shape out)
{
    size_t c = i % (size_t)out.c, x = i / (size_t)out.c % (size_t)out.w;
    size_t y = i / (size_t)out.c / (size_t)out.w;
    size_t sy = y * (size_t)in.h / (size_t)out.h, sx = x * (size_t)in.w / (size_t)out.w;

    return (sy * (size_t)in.w + sx) * (size_t)in.c + c;
}

static void check_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out)
{
    struct activation src = activation_new(backend, in), dst = activation_new(backend, out);
    size_t n_in = fa_shape_elements(in), n_out = fa_shape_elements(out);
    fa_real *host = noise(n_in, 1), *got = zeros(n_out), *want = zeros(n_out);

    for (size_t i = 0; i < n_out; i++)
        want[i] = host[source_of(i, in, out)];
    activation_write(&src, host);
    fa_backend_upsample(backend, in, out, src.data, dst.data);
    activation_read(&dst, got);
    assert_true(worst_real(got, want, n_out) == 0);
    fa_free(host);
    fa_free(got);
    fa_free(want);
    activation_free(&src);
    activation_free(&dst);
}

static void check_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                    bool accumulate)
{
    struct activation diff_src = activation_new(backend, in), diff_dst = activation_new(backend, out);
    size_t n_in = fa_shape_elements(in), n_out = fa_shape_elements(out);
    fa_real *host = noise(n_out, 1), *got = zeros(n_in), *want = noise(n_in, 2);

    if (accumulate)
        activation_write(&diff_src, want);
    for (size_t i = 0; !accumulate && i < n_in; i++)
        want[i] = 0;
    for (size_t i = 0; i < n_out; i++)
        want[source_of(i, in, out)] += host[i];
    activation_write(&diff_dst, host);
    fa_backend_upsample_backward(backend, in, out, diff_dst.data, accumulate, diff_src.data);
    activation_read(&diff_src, got);
    assert_true(worst_real(got, want, n_in) < rounding(1e-6, 1e-15));
    fa_free(host);
    fa_free(got);
    fa_free(want);
    activation_free(&diff_src);
    activation_free(&diff_dst);
}

static void check_forward(struct fa_backend *backend)
{
    for (size_t i = 0; i < N_CASES; i++)
        check_upsample(backend, cases[i].in, cases[i].out);
}

static void check_backward(struct fa_backend *backend)
{
    for (size_t i = 0; i < N_CASES; i++) {
        check_upsample_backward(backend, cases[i].in, cases[i].out, false);
        check_upsample_backward(backend, cases[i].in, cases[i].out, true);
    }
}

static void each_target_is_the_source_below_it(void **state)
{
    (void)state;
    for_each_backend(check_forward);
}

static void each_source_sums_the_gradients_of_its_targets(void **state)
{
    (void)state;
    for_each_backend(check_backward);
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_target_is_the_source_below_it),
        cmocka_unit_test(each_source_sums_the_gradients_of_its_targets),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
