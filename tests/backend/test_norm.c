/*
 * test_norm.c - group norm of every backend: against the definition, against finite differences, in place,
 * under any number of threads, and far from zero.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backends.h"
#include "fa/memory.h"
#include "flats.h"
#include "norm_cases.h"

static void assert_close(const struct norm_case *test, const char *what, const fa_real *got,
                         const fa_real *want, size_t n)
{
    const double worst = worst_real(got, want, n), allowed = rounding(2e-6, 1e-13);

    if (!(worst < allowed))
        print_error("%s: %s is off by %.2g, allowed %.2g\n", test->name, what, worst, allowed);
    assert_true(worst < allowed);
}

static void assert_results_close(const struct norm_case *test, const struct norm_result *got,
                                 const struct norm_result *want)
{
    const size_t n = fa_shape_elements(test->desc.shape), c = (size_t)test->desc.shape.c;

    assert_close(test, "dst", got->dst, want->dst, n);
    assert_close(test, "diff_src", got->diff_src, want->diff_src, n);
    assert_close(test, "diff_gamma", got->diff_gamma, want->diff_gamma, c);
    assert_close(test, "diff_beta", got->diff_beta, want->diff_beta, c);
}

/* ---- the definition ---- */

static void check_definition(struct fa_backend *backend)
{
    for (size_t i = 0; i < n_norm_cases; i++) {
        const struct norm_case *test = &norm_cases[i];
        struct norm_data data = norm_data_new(test);
        struct norm_result got = norm_result_new(test), want = norm_result_new(test);

        norm_run(backend, test, &data, &got);
        norm_definition(test, &data, &want);
        assert_results_close(test, &got, &want);
        norm_result_free(&want);
        norm_result_free(&got);
        norm_data_free(&data);
    }
}

static void outputs_and_gradients_are_those_of_the_definition(void **state)
{
    (void)state;
    for_each_backend(check_definition);
}

/* Values of 1000 and a little: sums of squares in float would leave nothing of the variance. */
static void check_far_from_zero(struct fa_backend *backend)
{
    const struct norm_case test = {"far from zero", {{64, 26, 42}, 32, true, false}, APART};
    struct norm_data data = norm_data_new(&test);
    struct norm_result got = norm_result_new(&test), want = norm_result_new(&test);

    for (size_t i = 0; i < data.n; i++)
        data.src[i] += 1000;
    norm_run(backend, &test, &data, &got);
    norm_definition(&test, &data, &want);
    assert_true(worst_real(got.dst, want.dst, data.n) < rounding(1e-4, 1e-11));
    assert_true(worst_real(got.diff_src, want.diff_src, data.n) < rounding(1e-4, 1e-11));
    norm_result_free(&want);
    norm_result_free(&got);
    norm_data_free(&data);
}

static void a_large_mean_does_not_drown_the_variance(void **state)
{
    (void)state;
    for_each_backend(check_far_from_zero);
}

static void check_constant(struct fa_backend *backend)
{
    const struct norm_case test = {"constant", {{64, 5, 7}, 32, false, false}, APART};
    struct norm_data data = norm_data_new(&test);
    struct norm_result got = norm_result_new(&test);

    for (size_t i = 0; i < data.n; i++)
        data.src[i] = (fa_real)0.1;
    norm_run(backend, &test, &data, &got);
    for (size_t i = 0; i < data.n; i++) {
        assert_near(got.dst[i], data.beta[i % 64], 1e-5);
        assert_true(isfinite(got.diff_src[i]));
    }
    norm_result_free(&got);
    norm_data_free(&data);
}

static void a_group_without_variance_becomes_beta(void **state)
{
    (void)state;
    for_each_backend(check_constant);
}

/* ---- NaN ---- */

