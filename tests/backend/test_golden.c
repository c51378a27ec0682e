/*
 * test_golden.c - every backend against PyTorch; golden/make_golden.py made the values.
 */
#include <math.h>
#include <stdio.h>

#include "fa/memory.h"
#include "golden/golden.h"
#include "norm_cases.h"
#include "op_cases.h"
#include "support.h"

/* An exact multiple of 1/4096 in [-1, 1), as in make_golden.py. */
static double ramp(size_t i, size_t seed)
{
    return (double)((i * 7919 + seed * 104729) % 8191) / 4096 - 1;
}

static void fill(fa_real *values, size_t n, size_t seed)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (fa_real)ramp(i, seed);
}

/* Where CHW element i lies in HWC. */
static size_t in_rows(struct fa_shape shape, size_t i)
{
    size_t plane = (size_t)shape.h * (size_t)shape.w;

    return i % plane * (size_t)shape.c + i / plane;
}

static void fill_rows(fa_real *hwc, struct fa_shape shape, size_t seed)
{
    for (size_t i = 0; i < fa_shape_elements(shape); i++)
        hwc[in_rows(shape, i)] = (fa_real)ramp(i, seed);
}

/* Relative to the largest: Winograd's share of it is the larger (test_against_blas). */
static void check_array(const fa_real *got, const double *want, size_t n)
{
    double *wide;

    assert_ok(fa_alloc(n, sizeof *wide, &wide));
    for (size_t i = 0; i < n; i++)
        wide[i] = got[i];
    assert_near(fa_test_worst_double(wide, want, n, NULL), 0, rounding(1e-5, 1e-11));
    fa_free(wide);
}

static void check_rows(const fa_real *hwc, struct fa_shape shape, const double *chw)
{
    size_t n = fa_shape_elements(shape);
    fa_real *turned = zeros(n);

    for (size_t i = 0; i < n; i++)
        turned[i] = hwc[in_rows(shape, i)];
    check_array(turned, chw, n);
    fa_free(turned);
}

/* ---- convolution ---- */

struct golden_conv {
    struct op_case op;
    const double *dst, *diff_src, *diff_filters, *diff_bias;
};

#define GOLDEN(name) name##_dst, name##_diff_src, name##_diff_filters, name##_diff_bias

static const struct golden_conv convs[] = {
    {{"stem", {{3, 9, 13}, 4, 1, 7, 2, 3, true, false, true, true}, false, false, false}, GOLDEN(stem)},
    {{"half", {{6, 7, 5}, 9, 1, 3, 2, 1, false, true, true, true}, true, false, false}, GOLDEN(half)},
    {{"grouped", {{8, 5, 6}, 8, 2, 3, 1, 1, true, true, true, true}, false, false, false}, GOLDEN(grouped)},
    {{"point", {{5, 4, 3}, 18, 1, 1, 1, 0, false, false, true, true}, false, false, false}, GOLDEN(point)},
};

static struct op_data golden_data(const struct op_case *op)
{
    struct op_data data = op_data_new(op);
    struct fa_shape out = fa_conv_output_shape(&op->desc);

    fill_rows(data.src, op->desc.in, 1);
    fill(data.filters, data.n_filters, 2);
    fill(data.bias, data.n_bias, 3);
    fill_rows(data.residual, out, 4);
    fill_rows(data.diff_dst, out, 5);
    for (size_t i = 0; i < data.n_bias; i++)
        data.scale[i] = 1;
    return data;
}

static void check_conv(struct fa_backend *backend, const struct golden_conv *golden)
{
    const struct fa_conv_desc *desc = &golden->op.desc;
    struct op_data data = golden_data(&golden->op);
    struct op_result result = op_result_new(&data);
    struct op_run run = op_run_open(backend, &golden->op);

    op_run_forward(&run, &data, result.dst);
    for (size_t i = 0; desc->relu && i < data.n_dst; i++)
        data.diff_dst[i] = result.dst[i] > 0 ? data.diff_dst[i] : 0;
    op_run_backward(&run, &data, &result);
    check_rows(result.dst, fa_conv_output_shape(desc), golden->dst);
    check_rows(result.diff_src, desc->in, golden->diff_src);
    check_array(result.diff_filters, golden->diff_filters, data.n_filters);
    check_array(result.diff_bias, golden->diff_bias, data.n_bias);
    op_run_close(&run);
    op_result_free(&result);
    op_data_free(&data);
}

static void check_convs(struct fa_backend *backend)
{
    for (size_t i = 0; i < sizeof convs / sizeof convs[0]; i++)
        check_conv(backend, &convs[i]);
}

static void convolution_and_its_gradients_are_those_of_pytorch(void **state)
{
    (void)state;
    for_each_backend(check_convs);
}

