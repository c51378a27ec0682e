/*
 * test_maps.c - resizing, pooling and their gradients against the host's: the same bits, as sums have the
 * host's order and are rounded once.
 */
#include <math.h>

#include "host.h"
#include "maps.h"

static struct fa_cuda_map map_of(struct fa_shape shape)
{
    return (struct fa_cuda_map){shape.h, shape.w};
}

static void compare(struct fa_backend *backend, enum fa_cuda_type type, struct fa_shape shape,
                    const void *on_device, fa_real *host)
{
    const size_t n = fa_shape_elements(shape);
    float *want = host_read(backend, shape, host, type), *got = device_read(type, on_device, n);

    assert_all_same(got, want, n);
    fa_free(want), fa_free(got);
}

/* ---- nearest neighbour ---- */

static void check_upsample(enum fa_cuda_type type, struct fa_shape in, struct fa_shape out)
{
    const size_t n_in = fa_shape_elements(in), n_out = fa_shape_elements(out);
    struct fa_backend *backend = host_open();
    float *src = noise(n_in, 1), *diff = noise(n_out, 2);
    void *on_src = device_values(type, src, n_in), *on_dst = device_new(n_out * fa_cuda_type_bytes(type));
    void *on_diff = device_values(type, diff, n_out);
    fa_real *host_src = host_values(backend, in, src), *host_dst = host_empty(backend, out);
    fa_real *host_diff = host_values(backend, out, diff), *host_sum = host_empty(backend, in);

    fa_backend_upsample(backend, in, out, host_src, host_dst);
    assert_runs(fa_cuda_upsample(NULL, type, map_of(in), map_of(out), in.c, on_src, on_dst));
    compare(backend, type, out, on_dst, host_dst);
    fa_backend_upsample_backward(backend, in, out, host_diff, true, host_src);
    assert_runs(fa_cuda_upsample_backward(NULL, type, map_of(in), map_of(out), in.c, on_diff, true, on_src));
    compare(backend, type, in, on_src, host_src);
    fa_backend_upsample_backward(backend, in, out, host_diff, false, host_sum);
    assert_runs(fa_cuda_upsample_backward(NULL, type, map_of(in), map_of(out), in.c, on_diff, false, on_src));
    compare(backend, type, in, on_src, host_sum);
    fa_backend_free(backend, host_diff);
    fa_backend_close(backend);
    device_free(on_src), device_free(on_dst), device_free(on_diff);
    fa_free(src), fa_free(diff);
}

static void check_upsamples(enum fa_cuda_type type)
{
    static const struct fa_shape in[] = {{8, 1, 1}, {16, 3, 5}, {264, 7, 6}, {8, 5, 5}};
    static const struct fa_shape out[] = {{8, 1, 2}, {16, 6, 10}, {264, 13, 11}, {8, 13, 17}};

    for (size_t i = 0; i < sizeof in / sizeof in[0]; i++)
        check_upsample(type, in[i], out[i]);
}

static void each_target_takes_its_source_and_gives_its_gradient_back(void **state)
{
    (void)state;
    for_each_type(check_upsamples);
}

/* ---- max-pool ---- */

static void check_pool(enum fa_cuda_type type, struct fa_shape in, float *src, bool mask)
{
    const struct fa_shape out = fa_pool_output_shape(in);
    const size_t n_in = fa_shape_elements(in), n_out = fa_shape_elements(out);
    struct fa_backend *backend = host_open();
    struct fa_pool *pool;
    float *diff = noise(n_out, 2);
    void *on_src = device_values(type, src, n_in), *on_dst = device_new(n_out * fa_cuda_type_bytes(type));
    void *on_diff = device_values(type, diff, n_out), *on_index = device_new(n_out);
    void *on_diff_src = device_new(n_in * fa_cuda_type_bytes(type)), *host_index;
    fa_real *host_src = host_values(backend, in, src), *host_dst = host_empty(backend, out);
    fa_real *host_diff = host_values(backend, out, diff), *host_diff_src = host_empty(backend, in);

    assert_ok(fa_pool_create(backend, in, &pool));
    assert_ok(fa_backend_alloc(backend, fa_pool_index_bytes(pool), &host_index));
    assert_ok(fa_pool_forward(pool, host_src, host_dst, host_index));
    assert_ok(fa_pool_backward(pool, host_index, host_diff, mask ? host_src : NULL, host_diff_src));
    assert_runs(fa_cuda_pool(NULL, type, map_of(in), in.c, on_src, on_dst, on_index));
    assert_runs(fa_cuda_pool_backward(NULL, type, map_of(in), in.c, on_index, on_diff, mask ? on_src : NULL,
                                      on_diff_src));
    compare(backend, type, out, on_dst, host_dst);
    compare(backend, type, in, on_diff_src, host_diff_src);
    fa_backend_free(backend, host_index);
    fa_backend_free(backend, host_src);
    fa_backend_free(backend, host_diff);
    fa_pool_destroy(pool);
    fa_backend_close(backend);
    device_free(on_src), device_free(on_dst), device_free(on_diff), device_free(on_index),
        device_free(on_diff_src);
    fa_free(diff);
}

static const struct fa_shape shapes[] = {{8, 1, 1}, {8, 2, 5}, {24, 7, 11}, {64, 13, 21}, {16, 14, 20}};

static void check_pools(enum fa_cuda_type type)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const size_t n = fa_shape_elements(shapes[i]);
        float *src = noise(n, i);

        check_pool(type, shapes[i], src, false);
        for (size_t k = 0; k < n; k++) /* equals in nearly every window, zeros of a ReLU among them */
            src[k] = src[k] > 0.5f ? 1 : 0;
        check_pool(type, shapes[i], src, true);
        for (size_t k = 0; k < n; k++) /* padding with zero would win; NaN wins over all */
            src[k] = k % 29 == 3 ? NAN : src[k] - 2;
        check_pool(type, shapes[i], src, false);
        fa_free(src);
    }
}

static void each_window_gives_its_maximum_and_takes_its_gradient(void **state)
{
    (void)state;
    for_each_type(check_pools);
}

static void pooling_for_inference_needs_no_index(void **state)
{
    const struct fa_cuda_map in = {4, 4};
    float *src = noise(4 * 4 * 8, 1), *dst;
    void *on_src = device_values(FA_CUDA_F32, src, 4 * 4 * 8);

    (void)state;
    dst = device_new(2 * 2 * 8 * sizeof *dst);
    assert_runs(fa_cuda_pool(NULL, FA_CUDA_F32, in, 8, on_src, dst, NULL));
    assert_true(dst[0] >= src[0]);
    device_free(on_src);
    device_free(dst);
    fa_free(src);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_target_takes_its_source_and_gives_its_gradient_back),
        cmocka_unit_test(each_window_gives_its_maximum_and_takes_its_gradient),
        cmocka_unit_test(pooling_for_inference_needs_no_index),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
