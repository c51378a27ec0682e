/*
 * gradient.c - all taps and channels of a strip, and the sum over strips.
 */
#include <immintrin.h>

#include "product.h"
#include "strip.h"

enum { TILE = STRIP_LANES * STRIP_LANES }; /* floats */

/* ---- all taps and channels ---- */

static int blocks(int channels)
{
    return (channels + STRIP_LANES - 1) / STRIP_LANES;
}

/* The result of a block that only fills up a pair goes nowhere. */
static float *result_of(const struct strips_conv *conv, int in, int out, int tap, float *filters,
                        float *nowhere)
{
    const int n_in = blocks(conv->in_channels), taps = conv->kernel * conv->kernel;

    if (in >= n_in || out >= blocks(conv->out_channels))
        return nowhere;
    return filters + (size_t)((out * n_in + in) * taps + tap) * TILE;
}

/* Item: first the pair of in blocks, then that of out blocks, then the tap. */
static void multiply_item(const struct strips *strips, const struct strip *strip, int item, bool add,
                          float *filters)
{
    const struct strips_conv *conv = &strips->conv;
    const int taps = conv->kernel * conv->kernel, out_pairs = strips->out_blocks / 2;
    const int tap = item % taps, in = item / taps / out_pairs * 2, out = item / taps % out_pairs * 2;
    _Alignas(64) float nowhere[TILE] = {0};
    struct strips_block block = {
        .x_row = strips->in_length * sizeof(uint16_t), .depth = strip->depth, .add = add};

    for (int i = 0; i < 2; i++) {
        block.x[i] = strip_tap(strips, strip->x, in + i, tap);
        block.dy[i] = strip_pairs(strips, strip->dy, out + i);
        for (int o = 0; o < 2; o++)
            block.result[i][o] = result_of(conv, in + i, out + o, tap, filters, nowhere);
    }
    conv->product->multiply(&block);
}

static void multiply_strip(const struct strips *strips, const struct strip *strip, bool add, float *filters)
{
    const int taps = strips->conv.kernel * strips->conv.kernel;
    const int n_items = strips->in_blocks / 2 * (strips->out_blocks / 2) * taps;

    strips->conv.product->begin();
#pragma omp for schedule(static)
    for (int item = 0; item < n_items; item++)
        multiply_item(strips, strip, item, add, filters);
    strips->conv.product->end();
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
        const __m512i both = _mm512_load_si512(pairs + p * STRIP_LANES);

        sum = _mm512_add_ps(sum, _mm512_add_ps(first_of_pairs(both), second_of_pairs(both)));
    }
    _mm512_storeu_ps(bias, sum);
}

static void sum_strip(const struct strips *strips, const struct strip *strip, bool add, float *bias)
{
#pragma omp for schedule(static) nowait
    for (int block = 0; block < blocks(strips->conv.out_channels); block++)
        sum_block(strip_pairs(strips, strip->dy, block), strip->depth, add, bias + block * STRIP_LANES);
}

/* ---- working memory ---- */

size_t strips_gradient_bytes(const struct strips_conv *conv)
{
    const struct strips strips = strips_of(conv);

    return strip_bytes(&strips);
}

void strips_gradient(const struct strips_conv *conv, const uint16_t *src, const uint16_t *diff_dst, bool add,
                     float *filters, float *bias, void *work)
{
    const struct strips strips = strips_of(conv);

#pragma omp parallel num_threads(conv->n_threads)
    for (int s = 0; s < strips.n; s++) {
        const struct strip strip = strip_of(&strips, s, work);

        strip_turn(&strips, s, src, diff_dst, &strip);
        sum_strip(&strips, &strip, add || s > 0, bias);
        multiply_strip(&strips, &strip, add || s > 0, filters);
    }
}
