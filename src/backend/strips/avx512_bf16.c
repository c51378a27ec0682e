/*
 * avx512_bf16.c - the product by vectors of AVX512-BF16, of which one instruction multiplies 16 pairs of
 * numbers of bf16 by one pair, and adds to 16 floats: 8 lanes of inputs by two blocks of outputs fill 16 of
 * its 32 registers.
 */
#include <immintrin.h>
#include <string.h>

#include "product.h"

enum { ROWS = 8 };

#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

static inline __m512bh pairs_of_lanes(const uint16_t *pairs)
{
    return (__m512bh)_mm512_load_si512(pairs);
}

static inline __m512bh pair_of_positions(const uint16_t *x)
{
    int pair;

    memcpy(&pair, x, sizeof pair);
    return (__m512bh)_mm512_set1_epi32(pair);
}

static inline void put(__m512 sum, bool add, float *result)
{
    _mm512_storeu_ps(result, add ? _mm512_add_ps(_mm512_loadu_ps(result), sum) : sum);
}

/* Each strip is summed by itself, so that its numbers meet others of their size. */
static void multiply_rows(const struct strips_block *block, int in, int first)
{
    const size_t lane = block->x_row / sizeof *block->x[in];
    const uint16_t *x = block->x[in] + (size_t)first * lane, *dy[2] = {block->dy[0], block->dy[1]};
    float *result[2] = {block->result[in][0] + first * STRIP_LANES,
                        block->result[in][1] + first * STRIP_LANES};
    __m512 sum[ROWS][2];

    UNROLL
    for (int r = 0; r < ROWS; r++)
        sum[r][0] = sum[r][1] = _mm512_setzero_ps();
    for (size_t p = 0; p < block->depth; p += 2) {
        const __m512bh y[2] = {pairs_of_lanes(dy[0] + p * STRIP_LANES),
                               pairs_of_lanes(dy[1] + p * STRIP_LANES)};

        UNROLL
        for (int r = 0; r < ROWS; r++) {
            const __m512bh pair = pair_of_positions(x + (size_t)r * lane + p);

            sum[r][0] = _mm512_dpbf16_ps(sum[r][0], pair, y[0]);
            sum[r][1] = _mm512_dpbf16_ps(sum[r][1], pair, y[1]);
        }
    }
    UNROLL
    for (int r = 0; r < ROWS; r++) {
        put(sum[r][0], block->add, result[0] + r * STRIP_LANES);
        put(sum[r][1], block->add, result[1] + r * STRIP_LANES);
    }
}

static void multiply(const struct strips_block *block)
{
    for (int in = 0; in < 2; in++)
        for (int first = 0; first < STRIP_LANES; first += ROWS)
            multiply_rows(block, in, first);
}

static void nothing(void)
{
}

const struct strips_product strips_avx512_bf16 = {
    .name = "avx512_bf16", .most_bytes = 3 << 20, .begin = nothing, .multiply = multiply, .end = nothing};
