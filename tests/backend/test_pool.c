/*
 * test_pool.c - max-pool by its definition, its choice among equals, and its gradient.
 */
#include <math.h>

#include "activation.h"
#include "fa/memory.h"
#include "support.h"

static const struct fa_shape shapes[] = {{1, 1, 1}, {3, 2, 5}, {27, 7, 11}, {64, 13, 21}, {45, 14, 20}};

#define N_SHAPES (sizeof shapes / sizeof shapes[0])

/* The place in src, HWC, of the first maximum of the window of output (y, x). */
static size_t first_maximum(struct fa_shape in, const fa_real *src, int c, int y, int x)
{
    size_t best = SIZE_MAX;

    for (int iy = 2 * y - 1; iy <= 2 * y + 1; iy++)
        for (int ix = 2 * x - 1; ix <= 2 * x + 1; ix++) {
            size_t at = (size_t)((iy * in.w + ix) * in.c + c);

            if (iy < 0 || iy >= in.h || ix < 0 || ix >= in.w)
                continue;
            if (best == SIZE_MAX || src[at] > src[best])
                best = at;
        }
    return best;
}

/* What pooling src, and sending diff_dst back, should give. */
static void define(struct fa_shape in, const fa_real *src, const fa_real *diff_dst, fa_real *dst,
                   fa_real *diff_src)
{
    struct fa_shape out = fa_pool_output_shape(in);

    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++)
            for (int c = 0; c < in.c; c++) {
                size_t to = (size_t)((y * out.w + x) * in.c + c), from = first_maximum(in, src, c, y, x);

                dst[to] = src[from];
                diff_src[from] += diff_dst[to];
            }
}

struct pool_bench {
    size_t n_in, n_out;
    fa_real *src, *diff_dst, *got, *dst, *diff_src;
};

static struct pool_bench bench_new(struct fa_shape in)
{
    struct pool_bench b = {
        fa_shape_elements(in), fa_shape_elements(fa_pool_output_shape(in)), NULL, NULL, NULL, NULL, NULL};

    b.src = noise(b.n_in, 1);
    b.diff_dst = noise(b.n_out, 2);
    b.got = zeros(b.n_in > b.n_out ? b.n_in : b.n_out);
    b.dst = zeros(b.n_out);
    b.diff_src = zeros(b.n_in);
    return b;
}

static void bench_free(struct pool_bench *b)
{
    fa_free(b->src);
    fa_free(b->diff_dst);
    fa_free(b->got);
    fa_free(b->dst);
    fa_free(b->diff_src);
}

/* Pools b->src of this shape and compares both directions with the definition. */
static void check_pool(struct fa_backend *backend, struct fa_shape in, struct pool_bench *b, bool mask)
{
    struct activation src = activation_new(backend, in), diff_src = activation_new(backend, in);
    struct activation dst = activation_new(backend, fa_pool_output_shape(in));
    struct activation diff_dst = activation_new(backend, fa_pool_output_shape(in));
    struct fa_pool *pool;
    void *index;

    define(in, b->src, b->diff_dst, b->dst, b->diff_src);
    for (size_t i = 0; mask && i < b->n_in; i++)
        b->diff_src[i] = b->src[i] > 0 ? b->diff_src[i] : 0;
    assert_ok(fa_pool_create(backend, in, &pool));
    assert_ok(fa_backend_alloc(backend, fa_pool_index_bytes(pool), &index));
    activation_write(&src, b->src);
    activation_write(&diff_dst, b->diff_dst);
    assert_ok(fa_pool_forward(pool, src.data, dst.data, NULL));
    activation_read(&dst, b->got);
    assert_true(worst_real(b->got, b->dst, b->n_out) == 0);
    assert_ok(fa_pool_forward(pool, src.data, dst.data, index));
    activation_read(&dst, b->got);
    assert_true(worst_real(b->got, b->dst, b->n_out) == 0);
    assert_ok(fa_pool_backward(pool, index, diff_dst.data, mask ? src.data : NULL, diff_src.data));
    activation_read(&diff_src, b->got);
    assert_true(worst_real(b->got, b->diff_src, b->n_in) < rounding(1e-6, 1e-15));
    fa_backend_free(backend, index);
    fa_pool_destroy(pool);
    activation_free(&src);
    activation_free(&dst);
    activation_free(&diff_src);
    activation_free(&diff_dst);
}

static void check_noise(struct fa_backend *backend)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        struct pool_bench b = bench_new(shapes[i]);

        check_pool(backend, shapes[i], &b, false);
        bench_free(&b);
    }
}

static void each_window_gives_its_maximum_and_takes_its_gradient(void **state)
{
    (void)state;
    for_each_backend(check_noise);
}

/* Few distinct values, zeros of a ReLU among them: nearly every window has equals. */
static void check_ties(struct fa_backend *backend)
{
    for (size_t i = 0; i < N_SHAPES; i++) {
        struct pool_bench b = bench_new(shapes[i]);

        for (size_t k = 0; k < b.n_in; k++)
            b.src[k] = b.src[k] > 0.5 ? 1 : 0;
        check_pool(backend, shapes[i], &b, true);
        bench_free(&b);
    }
}

static void of_equals_the_first_in_row_major_order_takes_the_gradient(void **state)
{
    (void)state;
    for_each_backend(check_ties);
}

/* Padding with zero would win over these. */
static void check_negative(struct fa_backend *backend)
{
    struct fa_shape in = {27, 7, 11};
    struct pool_bench b = bench_new(in);

    for (size_t k = 0; k < b.n_in; k++)
        b.src[k] -= 2;
    check_pool(backend, in, &b, false);
    bench_free(&b);
}

static void padding_never_wins(void **state)
{
    (void)state;
    for_each_backend(check_negative);
}

static void a_window_is_centred_on_every_second_element(void **state)
{
    static const int sizes[][2] = {{1, 1}, {2, 1}, {3, 2}, {7, 4}, {14, 7}, {400, 200}};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct fa_shape tall = fa_pool_output_shape((struct fa_shape){5, sizes[i][0], 3});
        struct fa_shape wide = fa_pool_output_shape((struct fa_shape){5, 3, sizes[i][0]});

        assert_true(fa_shape_equal(tall, (struct fa_shape){5, sizes[i][1], 2}));
        assert_true(fa_shape_equal(wide, (struct fa_shape){5, 2, sizes[i][1]}));
    }
}

static void all_memory_was_given_back(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_window_gives_its_maximum_and_takes_its_gradient),
        cmocka_unit_test(of_equals_the_first_in_row_major_order_takes_the_gradient),
        cmocka_unit_test(padding_never_wins),
        cmocka_unit_test(a_window_is_centred_on_every_second_element),
        cmocka_unit_test(all_memory_was_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
