/*
 * gradient.c - the products over a strip, and the sum over strips.
 */
#include <immintrin.h>
#include <string.h>

#include "strip.h"

enum { TILE = AMX_LANES * AMX_LANES }; /* floats */

/* Every tile is whole: 16 rows of 64 bytes. */
static const struct tiles {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tiles = {
    .palette = 1, .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};

/* What a thread multiplies at once: one tap of two blocks of input by two of output channels. */
struct products {
    const uint16_t *x[2], *dy[2]; /* tiles lie one after the other */
    size_t x_row;                 /* bytes */
    size_t depth;                 /* positions */
    float *result[2][2];          /* [in block][out block] */
    bool add;                     /* to what it holds */
};

static void load_results(const struct products *products)
{
    if (products->add) {
        _tile_loadd(0, products->result[0][0], 64);
        _tile_loadd(1, products->result[0][1], 64);
        _tile_loadd(2, products->result[1][0], 64);
        _tile_loadd(3, products->result[1][1], 64);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
}

static void store_results(const struct products *products)
{
    _tile_stored(0, products->result[0][0], 64);
    _tile_stored(1, products->result[0][1], 64);
    _tile_stored(2, products->result[1][0], 64);
    _tile_stored(3, products->result[1][1], 64);
}

static void multiply(const struct products *products)
{
    const uint16_t *x0 = products->x[0], *x1 = products->x[1], *dy0 = products->dy[0], *dy1 = products->dy[1];
    const size_t x_row = products->x_row;

    load_results(products);
    for (size_t p = 0; p < products->depth; p += AMX_DEPTH) {
        _tile_loadd(4, x0 + p, x_row);
        _tile_loadd(6, dy0 + p * AMX_LANES, 64);
        _tile_dpbf16ps(0, 4, 6);
        _tile_loadd(7, dy1 + p * AMX_LANES, 64);
        _tile_dpbf16ps(1, 4, 7);
        _tile_loadd(5, x1 + p, x_row);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    store_results(products);
}

/* ---- all taps and channels ---- */

static int blocks(int channels)
{
    return (channels + AMX_LANES - 1) / AMX_LANES;
}

/* The result of a block that only fills up a pair goes nowhere. */
static float *result_of(const struct amx_conv *conv, int in, int out, int tap, float *filters, float *nowhere)
{
    const int n_in = blocks(conv->in_channels), taps = conv->kernel * conv->kernel;

    if (in >= n_in || out >= blocks(conv->out_channels))
        return nowhere;
    return filters + (size_t)((out * n_in + in) * taps + tap) * TILE;
}

/* Item: first the pair of in blocks, then that of out blocks, then the tap. */
static void multiply_item(const struct amx_strips *strips, const struct amx_strip *strip, int item, bool add,
                          float *filters)
{
    const int taps = strips->conv->kernel * strips->conv->kernel, out_pairs = strips->out_blocks / 2;
    const int tap = item % taps, in = item / taps / out_pairs * 2, out = item / taps % out_pairs * 2;
    _Alignas(64) float nowhere[TILE] = {0};
    struct products products = {
        .x_row = strips->in_length * sizeof(uint16_t), .depth = strips->depth, .add = add};

    for (int i = 0; i < 2; i++) {
        products.x[i] = amx_strip_tap(strips, strip->x, in + i, tap);
        products.dy[i] = amx_strip_pairs(strips, strip->dy, out + i);
        for (int o = 0; o < 2; o++)
            products.result[i][o] = result_of(strips->conv, in + i, out + o, tap, filters, nowhere);
    }
    multiply(&products);
}

static void multiply_strip(const struct amx_strips *strips, const struct amx_strip *strip, bool add,
                           float *filters)
{
    const int taps = strips->conv->kernel * strips->conv->kernel;
    const int n_items = strips->in_blocks / 2 * (strips->out_blocks / 2) * taps;

    _tile_loadconfig(&tiles);
#pragma omp for schedule(static)
    for (int item = 0; item < n_items; item++)
        multiply_item(strips, strip, item, add, filters);
    _tile_release();
}

/* ---- the bias ---- */

static inline __m512 second_of_pairs(__m512i pairs)
{
    return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000u)));
}

static inline __m512 first_of_pairs(__m512i pairs)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16));
}

static void sum_block(const uint16_t *pairs, size_t depth, bool add, float *bias)
{
    __m512 sum = add ? _mm512_loadu_ps(bias) : _mm512_setzero_ps();

    for (size_t p = 0; p < depth; p += 2) {
        const __m512i both = _mm512_load_si512(pairs + p * AMX_LANES);

        sum = _mm512_add_ps(sum, _mm512_add_ps(first_of_pairs(both), second_of_pairs(both)));
    }
    _mm512_storeu_ps(bias, sum);
}

static void sum_strip(const struct amx_strips *strips, const struct amx_strip *strip, bool add, float *bias)
{
#pragma omp for schedule(static) nowait
    for (int block = 0; block < blocks(strips->conv->out_channels); block++)
        sum_block(amx_strip_pairs(strips, strip->dy, block), strips->depth, add, bias + block * AMX_LANES);
}

/* ---- working memory ---- */

size_t amx_gradient_bytes(const struct amx_conv *conv)
{
    const struct amx_strips strips = amx_strips_of(conv);

    return amx_strip_x_bytes(&strips) + amx_strip_dy_bytes(&strips);
}

void amx_gradient(const struct amx_conv *conv, const uint16_t *src, const uint16_t *diff_dst, bool add,
                  float *filters, float *bias, void *work)
{
    const struct amx_strips strips = amx_strips_of(conv);
    const struct amx_strip strip = {work, (uint16_t *)((char *)work + amx_strip_x_bytes(&strips))};

#pragma omp parallel num_threads(conv->n_threads)
    for (int s = 0; s < strips.n; s++) {
        amx_strip_turn(&strips, s, src, diff_dst, &strip);
        sum_strip(&strips, &strip, add || s > 0, bias);
        multiply_strip(&strips, &strip, add || s > 0, filters);
    }
}
