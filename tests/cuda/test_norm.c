/*
 * test_norm.c - group norm against the host's: forward, repeat, backward, with residual and ReLU and without.
 *
 * Both add up in double and then use the same floats, so that a float may differ where the doubles fall on
 * two sides of a rounding: by its last bit, times the few operations that follow.
 */
#include <math.h>
#include <string.h>

#include "host.h"
#include "norm.h"

struct bench {
    struct fa_shape shape;
    struct fa_cuda_norm norm;
    size_t n;
    float *src, *residual, *diff, *gamma, *beta;
    struct fa_backend *backend;
    struct fa_affine *affine;
    struct fa_affine_sum *sum;
    struct fa_norm *host;
    void *host_statistics;
};

static struct bench bench_new(enum fa_cuda_type type, struct fa_shape shape, int groups, bool relu,
                              bool residual)
{
    const struct fa_norm_desc desc = {shape, groups, relu, residual};
    const size_t n = fa_shape_elements(shape), c = (size_t)shape.c;
    struct bench b = {shape,       {type, n / c, shape.c, groups, relu, residual},
                      n,           noise(n, 1),
                      noise(n, 2), noise(n, 3),
                      noise(c, 4), noise(c, 5),
                      host_open(), NULL,
                      NULL,        NULL,
                      NULL};

    for (size_t i = 0; i < n; i++) /* groups of unlike mean and spread */
        b.src[i] = 3 * b.src[i] * (float)(1 + i % c / 8) + (float)(i % c % 5);
    assert_ok(fa_affine_create(b.backend, shape.c, &b.affine));
    assert_ok(fa_affine_load(b.affine, b.gamma, b.beta));
    assert_ok(fa_affine_sum_create(b.backend, b.affine, &b.sum));
    assert_ok(fa_norm_create(b.backend, &desc, b.affine, &b.host));
    assert_ok(fa_backend_alloc(b.backend, fa_norm_statistics_bytes(b.host), &b.host_statistics));
    return b;
}

static void bench_free(struct bench *b)
{
    fa_backend_free(b->backend, b->host_statistics);
    fa_norm_destroy(b->host);
    fa_affine_sum_destroy(b->sum);
    fa_affine_destroy(b->affine);
    fa_backend_close(b->backend);
    fa_free(b->src), fa_free(b->residual), fa_free(b->diff), fa_free(b->gamma), fa_free(b->beta);
}

static void compare(const struct bench *b, const void *on_device, fa_real *host)
{
    const enum fa_cuda_type type = b->norm.type;
    float *want = host_read(b->backend, b->shape, host, type), *got = device_read(type, on_device, b->n);

    assert_all_near(got, want, b->n, rounding_of(type), 1e-5);
    fa_free(want), fa_free(got);
}

static void compare_sums(const struct bench *b, const double *gamma_sum, const double *beta_sum)
{
    float *gamma = zeros((size_t)b->shape.c), *beta = zeros((size_t)b->shape.c);

    fa_affine_sum_add(b->sum, gamma, beta);
    for (int c = 0; c < b->shape.c; c++) {
        assert_near(gamma_sum[c], (double)gamma[c], 1e-6 * sqrt((double)b->norm.positions));
        assert_near(beta_sum[c], (double)beta[c], 1e-6 * sqrt((double)b->norm.positions));
    }
    fa_free(gamma), fa_free(beta);
}

/* Forward into a residual's or the source's own place, then again from what is kept; backward twice, into the
   gradient's own place the second time. */
