/*
 * onednn_bf16_pool.c - max-pooling of bf16: what onednn_pool.c does, over positions whose channels lie side
 * by side. The index has the order of the output.
 */
#include "onednn_bf16.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = ONEDNN_MAX_BLOCK };

/* Vectors by name: GCC 12 leaves loops over arrays of lanes in memory. */
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t choice __attribute__((vector_size(LANES * sizeof(int32_t)))); /* of a lane: all or no bits */
typedef uint32_t words __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef bf16 halves __attribute__((vector_size(LANES * sizeof(bf16))));

/* ---- forward */

/* The first n channels. */
INLINE floats widened(const bf16 *from, size_t n)
{
    halves some = {0};

    memcpy(&some, from, n * sizeof *from);
    return (floats)(__builtin_convertvector(some, words) << 16);
}

INLINE choice chosen(choice mask, choice yes, choice no)
{
    return (yes & mask) | (no & ~mask);
}

/* Of n channels, the largest of the window at (y0, x0), and its place. */
INLINE floats window_max(size_t n, struct fa_shape in, const bf16 *src, int y0, int x0, choice *place)
{
    const int first_ky = y0 < 0, first_kx = x0 < 0;
    const bf16 *first =
        src + ((size_t)(y0 + first_ky) * (size_t)in.w + (size_t)(x0 + first_kx)) * (size_t)in.c;
    floats largest = widened(first, n);

    *place = (choice){0} + (first_ky * 3 + first_kx);
    for (int ky = first_ky; ky < 3 && y0 + ky < in.h; ky++)
        for (int kx = first_kx; kx < 3 && x0 + kx < in.w; kx++) {
            const bf16 *from = src + ((size_t)(y0 + ky) * (size_t)in.w + (size_t)(x0 + kx)) * (size_t)in.c;
            const floats value = widened(from, n);
            const choice is_larger = value > largest;

            largest = (floats)chosen(is_larger, (choice)value, (choice)largest);
            *place = chosen(is_larger, (choice){0} + (ky * 3 + kx), *place);
        }
    return largest;
}

/* A maximum is one of the numbers, so there is nothing to round. */
INLINE void forward_lanes(size_t n, struct fa_shape in, const bf16 *src, int y0, int x0, bf16 *dst,
                          uint8_t *index)
{
    choice place;
    const floats largest = window_max(n, in, src, y0, x0, &place);
    const halves narrow = __builtin_convertvector((words)largest >> 16, halves);

    memcpy(dst, &narrow, n * sizeof *dst);
    if (index == NULL)
        return;
    for (size_t lane = 0; lane < n; lane++)
        index[lane] = (uint8_t)place[lane];
}

FA_VECTOR_CLONES static void pool_row(struct fa_shape in, int out_w, const bf16 *src, int y, bf16 *dst,
                                      uint8_t *index)
{
    const size_t n_channels = (size_t)in.c;
    size_t at = 0, c;

    for (int x = 0; x < out_w; x++, at += n_channels) {
        for (c = 0; c + LANES <= n_channels; c += LANES)
            forward_lanes(LANES, in, src + c, 2 * y - 1, 2 * x - 1, dst + at + c,
                          index != NULL ? index + at + c : NULL);
        if (c < n_channels)
            forward_lanes(n_channels - c, in, src + c, 2 * y - 1, 2 * x - 1, dst + at + c,
                          index != NULL ? index + at + c : NULL);
    }
}

fa_status onednn_bf16_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index)
{
    const struct fa_shape in = pool->in, out = pool->out;
    const size_t out_row = (size_t)out.w * (size_t)out.c;
    bf16 *maxima = dst;

#pragma omp parallel for schedule(static) num_threads(pool->backend->n_threads)
    for (int y = 0; y < out.h; y++)
        pool_row(in, out.w, src, y, maxima + (size_t)y * out_row,
                 index != NULL ? (uint8_t *)index + (size_t)y * out_row : NULL);
    return FA_OK;
}

/* ---- backward */

/* Of n channels, the gradient of input element (y, x): the sum over the windows whose maximum it was, zero
 * where relu_output, unless it is NULL, is not positive. */
INLINE void gather(size_t n, struct fa_shape out, const uint8_t *index, const bf16 *diff_dst, int y, int x,
                   const bf16 *relu_output, bf16 *diff_src)
{
    float sums[LANES] = {0};

    for (int oy = y / 2; oy <= (y + 1) / 2 && oy < out.h; oy++)
        for (int ox = x / 2; ox <= (x + 1) / 2 && ox < out.w; ox++) {
            const int place = (y - (2 * oy - 1)) * 3 + x - (2 * ox - 1);
            const size_t offset = ((size_t)oy * (size_t)out.w + (size_t)ox) * (size_t)out.c;

#pragma omp simd
            for (size_t lane = 0; lane < n; lane++)
                sums[lane] += index[offset + lane] == place ? bf16_widen(diff_dst[offset + lane]) : 0;
        }
#pragma omp simd
    for (size_t lane = 0; lane < n; lane++)
        diff_src[lane] =
            relu_output == NULL || bf16_widen(relu_output[lane]) > 0 ? bf16_narrow(sums[lane]) : 0;
}

FA_VECTOR_CLONES static void unpool_row(int in_w, struct fa_shape out, const uint8_t *index,
                                        const bf16 *diff_dst, int y, const bf16 *relu_output, bf16 *diff_src)
{
    const size_t n_channels = (size_t)out.c;
    size_t at = 0, c;

    for (int x = 0; x < in_w; x++, at += n_channels) {
        for (c = 0; c + LANES <= n_channels; c += LANES)
            gather(LANES, out, index + c, diff_dst + c, y, x,
                   relu_output != NULL ? relu_output + at + c : NULL, diff_src + at + c);
        if (c < n_channels)
            gather(n_channels - c, out, index + c, diff_dst + c, y, x,
                   relu_output != NULL ? relu_output + at + c : NULL, diff_src + at + c);
    }
}

fa_status onednn_bf16_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                                    const void *relu_output, void *diff_src)
{
    const struct fa_shape in = pool->in;
    const size_t in_row = (size_t)in.w * (size_t)in.c;
    const bf16 *mask = relu_output;
    bf16 *to = diff_src;

#pragma omp parallel for schedule(static) num_threads(pool->backend->n_threads)
    for (int y = 0; y < in.h; y++)
        unpool_row(in.w, pool->out, index, diff_dst, y, mask != NULL ? mask + (size_t)y * in_row : NULL,
                   to + (size_t)y * in_row);
    return FA_OK;
}
