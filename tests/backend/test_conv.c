/*
 * test_conv.c - convolution by its definition, as a linear map and its transpose, and over shared weights.
 */
#include <math.h>
#include <stdio.h>

#include "fa/memory.h"
#include "flats.h"
#include "op_cases.h"

static void check_definition(struct fa_backend *backend, const struct op_case *op)
{
    struct fa_shape out = fa_conv_output_shape(&op->desc);
    struct op_data data = op_data_new(op);
    struct op_run run = op_run_open(backend, op);
    fa_real *dst = zeros(data.n_dst);
    size_t n = data.n_dst < 200 ? data.n_dst : 200;
    double *got, *want;

    assert_ok(fa_alloc(n, sizeof *got, &got));
    assert_ok(fa_alloc(n, sizeof *want, &want));
    op_run_forward(&run, &data, dst);
    for (size_t i = 0; i < n; i++) {
        size_t at = n == data.n_dst ? i : pick(data.n_dst, 8, i);
        int c = (int)(at % (size_t)out.c), position = (int)(at / (size_t)out.c);

        got[i] = dst[at];
        want[i] = op_definition(op, &data, c, position / out.w, position % out.w);
    }
    double worst = fa_test_worst_double(got, want, n, NULL);
    if (!(worst < rounding(2e-5, 1e-14)))
        print_error("%s, %s: off by %g\n", fa_backend_name(backend), op->name, worst);
    assert_true(worst < rounding(2e-5, 1e-14));
    fa_free(got);
    fa_free(want);
    fa_free(dst);
    op_run_close(&run);
    op_data_free(&data);
}

static void check_definitions(struct fa_backend *backend)
{
    for (size_t i = 0; i < n_op_cases; i++)
        check_definition(backend, &op_cases[i]);
}

static void forward_is_the_definition_of_convolution(void **state)
{
    (void)state;
    for_each_backend(check_definitions);
}

/* ---- adjoints ---- */

static double dot(const fa_real *a, const fa_real *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * b[i];
    return sum;
}

static double norm(const fa_real *a, size_t n)
{
    return sqrt(dot(a, a, n));
}

/* <conv(x), y> = <x, conv^T(y)> = <filters, gradient of the filters>, relative to the largest it can be. */
static void check_adjoints(struct fa_backend *backend, const struct op_case *op)
{
    struct op_case linear = {op->name, op->desc, false, false, false};
    linear.desc.relu = linear.desc.residual = false;
    struct op_data data = op_data_new(&linear);
    struct op_result result = op_result_new(&data);
    struct op_run run = op_run_open(backend, &linear);

    for (size_t i = 0; i < data.n_bias; i++) {
        data.bias[i] = 0;
        data.scale[i] = 1;
    }
    op_run_forward(&run, &data, result.dst);
    op_run_backward(&run, &data, &result);
    double want = dot(result.dst, data.diff_dst, data.n_dst);
    double range = norm(result.dst, data.n_dst) * norm(data.diff_dst, data.n_dst);
    double tolerance = range * rounding(1e-5, 1e-14);
    assert_near(dot(data.src, result.diff_src, data.n_src), want, tolerance);
    assert_near(dot(data.filters, result.diff_filters, data.n_filters), want, tolerance);
    op_run_close(&run);
    op_result_free(&result);
    op_data_free(&data);
}

static void check_all_adjoints(struct fa_backend *backend)
{
    for (size_t i = 0; i < n_op_cases; i++)
        check_adjoints(backend, &op_cases[i]);
}

static void backward_is_the_transpose_of_forward(void **state)
{
    (void)state;
    for_each_backend(check_all_adjoints);
}

/* ---- shared weights ---- */

static const struct op_case levels[] = {
    {"level 3", {{36, 26, 42}, 27, 1, 3, 1, 1, false, false, true, true}, false, false, false},
    {"level 4", {{36, 13, 21}, 27, 1, 3, 1, 1, false, false, true, true}, false, false, false},
    {"level 5", {{36, 7, 11}, 27, 1, 3, 1, 1, false, false, true, true}, false, false, false},
};

#define N_LEVELS (sizeof levels / sizeof levels[0])

/* The gradients of the levels, each with weights of its own, added up. */
static struct op_result sum_of_levels(struct fa_backend *backend, const struct op_data *data)
{
    struct op_result sum = op_result_new(&data[0]);

    for (size_t level = 0; level < N_LEVELS; level++) {
        struct op_run run = op_run_open(backend, &levels[level]);
        struct op_result one = op_result_new(&data[level]);

        op_run_forward(&run, &data[level], one.dst);
        op_run_backward(&run, &data[level], &one);
        for (size_t i = 0; i < data->n_filters; i++)
            sum.diff_filters[i] += one.diff_filters[i];
        for (size_t i = 0; i < data->n_bias; i++)
            sum.diff_bias[i] += one.diff_bias[i];
        op_result_free(&one);
        op_run_close(&run);
    }
    return sum;
}

/* One level's gradients go into weights that other levels use too. */
static void add_level(struct fa_backend *backend, const struct op_case *op, const struct op_data *data,
                      struct fa_weights *weights, struct fa_weights_sum *sum)
{
    struct activation src = activation_new(backend, op->desc.in);
    struct activation diff_dst = activation_new(backend, fa_conv_output_shape(&op->desc));
    struct fa_conv *conv;

