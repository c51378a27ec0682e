/*
 * test_elementwise.c - sums and masks against the host's: the same bits, as each value is rounded once.
 */
#include <math.h>

#include "elementwise.h"
#include "host.h"

static const struct fa_shape shape = {40, 5, 7};

/* A ReLU's output: zeros among positive values; and NaN, which is not above zero. */
static float *relu_values(size_t n)
{
    float *values = noise(n, 3);

    for (size_t i = 0; i < n; i++)
        values[i] = values[i] > 0 ? values[i] : 0;
    values[n / 2] = NAN;
    return values;
}

static void check_add_masked(enum fa_cuda_type type, bool adds, bool masks)
{
    const size_t n = fa_shape_elements(shape);
    struct fa_backend *backend = host_open();
    float *src = noise(n, 1), *dst = noise(n, 2), *output = relu_values(n), *got, *want;
    void *on_src = device_values(type, src, n), *on_dst = device_values(type, dst, n);
    void *on_output = device_values(type, output, n);
    fa_real *host_src = host_values(backend, shape, src), *host_dst = host_values(backend, shape, dst);
    fa_real *host_output = host_values(backend, shape, output);

    fa_backend_add_masked(backend, shape, adds ? host_src : NULL, masks ? host_output : NULL, host_dst);
    assert_runs(fa_cuda_add_masked(NULL, type, n, adds ? on_src : NULL, masks ? on_output : NULL, on_dst));
    want = host_read(backend, shape, host_dst, type);
    got = device_read(type, on_dst, n);
    assert_all_same(got, want, n);
    fa_backend_free(backend, host_src);
    fa_backend_free(backend, host_output);
    fa_backend_close(backend);
    device_free(on_src);
    device_free(on_dst);
    device_free(on_output);
    fa_free(src), fa_free(dst), fa_free(output), fa_free(got), fa_free(want);
}

static void check_both(enum fa_cuda_type type)
{
    check_add_masked(type, true, true);
    check_add_masked(type, true, false);
    check_add_masked(type, false, true);
}

static void gradients_are_added_and_masked_as_on_the_host(void **state)
{
    (void)state;
    for_each_type(check_both);
}

static void check_sum(enum fa_cuda_type type)
{
    enum { N = 8 * 301 };
    float *gradient = noise(N, 1), *sum = noise(N, 2), *want = zeros(N);
    void *on_gradient = device_values(type, gradient, N), *on_sum = device_copy(sum, N * sizeof *sum);

    for (int i = 0; i < N; i++)
        want[i] = sum[i] + gradient[i];
    assert_runs(fa_cuda_sum_gradients(NULL, type, N, on_gradient, true, on_sum));
    assert_all_same(on_sum, want, N);
    assert_runs(fa_cuda_sum_gradients(NULL, type, N, on_gradient, false, on_sum));
    assert_all_same(on_sum, gradient, N);
    device_free(on_gradient);
    device_free(on_sum);
    fa_free(gradient), fa_free(sum), fa_free(want);
}

static void gradients_of_filters_add_up_in_float(void **state)
{
    (void)state;
    for_each_type(check_sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_added_and_masked_as_on_the_host),
        cmocka_unit_test(gradients_of_filters_add_up_in_float),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