/* ---- group norm ---- */

struct golden_norm {
    struct norm_case test;
    const double *dst, *diff_src, *diff_gamma, *diff_beta;
};

#define GOLDEN_NORM(name) name##_dst, name##_diff_src, name##_diff_gamma, name##_diff_beta

static const struct golden_norm norms[] = {
    {{"norm", {{18, 3, 4}, 3, true, false}, APART}, GOLDEN_NORM(norm)},
    {{"residual", {{8, 3, 5}, 2, true, true}, OVER_RESIDUAL}, GOLDEN_NORM(norm_residual)},
};

static void check_norm(struct fa_backend *backend, const struct golden_norm *golden)
{
    const struct norm_case *test = &golden->test;
    const struct fa_shape shape = test->desc.shape;
    struct norm_data data = norm_data_new(test);
    struct norm_result result = norm_result_new(test);

    fill_rows(data.src, shape, 1);
    fill(data.gamma, (size_t)shape.c, 2);
    fill(data.beta, (size_t)shape.c, 3);
    fill_rows(data.residual, shape, 4);
    fill_rows(data.diff_dst, shape, 5);
    norm_run(backend, test, &data, &result);
    for (size_t i = 0; i < data.n; i++)
        data.diff_dst[i] = result.dst[i] > 0 ? data.diff_dst[i] : 0;
    norm_run(backend, test, &data, &result);
    check_rows(result.dst, shape, golden->dst);
    check_rows(result.diff_src, shape, golden->diff_src);
    check_array(result.diff_gamma, golden->diff_gamma, (size_t)shape.c);
    check_array(result.diff_beta, golden->diff_beta, (size_t)shape.c);
    norm_result_free(&result);
    norm_data_free(&data);
}

static void check_norms(struct fa_backend *backend)
{
    for (size_t i = 0; i < sizeof norms / sizeof norms[0]; i++)
        check_norm(backend, &norms[i]);
}

static void group_norm_and_its_gradients_are_those_of_pytorch(void **state)
{
    (void)state;
    for_each_backend(check_norms);
}

/* ---- max-pool and upsample ---- */

static void check_pool(struct fa_backend *backend)
{
    struct fa_shape in = {3, 7, 10}, out = fa_pool_output_shape(in);
    struct activation src = activation_new(backend, in), dst = activation_new(backend, out);
    fa_real host[3 * 7 * 10];
    struct fa_pool *pool;
    void *index;

    assert_ok(fa_pool_create(backend, in, &pool));
    assert_ok(fa_backend_alloc(backend, fa_pool_index_bytes(pool), &index));
    fill_rows(host, in, 6);
    for (size_t i = 0; i < fa_shape_elements(in); i++)
        host[i] = (fa_real)floor(host[i] * 3);
    activation_write(&src, host);
    assert_ok(fa_pool_forward(pool, src.data, dst.data, index));
    activation_read(&dst, host);
    check_rows(host, out, pool_dst);
    fill_rows(host, out, 5);
    activation_write(&dst, host);
    assert_ok(fa_pool_backward(pool, index, dst.data, NULL, src.data));
    activation_read(&src, host);
    check_rows(host, in, pool_diff_src);
    fa_backend_free(backend, index);
    fa_pool_destroy(pool);
    activation_free(&src);
    activation_free(&dst);
}

static void max_pool_and_its_gradient_are_those_of_pytorch(void **state)
{
    (void)state;
    for_each_backend(check_pool);
}

static void check_upsample(struct fa_backend *backend)
{
    struct fa_shape in = {2, 3, 4}, out = {2, 5, 8};
    struct activation src = activation_new(backend, in), dst = activation_new(backend, out);
    fa_real host[2 * 5 * 8];

    fill_rows(host, in, 7);
    activation_write(&src, host);
    fa_backend_upsample(backend, in, out, src.data, dst.data);
    activation_read(&dst, host);
    check_rows(host, out, upsample_dst);
    fill_rows(host, out, 5);
    activation_write(&dst, host);
    fa_backend_upsample_backward(backend, in, out, dst.data, false, src.data);
    activation_read(&src, host);
    check_rows(host, in, upsample_diff_src);
    activation_free(&src);
    activation_free(&dst);
}

static void upsample_and_its_gradient_are_those_of_pytorch(void **state)
{
    (void)state;
    for_each_backend(check_upsample);
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolution_and_its_gradients_are_those_of_pytorch),
        cmocka_unit_test(group_norm_and_its_gradients_are_those_of_pytorch),
        cmocka_unit_test(max_pool_and_its_gradient_are_those_of_pytorch),
        cmocka_unit_test(upsample_and_its_gradient_are_those_of_pytorch),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