static void check_nan(struct fa_backend *backend)
{
    const struct norm_case test = {"NaN", {{64, 5, 7}, 16, true, false}, APART};
    struct norm_data data = norm_data_new(&test);
    struct norm_result got = norm_result_new(&test);

    data.src[64 + 9] = NAN; /* channel 9: group 2, channels 8 to 11 */
    norm_run(backend, &test, &data, &got);
    for (size_t i = 0; i < data.n; i++)
        assert_int_equal(isnan(got.dst[i]) != 0, i % 64 / 4 == 2);
    norm_result_free(&got);
    norm_data_free(&data);
}

static void nan_fills_its_group_and_no_other(void **state)
{
    (void)state;
    for_each_backend(check_nan);
}

/* ---- threads ---- */

static struct norm_result result_with_threads(const char *name, int n_threads, const struct norm_case *test,
                                              const struct norm_data *data)
{
    struct norm_result result = norm_result_new(test);
    struct fa_backend *backend;

    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = name, .n_threads = n_threads}, &backend));
    norm_run(backend, test, data, &result);
    fa_backend_close(backend);
    return result;
}

/* Seven are more than some cases have spans (onednn_norm.c). */
static void check_threads(const char *name, const struct norm_case *test)
{
    static const int n_threads[] = {2, 3, 7};
    const size_t n = fa_shape_elements(test->desc.shape), c = (size_t)test->desc.shape.c;
    struct norm_data data = norm_data_new(test);
    struct norm_result want = result_with_threads(name, 1, test, &data);

    for (size_t i = 0; i < sizeof n_threads / sizeof n_threads[0]; i++) {
        struct norm_result got = result_with_threads(name, n_threads[i], test, &data);

        assert_memory_equal(got.dst, want.dst, n * sizeof *want.dst);
        assert_memory_equal(got.diff_src, want.diff_src, n * sizeof *want.dst);
        assert_memory_equal(got.diff_gamma, want.diff_gamma, c * sizeof *want.dst);
        assert_memory_equal(got.diff_beta, want.diff_beta, c * sizeof *want.dst);
        norm_result_free(&got);
    }
    norm_result_free(&want);
    norm_data_free(&data);
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    for (size_t b = 0; fa_test_backend(b) != NULL; b++)
        for (size_t i = 0; i < n_norm_cases; i++)
            check_threads(fa_test_backend(b), &norm_cases[i]);
}

/* ---- shared gamma and beta ---- */

/* As the head's levels do: the gradients of two norms add up. */
static void check_shared(struct fa_backend *backend)
{
    const struct fa_norm_desc desc = {{36, 7, 11}, 4, false, false};
    fa_real *gamma = zeros(36), *beta = zeros(36), *ones, *zero;
    struct activation src = activation_new(backend, desc.shape), dst = activation_new(backend, desc.shape);
    fa_real *values = noise(fa_shape_elements(desc.shape), 1);
    struct fa_affine *affine;
    struct fa_affine_sum *sum;
    struct fa_norm *norm[2];
    void *statistics;

    zero = backend_copy(backend, beta, 36);
    for (int c = 0; c < 36; c++)
        gamma[c] = 1;
    ones = backend_copy(backend, gamma, 36);
    assert_ok(fa_affine_create(backend, 36, &affine));
    assert_ok(fa_affine_sum_create(backend, affine, &sum));
    assert_ok(fa_affine_load(affine, ones, zero));
    for (int i = 0; i < 2; i++) {
        assert_ok(fa_norm_create(backend, &desc, affine, &norm[i]));
        assert_ok(fa_backend_alloc(backend, fa_norm_statistics_bytes(norm[i]), &statistics));
        activation_write(&src, values);
        assert_ok(fa_norm_forward(norm[i], src.data, NULL, dst.data, statistics));
        for (size_t k = 0; k < fa_shape_elements(desc.shape); k++)
            values[k] = (fa_real)(i + 1);
        activation_write(&dst, values);
        assert_ok(fa_norm_backward(norm[i], src.data, statistics, dst.data, dst.data, sum));
        assert_ok(fa_backend_synchronize(backend));
        fa_backend_free(backend, statistics);
        fa_norm_destroy(norm[i]);
    }
    norm_read_sum(backend, sum, 36, gamma, beta);
    for (int c = 0; c < 36; c++)
        assert_near(beta[c], 7 * 11 * (1 + 2), 1e-4);
    fa_affine_sum_clear(sum);
    norm_read_sum(backend, sum, 36, gamma, beta);
    for (int c = 0; c < 36; c++)
        assert_true(gamma[c] == 0 && beta[c] == 0);
    fa_affine_sum_destroy(sum);
    fa_affine_destroy(affine);
    activation_free(&src);
    activation_free(&dst);
    fa_free(values);
    fa_backend_free(backend, ones);
    fa_backend_free(backend, zero);
    fa_free(gamma);
    fa_free(beta);
}