    assert_ok(fa_conv_create(backend, &op->desc, weights, &conv));
    activation_write(&src, data->src);
    activation_write(&diff_dst, data->diff_dst);
    assert_ok(fa_conv_backward_weights(conv, src.data, diff_dst.data, sum));
    assert_ok(fa_backend_synchronize(backend));
    fa_conv_destroy(conv);
    activation_free(&src);
    activation_free(&diff_dst);
}

static void check_shared_weights(struct fa_backend *backend)
{
    struct op_data data[N_LEVELS];
    struct op_run shared = op_run_open(backend, &levels[0]);

    for (size_t level = 0; level < N_LEVELS; level++)
        data[level] = op_data_new(&levels[level]);
    struct op_result want = sum_of_levels(backend, data), got = op_result_new(&data[0]);
    op_run_load(&shared, &data[0]);
    assert_ok(fa_weights_load(shared.weights, shared.filters, NULL, data[0].bias));
    for (size_t level = 0; level < N_LEVELS; level++)
        add_level(backend, &levels[level], &data[level], shared.weights, shared.sum);
    op_run_read_sum(&shared, got.diff_filters, got.diff_bias);
    assert_true(worst_real(got.diff_filters, want.diff_filters, data[0].n_filters) < rounding(1e-5, 1e-14));
    assert_true(worst_real(got.diff_bias, want.diff_bias, data[0].n_bias) < rounding(1e-5, 1e-14));
    op_run_close(&shared);
    op_result_free(&got);
    op_result_free(&want);
    for (size_t level = 0; level < N_LEVELS; level++)
        op_data_free(&data[level]);
}

static void convolutions_of_several_sizes_add_up_the_gradient_of_shared_weights(void **state)
{
    (void)state;
    for_each_backend(check_shared_weights);
}

/* ---- shapes and memory ---- */

static void shapes_and_costs_are_those_of_the_formula(void **state)
{
    struct fa_conv_desc stem = {
        .in = {3, 800, 1344}, .out_channels = 64, .groups = 1, .kernel = 7, .stride = 2, .pad = 3};
    struct fa_conv_desc grouped = {
        .in = {128, 13, 21}, .out_channels = 128, .groups = 32, .kernel = 3, .stride = 2, .pad = 1};
    struct fa_conv_desc too_small = {
        .in = {3, 2, 9}, .out_channels = 4, .groups = 1, .kernel = 3, .stride = 1};

    (void)state;
    assert_true(fa_shape_equal(fa_conv_output_shape(&stem), (struct fa_shape){64, 400, 672}));
    assert_near(fa_conv_macs(&stem), 64.0 * 400 * 672 * 147, 0);
    assert_true(fa_shape_equal(fa_conv_output_shape(&grouped), (struct fa_shape){128, 7, 11}));
    assert_near(fa_conv_macs(&grouped), 128.0 * 77 * 36, 0);
    assert_int_equal(fa_conv_output_shape(&too_small).h, 0);
}

static void blas_refuses_matrices_that_its_library_cannot_count(void **state)
{
    struct fa_conv_desc desc = {{1, 65536, 65536}, 1, 1, 1, 1, 0, false, false, true, true};
    struct fa_weights_desc weights_desc = {1, 1, 1, 1};
    struct fa_backend *blas;
    struct fa_weights *weights;
    struct fa_conv *conv;

    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &blas));
    assert_ok(fa_weights_create(blas, &weights_desc, &weights));
    assert_fails_saying(fa_conv_create(blas, &desc, weights, &conv), FA_EINVAL, "65536x65536");
    assert_null(conv);
    fa_weights_destroy(weights);
    fa_backend_close(blas);
}

/* Every allocation of weights and convolution fails once. */
static void check_allocation_failures(struct fa_backend *backend)
{
    struct fa_conv_desc desc = {{27, 40, 40}, 36, 1, 3, 2, 1, true, true, true, true};
    struct fa_weights_desc weights_desc = {36, 27, 1, 3};
    fa_status status = FA_ENOMEM;

    for (long n = 1; status != FA_OK; n++) {
        struct fa_weights *weights = NULL;
        struct fa_conv *conv = NULL;

        fa_memory_fail_after(n);
        status = fa_weights_create(backend, &weights_desc, &weights);
        if (status == FA_OK)
            status = fa_conv_create(backend, &desc, weights, &conv);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        assert_true(status == FA_OK || conv == NULL);
        fa_conv_destroy(conv);
        fa_weights_destroy(weights);
    }
}

static void a_failed_allocation_is_returned_and_leaks_nothing(void **state)
{
    (void)state;
    for_each_backend(check_allocation_failures);
    assert_int_equal(fa_memory_balance(), 0);
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_is_the_definition_of_convolution),
        cmocka_unit_test(backward_is_the_transpose_of_forward),
        cmocka_unit_test(convolutions_of_several_sizes_add_up_the_gradient_of_shared_weights),
        cmocka_unit_test(shapes_and_costs_are_those_of_the_formula),
        cmocka_unit_test(blas_refuses_matrices_that_its_library_cannot_count),
        cmocka_unit_test(a_failed_allocation_is_returned_and_leaks_nothing),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
