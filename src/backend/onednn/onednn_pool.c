/*
 * onednn_pool.c - max-pooling 3x3, stride 2, pad 1, over blocks of channels.
 *
 * Our own loops, because the gradient goes to the first maximum in row-major order whatever the layout. The
 * index of an output element is the place of its maximum in the window, 0 to 8. Backward gathers: an input
 * element asks the up to four windows that saw it, so rows are independent and the order of the sum is fixed.
 */
#include <stdint.h>

#include "fa/memory.h"
#include "onednn.h"

#define INLINE static inline __attribute__((always_inline))

fa_status onednn_pool_create(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out)
{
    FA_TRY(fa_alloc(1, sizeof **out, out));
    **out = (struct fa_pool){backend, in, fa_pool_output_shape(in)};
    return FA_OK;
}

void onednn_pool_destroy(struct fa_pool *pool)
{
    fa_free(pool);
}

size_t onednn_pool_index_bytes(const struct fa_pool *pool)
{
    return onednn_activation_elements(pool->backend, pool->out);
}

/* ---- forward */

/* The largest of the window at (y0, x0), and its place; src is the plane of a block of channels. */
INLINE void window_max(int block, struct fa_shape in, const float *src, int y0, int x0, float *largest,
                       int32_t *place)
{
    const int first_ky = y0 < 0, first_kx = x0 < 0;
    const float *first = src + ((size_t)(y0 + first_ky) * (size_t)in.w + (size_t)(x0 + first_kx)) * block;

#pragma omp simd
    for (int lane = 0; lane < block; lane++) {
        largest[lane] = first[lane];
        place[lane] = first_ky * 3 + first_kx;
    }
    for (int ky = first_ky; ky < 3 && y0 + ky < in.h; ky++)
        for (int kx = first_kx; kx < 3 && x0 + kx < in.w; kx++) {
            const float *value = src + ((size_t)(y0 + ky) * (size_t)in.w + (size_t)(x0 + kx)) * block;

#pragma omp simd
            for (int lane = 0; lane < block; lane++) {
                const bool is_larger = value[lane] > largest[lane];

                largest[lane] = is_larger ? value[lane] : largest[lane];
                place[lane] = is_larger ? ky * 3 + kx : place[lane];
            }
        }
}

INLINE void forward_row(int block, struct fa_shape in, int out_w, const float *src, int y, float *dst,
                        uint8_t *index)
{
    for (int x = 0; x < out_w; x++) {
        float largest[ONEDNN_MAX_BLOCK];
        int32_t place[ONEDNN_MAX_BLOCK];

        window_max(block, in, src, 2 * y - 1, 2 * x - 1, largest, place);
#pragma omp simd
        for (int lane = 0; lane < block; lane++)
            dst[x * block + lane] = largest[lane];
        if (index == NULL)
            continue;
#pragma omp simd
        for (int lane = 0; lane < block; lane++)
            index[x * block + lane] = (uint8_t)place[lane];
    }
}

/* A constant block lets the compiler turn the lanes into one vector; without `simd` it unrolls them first. */
FA_VECTOR_CLONES static void pool_row(int block, struct fa_shape in, int out_w, const float *src, int y,
                                      float *dst, uint8_t *index)
{
    if (block == 16)
        forward_row(16, in, out_w, src, y, dst, index);
    else if (block == 8)
        forward_row(8, in, out_w, src, y, dst, index);
    else
        forward_row(1, in, out_w, src, y, dst, index);
}

fa_status onednn_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index)
{
    const struct fa_shape in = pool->in, out = pool->out;
    const struct onednn_layout layout = onednn_layout_of(pool->backend, in);
    const size_t in_plane = (size_t)in.h * (size_t)in.w * (size_t)layout.block;
    const size_t out_row = (size_t)out.w * (size_t)layout.block;
    const float *values = src;
    float *maxima = dst;

#pragma omp parallel for collapse(2) schedule(static) num_threads(pool->backend->n_threads)
    for (int b = 0; b < layout.n_blocks; b++)
        for (int y = 0; y < out.h; y++) {
            const size_t offset = ((size_t)b * (size_t)out.h + (size_t)y) * out_row;

            pool_row(layout.block, in, out.w, values + (size_t)b * in_plane, y, maxima + offset,
                     index != NULL ? (uint8_t *)index + offset : NULL);
        }
    return FA_OK;
}

/* ---- backward */

/* The gradient of input element (y, x): the sum over the windows whose maximum it was. */
INLINE void gather(int block, struct fa_shape out, const uint8_t *index, const float *diff_dst, int y, int x,
                   float *diff_src)
{
#pragma omp simd
    for (int lane = 0; lane < block; lane++)
        diff_src[lane] = 0;
    for (int oy = y / 2; oy <= (y + 1) / 2 && oy < out.h; oy++)
        for (int ox = x / 2; ox <= (x + 1) / 2 && ox < out.w; ox++) {
            const int place = (y - (2 * oy - 1)) * 3 + x - (2 * ox - 1);
            const ptrdiff_t offset = ((ptrdiff_t)oy * out.w + ox) * block;

#pragma omp simd
            for (int lane = 0; lane < block; lane++)
                diff_src[lane] += index[offset + lane] == place ? diff_dst[offset + lane] : 0;
        }
}

INLINE void backward_row(int block, int in_w, struct fa_shape out, const uint8_t *index,
                         const float *diff_dst, int y, const float *relu_output, float *diff_src)
{
    for (int x = 0; x < in_w; x++) {
        gather(block, out, index, diff_dst, y, x, diff_src + x * block);
        if (relu_output == NULL)
            continue;
#pragma omp simd
        for (int lane = 0; lane < block; lane++)
            diff_src[x * block + lane] = relu_output[x * block + lane] > 0 ? diff_src[x * block + lane] : 0;
    }
}

FA_VECTOR_CLONES static void unpool_row(int block, int in_w, struct fa_shape out, const uint8_t *index,
                                        const float *diff_dst, int y, const float *relu_output,
                                        float *diff_src)
{
    if (block == 16)
        backward_row(16, in_w, out, index, diff_dst, y, relu_output, diff_src);
    else if (block == 8)
        backward_row(8, in_w, out, index, diff_dst, y, relu_output, diff_src);
    else
        backward_row(1, in_w, out, index, diff_dst, y, relu_output, diff_src);
}

fa_status onednn_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                               const void *relu_output, void *diff_src)
{
    const struct fa_shape in = pool->in, out = pool->out;
    const struct onednn_layout layout = onednn_layout_of(pool->backend, in);
    const size_t in_row = (size_t)in.w * (size_t)layout.block;
    const size_t out_plane = (size_t)out.h * (size_t)out.w * (size_t)layout.block;
    const float *from = diff_dst, *mask = relu_output;
    float *to = diff_src;

#pragma omp parallel for collapse(2) schedule(static) num_threads(pool->backend->n_threads)
    for (int b = 0; b < layout.n_blocks; b++)
        for (int y = 0; y < in.h; y++) {
            const size_t offset = ((size_t)b * (size_t)in.h + (size_t)y) * in_row;

            unpool_row(layout.block, in.w, out, (const uint8_t *)index + (size_t)b * out_plane,
                       from + (size_t)b * out_plane, y, mask != NULL ? mask + offset : NULL, to + offset);
        }
    return FA_OK;
}