static void check(enum fa_cuda_type type, struct fa_shape shape, int groups, bool relu, bool residual)
{
    struct bench b = bench_new(type, shape, groups, relu, residual);
    const size_t bytes = b.n * fa_cuda_type_bytes(type), c = (size_t)shape.c;
    void *src = device_values(type, b.src, b.n), *other = device_values(type, b.residual, b.n);
    void *diff = device_values(type, b.diff, b.n), *dst = device_new(bytes), *diff_src = device_new(bytes);
    void *scratch = device_zero(fa_cuda_norm_scratch_bytes(&b.norm));
    float *gamma = device_copy(b.gamma, c * sizeof *gamma), *beta = device_copy(b.beta, c * sizeof *beta);
    double *gamma_sum = device_new(c * sizeof *gamma_sum), *beta_sum = device_new(c * sizeof *beta_sum);
    struct fa_cuda_group *statistics = device_new((size_t)groups * sizeof *statistics);
    fa_real *host_src = host_values(b.backend, shape, b.src), *host_dst = host_empty(b.backend, shape);
    fa_real *host_other = host_values(b.backend, shape, b.residual);
    fa_real *host_diff = host_values(b.backend, shape, b.diff), *host_diff_src = host_empty(b.backend, shape);

    assert_ok(fa_norm_forward(b.host, host_src, residual ? host_other : NULL, host_dst, b.host_statistics));
    assert_runs(
        fa_cuda_norm_repeat(NULL, &b.norm, gamma, beta, src, residual ? other : NULL,
                            memcpy(statistics, b.host_statistics, (size_t)groups * sizeof *statistics), dst));
    memset(statistics, 0xFF, (size_t)groups * sizeof *statistics);
    void *target = residual ? other : dst;
    assert_runs(fa_cuda_norm_forward(NULL, &b.norm, gamma, beta, src, residual ? other : NULL, scratch,
                                     statistics, target));
    compare(&b, target, host_dst);
    if (residual)
        assert_int_equal(memcmp(target, dst, bytes), 0);

    assert_ok(fa_norm_backward(b.host, host_src, b.host_statistics, host_diff, host_diff_src, b.sum));
    assert_runs(fa_cuda_norm_backward(NULL, &b.norm, gamma, beta, src, statistics, diff, scratch, false,
                                      gamma_sum, beta_sum, diff_src));
    compare_sums(&b, gamma_sum, beta_sum);
    assert_runs(fa_cuda_norm_backward(NULL, &b.norm, gamma, beta, src, statistics, diff, scratch, true,
                                      gamma_sum, beta_sum, diff));
    assert_int_equal(memcmp(diff, diff_src, bytes), 0);
    compare(&b, diff_src, host_diff_src);
    assert_ok(fa_norm_backward(b.host, host_src, b.host_statistics, host_diff, host_diff, b.sum));
    compare_sums(&b, gamma_sum, beta_sum);

    fa_backend_free(b.backend, host_src), fa_backend_free(b.backend, host_other);
    fa_backend_free(b.backend, host_diff);
    device_free(src), device_free(other), device_free(diff), device_free(dst), device_free(diff_src);
    device_free(scratch), device_free(gamma), device_free(beta), device_free(gamma_sum),
        device_free(beta_sum);
    device_free(statistics);
    bench_free(&b);
}

/* One group; groups within a column and across columns; few positions and many slices. */
static void check_shapes(enum fa_cuda_type type, bool relu, bool residual)
{
    check(type, (struct fa_shape){8, 1, 3}, 1, relu, residual);
    check(type, (struct fa_shape){64, 13, 11}, 32, relu, residual);
    check(type, (struct fa_shape){256, 7, 5}, 2, relu, residual);
    check(type, (struct fa_shape){96, 31, 37}, 8, relu, residual);
}

static void check_kinds(enum fa_cuda_type type)
{
    check_shapes(type, false, false);
    check_shapes(type, true, false);
    check_shapes(type, true, true);
}

static void forward_and_backward_are_the_hosts(void **state)
{
    (void)state;
    if (is_slow())
        check(FA_CUDA_BF16, (struct fa_shape){128, 13, 11}, 32, true, false);
    else
        for_each_type(check_kinds);
}

static void sums_are_rounded_into_the_flat_gradient(void **state)
{
    enum { N = 300 };
    double sum[N];
    float gradient[N], want[N];

    (void)state;
    for (int c = 0; c < N; c++) {
        sum[c] = c / 7.0;
        gradient[c] = (float)c;
        want[c] = gradient[c] + (float)sum[c];
    }
    assert_runs(fa_cuda_norm_unfold(NULL, N, sum, gradient));
    assert_all_same(gradient, want, N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_and_backward_are_the_hosts),
        cmocka_unit_test(sums_are_rounded_into_the_flat_gradient),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