static void gradients_of_gamma_and_beta_add_up_until_cleared(void **state)
{
    (void)state;
    for_each_backend(check_shared);
}

/* ---- finite differences ---- */

#define STEP 1e-6
#define SOME 12

/* The sum of dst * v; its gradient before the ReLU is v where dst > 0. */
static double functional(struct fa_backend *blas, const struct norm_case *test, const struct norm_data *data,
                         const fa_real *v)
{
    struct norm_result result = norm_result_new(test);
    double sum = 0;

    norm_run(blas, test, data, &result);
    for (size_t i = 0; i < data->n; i++)
        sum += (double)v[i] * result.dst[i];
    norm_result_free(&result);
    return sum;
}

static void check_differences(struct fa_backend *blas, const struct norm_case *test,
                              const struct norm_data *data, const fa_real *v, fa_real *values,
                              const fa_real *gradient, size_t n)
{
    for (size_t k = 0; k < SOME; k++) {
        const size_t i = pick(n, 9, k);
        const fa_real kept = values[i];
        double plus, minus;

        values[i] = kept + (fa_real)STEP;
        plus = functional(blas, test, data, v);
        values[i] = kept - (fa_real)STEP;
        minus = functional(blas, test, data, v);
        values[i] = kept;
        assert_near(gradient[i], (plus - minus) / (2 * STEP), 1e-6 * (1 + fabs(gradient[i])));
    }
}

static void check_case_by_differences(struct fa_backend *blas, const struct norm_case *test)
{
    const size_t c = (size_t)test->desc.shape.c;
    struct norm_data data = norm_data_new(test);
    struct norm_result result = norm_result_new(test);
    fa_real *v = noise(data.n, 11);

    norm_run(blas, test, &data, &result);
    for (size_t i = 0; i < data.n; i++)
        data.diff_dst[i] = !test->desc.relu || result.dst[i] > 0 ? v[i] : 0;
    norm_run(blas, test, &data, &result);
    check_differences(blas, test, &data, v, data.src, result.diff_src, data.n);
    check_differences(blas, test, &data, v, data.gamma, result.diff_gamma, c);
    check_differences(blas, test, &data, v, data.beta, result.diff_beta, c);
    fa_free(v);
    norm_result_free(&result);
    norm_data_free(&data);
}

static void gradients_are_central_differences_of_the_forward(void **state)
{
    struct fa_backend *blas;

    (void)state;
    if (sizeof(fa_real) < sizeof(double))
        return; /* in float they say nothing */
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &blas));
    for (size_t i = 0; i < n_norm_cases; i++)
        if (fa_shape_elements(norm_cases[i].desc.shape) < 50000)
            check_case_by_differences(blas, &norm_cases[i]);
    fa_backend_close(blas);
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_and_gradients_are_those_of_the_definition),
        cmocka_unit_test(a_large_mean_does_not_drown_the_variance),
        cmocka_unit_test(a_group_without_variance_becomes_beta),
        cmocka_unit_test(nan_fills_its_group_and_no_other),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(gradients_of_gamma_and_beta_add_up_until_cleared),
        cmocka_unit_test(gradients_are_central_differences_of_the_forward),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
