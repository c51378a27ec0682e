/*
 * test_finite_differences.c - every gradient of a convolution against central differences of its forward.
 *
 * The functional is f = <dst, v> with random v; its gradient before the ReLU is v where dst > 0. The
 * convolution is piecewise linear, so in double the differences are exact to rounding. In float they say
 * nothing, and the program skips itself: there forward and backward are tied by adjointness (test_conv).
 */
#include "fa/memory.h"
#include "op_cases.h"
#include "support.h"

#define STEP      1e-6
#define TOLERANCE 1e-7 /* of the largest gradient */
#define ALL       40   /* arrays up to this long are checked at every element, */
#define SOME      8    /* longer ones at so many, picked at random */

struct bench {
    struct op_run run;
    struct op_data data;
    fa_real *v, *plus, *minus;
};

/* (f(value + STEP) - f(value - STEP)) / (2 STEP), differenced before it is summed. */
static double central_difference(struct bench *b, fa_real *value)
{
    fa_real kept = *value;
    double sum = 0;

    *value = kept + (fa_real)STEP;
    op_run_forward(&b->run, &b->data, b->plus);
    *value = kept - (fa_real)STEP;
    op_run_forward(&b->run, &b->data, b->minus);
    *value = kept;
    for (size_t i = 0; i < b->data.n_dst; i++)
        sum += (double)b->v[i] * ((double)b->plus[i] - b->minus[i]);
    return sum / (2 * STEP);
}

static double largest(const fa_real *values, size_t n)
{
    double result = 0;

    for (size_t i = 0; i < n; i++)
        if (values[i] > result || -values[i] > result)
            result = values[i] < 0 ? -values[i] : values[i];
    return result;
}

/* gradient[i] is that of values[i]. */
static void check_gradient(struct bench *b, fa_real *values, const fa_real *gradient, size_t n)
{
    size_t n_checked = n <= ALL ? n : SOME;
    double tolerance = TOLERANCE * largest(gradient, n);

    for (size_t k = 0; k < n_checked; k++) {
        size_t i = n <= ALL ? k : pick(n, 9, k);

        assert_near(gradient[i], central_difference(b, &values[i]), tolerance);
    }
}

/* As check_gradient for the source: it may have passed a ReLU, and be used elsewhere with gradient
   diff_src. */
static void check_source_gradient(struct bench *b, const fa_real *gradient)
{
    const struct op_case *op = b->run.op;
    double tolerance = TOLERANCE * largest(gradient, b->data.n_src);
    size_t n_checked = b->data.n_src <= ALL ? b->data.n_src : SOME;

    for (size_t k = 0; k < n_checked; k++) {
        size_t i = b->data.n_src <= ALL ? k : pick(b->data.n_src, 10, k);
        double want = 0;

        if (!op->mask || b->data.src[i] > 0)
            want = central_difference(b, &b->data.src[i]) + (op->accumulate ? b->data.diff_src[i] : 0);
        assert_near(gradient[i], want, tolerance);
    }
}

static void mask_by_output(struct bench *b, const fa_real *dst)
{
    for (size_t i = 0; i < b->data.n_dst; i++)
        b->data.diff_dst[i] = !b->run.op->desc.relu || dst[i] > 0 ? b->v[i] : 0;
}

static void check_case(struct fa_backend *backend, const struct op_case *op)
{
    struct bench b = {op_run_open(backend, op), op_data_new(op), NULL, NULL, NULL};
    struct op_result result = op_result_new(&b.data);

    b.v = noise(b.data.n_dst, 11);
    b.plus = zeros(b.data.n_dst);
    b.minus = zeros(b.data.n_dst);
    for (size_t i = 0; i < b.data.n_bias; i++)
        b.data.scale[i] = 1; /* gradients are those of the scaled filters */
    op_run_forward(&b.run, &b.data, result.dst);
    mask_by_output(&b, result.dst);
    op_run_backward(&b.run, &b.data, &result);

    check_source_gradient(&b, result.diff_src);
    check_gradient(&b, b.data.filters, result.diff_filters, b.data.n_filters);
    check_gradient(&b, b.data.bias, result.diff_bias, b.data.n_bias);
    if (op->desc.residual)
        check_gradient(&b, b.data.residual, b.data.diff_dst, b.data.n_dst);
    fa_free(b.v);
    fa_free(b.plus);
    fa_free(b.minus);
    op_result_free(&result);
    op_run_close(&b.run);
    op_data_free(&b.data);
}

static void gradients_are_central_differences_of_the_forward(void **state)
{
    struct fa_backend *blas;

    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &blas));
    for (size_t i = 0; i < n_op_cases; i++)
        check_case(blas, &op_cases[i]);
    fa_backend_close(blas);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_central_differences_of_the_forward),
    };

    if (sizeof(fa_real) < sizeof(double))
        fa_test_skip("FLOAT64", "finite differences need the float64 build");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
