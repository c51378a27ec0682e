/*
 * test_strips.c - gradients of filters from strips, by every product that this processor has, against sums of
 * products in double, taken by the definition of a convolution.
 *
 * Errors are relative to the largest value, and stay below 1e-6; a tap, a channel or a position that is
 * wrong, or left out, is off by a thousandth.
 */
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "strips/strips.h"
#include "support.h"
#include "worst.h"

#define TOLERANCE 4e-6

enum { LANES = 16 };

static const struct size {
    int in, out, height, width, kernel, stride, pad;
} sizes[] = {
    {16, 16, 4, 8, 1, 1, 0},
    {33, 20, 5, 7, 1, 1, 0},
    {4, 17, 1, 29, 3, 1, 1},
    {17, 4, 23, 1, 3, 1, 1},
    {5, 3, 1, 1, 3, 1, 1},
    {48, 33, 9, 10, 3, 1, 1},
    {20, 33, 9, 11, 3, 1, 0},
    {20, 33, 8, 10, 3, 2, 1},
    {33, 48, 9, 11, 3, 2, 1},
    {40, 17, 10, 7, 1, 2, 0},
    {40, 17, 9, 8, 1, 2, 0},
    {4, 20, 20, 21, 7, 2, 3},
    {18, 35, 13, 14, 3, 4, 1},
    {6, 40, 19, 23, 5, 3, 0},
    {17, 9, 2, 3, 4, 1, 2},
    /* what the last tap of the last position sees begins a tile */
    {5, 4, 6, 14, 3, 1, 1},
    /* several strips, at last of one row, which alone is longer than a strip should be */
    {16, 16, 120, 300, 3, 1, 1},
    {16, 16, 121, 601, 3, 2, 1},
    {40, 8, 97, 301, 1, 1, 0},
    {17, 33, 31, 1, 1, 1, 0},
    {17, 33, 8, 4, 1, 1, 0},
    {16, 16, 3, 11, 1, 1, 0},
    {5, 4, 6, 6, 1, 1, 1},
    {4, 5, 3, 8300, 3, 1, 1},
};
enum { N_SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- a problem ---- */

struct problem {
    struct size size;
    int out_height, out_width;
    uint16_t *src, *diff_dst;
};

static float value_of(uint16_t bf16)
{
    const uint32_t bits = (uint32_t)bf16 << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Of eight bits, as many as bf16 has. */
static uint16_t random_bf16(void)
{
    const float value = (float)(rand() % 511 - 255) / 256;
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16);
}

static uint16_t *random_map(int height, int width, int channels)
{
    const size_t n = (size_t)height * (size_t)width * (size_t)channels;
    uint16_t *map;

    assert_ok(fa_alloc(n, sizeof *map, &map));
    for (size_t i = 0; i < n; i++)
        map[i] = random_bf16();
    return map;
}

static int out_side(const struct size *size, int side)
{
    return (side + 2 * size->pad - size->kernel) / size->stride + 1;
}

static struct problem problem_new(struct size size)
{
    struct problem p = {size, out_side(&size, size.height), out_side(&size, size.width), NULL, NULL};

