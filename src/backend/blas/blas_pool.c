/*
 * blas_pool.c - max-pool 3x3, stride 2, pad 1. What is kept for backward is one byte for each output element:
 * which of the window's nine places, row-major, held the first maximum.
 */
#include <math.h>

#include "blas.h"
#include "fa/memory.h"

fa_status fa_blas_pool_create(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out)
{
    (void)backend, (void)in;
    return fa_alloc_zero(1, sizeof **out, out);
}

void fa_blas_pool_destroy(struct fa_pool *pool)
{
    fa_free(pool);
}

size_t fa_blas_pool_index_bytes(const struct fa_pool *pool)
{
    return fa_shape_elements(pool->out);
}

/* The maximum of the window around (2y, 2x), which is never padding, and its place. NaN wins. */
static fa_real window_maximum(struct fa_shape in, const fa_real *plane, int y, int x, uint8_t *place)
{
    fa_real best = -INFINITY;
    bool found = false;

    for (int k = 0; k < 9; k++) {
        int iy = 2 * y - 1 + k / 3, ix = 2 * x - 1 + k % 3;

        if (iy < 0 || iy >= in.h || ix < 0 || ix >= in.w)
            continue;
        fa_real value = plane[(size_t)iy * (size_t)in.w + (size_t)ix];
        if (!found || value > best || isnan(value)) {
            best = value;
            *place = (uint8_t)k;
            found = true;
        }
    }
    return best;
}

fa_status fa_blas_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index)
{
    struct fa_shape in = pool->in, out = pool->out;
    size_t in_plane = (size_t)in.h * (size_t)in.w, out_plane = (size_t)out.h * (size_t)out.w;
    const fa_real *values = src;
    fa_real *maxima = dst;

#pragma omp parallel for num_threads(pool->backend->n_threads) schedule(static)
    for (int c = 0; c < in.c; c++) {
        size_t i = (size_t)c * out_plane;

        for (int y = 0; y < out.h; y++)
            for (int x = 0; x < out.w; x++, i++) {
                uint8_t place = 4; /* the middle, which is never padding */

                maxima[i] = window_maximum(in, values + (size_t)c * in_plane, y, x, &place);
                if (index != NULL)
                    ((uint8_t *)index)[i] = place;
            }
    }
    return FA_OK;
}

/* One channel. */
static void scatter_plane(const struct fa_pool *pool, const uint8_t *place, const fa_real *diff_dst,
                          fa_real *diff_src)
{
    size_t n = (size_t)pool->in.h * (size_t)pool->in.w;

    for (size_t i = 0; i < n; i++)
        diff_src[i] = 0;
    for (int y = 0; y < pool->out.h; y++)
        for (int x = 0; x < pool->out.w; x++, place++, diff_dst++) {
            int iy = 2 * y - 1 + *place / 3, ix = 2 * x - 1 + *place % 3;

            diff_src[(size_t)iy * (size_t)pool->in.w + (size_t)ix] += *diff_dst;
        }
}

fa_status fa_blas_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                                const void *relu_output, void *diff_src)
{
    size_t in_plane = (size_t)pool->in.h * (size_t)pool->in.w;
    size_t out_plane = (size_t)pool->out.h * (size_t)pool->out.w;
    const uint8_t *places = index;
    const fa_real *from = diff_dst;
    fa_real *to = diff_src;

#pragma omp parallel for num_threads(pool->backend->n_threads) schedule(static)
    for (int c = 0; c < pool->in.c; c++)
        scatter_plane(pool, places + (size_t)c * out_plane, from + (size_t)c * out_plane,
                      to + (size_t)c * in_plane);
    if (relu_output != NULL)
        fa_blas_add_masked(pool->backend, pool->in, NULL, relu_output, diff_src);
    return FA_OK;
}