    srand(7);
    p.src = random_map(size.height, size.width, size.in);
    p.diff_dst = random_map(p.out_height, p.out_width, size.out);
    return p;
}

static void problem_free(struct problem *p)
{
    fa_free(p->src);
    fa_free(p->diff_dst);
}

static double input(const struct problem *p, int c, int y, int x)
{
    if (y < 0 || x < 0 || y >= p->size.height || x >= p->size.width)
        return 0;
    return value_of(p->src[(y * p->size.width + x) * p->size.in + c]);
}

static double output(const struct problem *p, int c, int y, int x)
{
    return value_of(p->diff_dst[(y * p->out_width + x) * p->size.out + c]);
}

static double filter_sum(const struct problem *p, int o, int i, int tap)
{
    const struct size *size = &p->size;
    const int row = tap / size->kernel - size->pad, column = tap % size->kernel - size->pad;
    double sum = 0;

    for (int y = 0; y < p->out_height; y++)
        for (int x = 0; x < p->out_width; x++)
            sum += output(p, o, y, x) * input(p, i, y * size->stride + row, x * size->stride + column);
    return sum;
}

static double bias_sum(const struct problem *p, int o)
{
    double sum = 0;

    for (int y = 0; y < p->out_height; y++)
        for (int x = 0; x < p->out_width; x++)
            sum += output(p, o, y, x);
    return sum;
}

/* ---- what strips say ---- */

static int blocks(int channels)
{
    return (channels + LANES - 1) / LANES;
}

/* And behind it that of the bias. */
static size_t filter_floats(const struct problem *p)
{
    const int taps = p->size.kernel * p->size.kernel;

    return (size_t)(blocks(p->size.in) * blocks(p->size.out) * taps * LANES * LANES);
}

static size_t gradient_bytes(const struct problem *p)
{
    return (filter_floats(p) + (size_t)(blocks(p->size.out) * LANES)) * sizeof(float);
}

/* Memory in which every number, of floats or bf16, is NaN. */
static void *filled_with_nan(size_t n_bytes)
{
    void *memory;

    assert_ok(fa_alloc(n_bytes, 1, &memory));
    memset(memory, 0xff, n_bytes);
    return memory;
}

static float *gradient(const struct problem *p, const struct strips_product *product, int n_times,
                       int n_threads)
{
    const struct strips_conv conv = {.product = product,
                                     .n_threads = n_threads,
                                     .in_channels = p->size.in,
                                     .out_channels = p->size.out,
                                     .in_height = p->size.height,
                                     .in_width = p->size.width,
                                     .out_height = p->out_height,
                                     .out_width = p->out_width,
                                     .kernel = p->size.kernel,
                                     .stride = p->size.stride,
                                     .pad = p->size.pad};
    float *sum = filled_with_nan(gradient_bytes(p));
    void *work = filled_with_nan(strips_gradient_bytes(&conv));

    for (int i = 0; i < n_times; i++)
        strips_gradient(&conv, p->src, p->diff_dst, i > 0, sum, sum + filter_floats(p), work);
    fa_free(work);
    return sum;
}

static float filter_of(const struct problem *p, const float *sum, int o, int i, int tap)
{
    const int block = o / LANES * blocks(p->size.in) + i / LANES;

    return sum[((block * p->size.kernel * p->size.kernel + tap) * LANES + i % LANES) * LANES + o % LANES];
}

/* ---- tests ---- */

/* Of blocks that are whole; what a block has beyond the last channel is zero. */
static double wanted(const struct problem *p, int o, int i, int tap)
{
    return o < p->size.out && i < p->size.in ? filter_sum(p, o, i, tap) : 0;
}

static void check_gradient(const struct problem *p, const struct strips_product *product)
{
    float *got = gradient(p, product, 2, 2);
    struct worst filters = {0}, bias = {0};

    for (int o = 0; o < blocks(p->size.out) * LANES; o++) {
        for (int i = 0; i < blocks(p->size.in) * LANES; i++)
            for (int tap = 0; tap < p->size.kernel * p->size.kernel; tap++)
                compare(&filters, filter_of(p, got, o, i, tap), 2 * wanted(p, o, i, tap));
        compare(&bias, got[filter_floats(p) + (size_t)o], o < p->size.out ? 2 * bias_sum(p, o) : 0);
    }
    assert_close(&filters, TOLERANCE);
    assert_close(&bias, TOLERANCE);
    fa_free(got);
}

static void check_threads(const struct problem *p, const struct strips_product *product)
{
    float *want = gradient(p, product, 1, 1);

    for (int n_threads = 2; n_threads <= 5; n_threads++) {
        float *got = gradient(p, product, 1, n_threads);

        assert_memory_equal(got, want, gradient_bytes(p));
        fa_free(got);
    }
    fa_free(want);
}

static void for_all(void (*check)(const struct problem *p, const struct strips_product *product))
{
    const struct strips_product *const products[] = {strips_by_vectors(), strips_by_tiles()};

    for (int i = 0; i < 2 * N_SIZES; i++) {
        struct problem p = problem_new(sizes[i / 2]);

        if (products[i % 2] != NULL)
            check(&p, products[i % 2]);
        problem_free(&p);
    }
}

static void gradients_are_sums_of_products(void **state)
{
    (void)state;
    for_all(check_gradient);
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    for_all(check_threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_sums_of_products),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
    };

    if (strips_by_vectors() == NULL)
        fa_test_skip("AVX512-BF16", "this compiler or processor has none");
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
