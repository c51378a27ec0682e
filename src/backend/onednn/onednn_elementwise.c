/*
 * onednn_elementwise.c - sums, masks, upsampling and moments: our own loops, in parts whose bounds do not
 * depend on the number of threads.
 */
#include <string.h>

#include "onednn.h"

/* Floats, or bytes, that one thread takes at a time. */
enum { PART = 1 << 14 };

static size_t part_size(size_t n, size_t begin)
{
    return n - begin < PART ? n - begin : PART;
}

/* ---- flat */

FA_VECTOR_CLONES static void add_part(size_t n, const float *restrict src, float *restrict dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] += src[i];
}

FA_VECTOR_CLONES static void mask_part(size_t n, const float *restrict relu_output, float *restrict dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = relu_output[i] > 0 ? dst[i] : 0;
}

FA_VECTOR_CLONES static void add_masked_part(size_t n, const float *restrict src,
                                             const float *restrict relu_output, float *restrict dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = relu_output[i] > 0 ? dst[i] + src[i] : 0;
}

void onednn_add_masked_n(const struct onednn *onednn, size_t n, const float *src, const float *relu_output,
                         float *dst)
{
#pragma omp parallel for schedule(static) num_threads(onednn->base.n_threads) if (n > PART)
    for (size_t begin = 0; begin < n; begin += PART) {
        const size_t m = part_size(n, begin);

        if (src == NULL && relu_output != NULL)
            mask_part(m, relu_output + begin, dst + begin);
        else if (src != NULL && relu_output == NULL)
            add_part(m, src + begin, dst + begin);
        else if (src != NULL)
            add_masked_part(m, src + begin, relu_output + begin, dst + begin);
    }
}

void onednn_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                       const void *relu_output, void *dst)
{
    onednn_add_masked_n(onednn_of(backend), onednn_activation_elements(backend, shape), src, relu_output,
                        dst);
}

void onednn_copy(const struct onednn *onednn, size_t n_bytes, const void *src, void *dst)
{
    const char *from = src;
    char *to = dst;

#pragma omp parallel for schedule(static) num_threads(onednn->base.n_threads) if (n_bytes > PART)
    for (size_t begin = 0; begin < n_bytes; begin += PART)
        memcpy(to + begin, from + begin, part_size(n_bytes, begin));
}

/* ---- upsampling by nearest neighbour */

/* Source index of d. */
static int nearest(int d, int n_in, int n_out)
{
    return (int)((int64_t)d * n_in / n_out);
}

int onednn_first_copy(int s, int n_in, int n_out)
{
    return (int)(((int64_t)s * n_out + n_in - 1) / n_in);
}

void onednn_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                     void *dst)
{
    const struct onednn_layout layout = onednn_layout_of(backend, in);
    const size_t n = (size_t)layout.block * onednn_element_bytes(onednn_of(backend));
    const char *sources = src;
    char *targets = dst;

#pragma omp parallel for collapse(2) schedule(static) num_threads(backend->n_threads)
    for (int b = 0; b < layout.n_blocks; b++)
        for (int y = 0; y < out.h; y++) {
            const size_t in_row = (size_t)b * (size_t)in.h + (size_t)nearest(y, in.h, out.h);
            const char *from = sources + in_row * (size_t)in.w * n;
            char *to = targets + ((size_t)b * (size_t)out.h + (size_t)y) * (size_t)out.w * n;

            for (int x = 0; x < out.w; x++, to += n)
                memcpy(to, from + (size_t)nearest(x, in.w, out.w) * n, n);
        }
}

/* The sum over rows y0..y1 of one block's plane, added to diff_src. */
FA_VECTOR_CLONES static void gather_row(size_t n_lanes, struct fa_shape in, struct fa_shape out, int y0,
                                        int y1, const float *diff_dst, float *diff_src)
{
    for (int y = y0; y < y1; y++)
        for (int s = 0; s < in.w; s++)
            for (int x = onednn_first_copy(s, in.w, out.w); x < onednn_first_copy(s + 1, in.w, out.w); x++) {
                const float *from = diff_dst + ((size_t)y * (size_t)out.w + (size_t)x) * n_lanes;
                float *to = diff_src + (size_t)s * n_lanes;

                for (size_t lane = 0; lane < n_lanes; lane++)
                    to[lane] += from[lane];
            }
}

void onednn_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                              const void *diff_dst, bool accumulate, void *diff_src)
{
    const struct onednn_layout layout = onednn_layout_of(backend, in);
    const size_t n = (size_t)layout.block, in_row = (size_t)in.w * n;
    const size_t out_plane = (size_t)out.h * (size_t)out.w * n;
    const float *targets = diff_dst;
    float *sources = diff_src;

#pragma omp parallel for collapse(2) schedule(static) num_threads(backend->n_threads)
    for (int b = 0; b < layout.n_blocks; b++)
        for (int y = 0; y < in.h; y++) {
            float *to = sources + ((size_t)b * (size_t)in.h + (size_t)y) * in_row;

            if (!accumulate)
                memset(to, 0, in_row * sizeof *to);
            gather_row(n, in, out, onednn_first_copy(y, in.h, out.h), onednn_first_copy(y + 1, in.h, out.h),
                       targets + (size_t)b * out_plane, to);
        }
}

/* ---- moments */

FA_VECTOR_CLONES static void block_moments(size_t n_positions, size_t n_lanes, const float *values,
                                           double *sum, double *sum_of_squares)
{
    for (size_t p = 0; p < n_positions; p++, values += n_lanes)
        for (size_t lane = 0; lane < n_lanes; lane++) {
            const double value = values[lane];

            sum[lane] += value;
            sum_of_squares[lane] += value * value;
        }
}

void onednn_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation, double *sum,
                    double *sum_of_squares)
{
    const struct onednn_layout layout = onednn_layout_of(backend, shape);
    const size_t n_positions = (size_t)shape.h * (size_t)shape.w, n = (size_t)layout.block;
    const float *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int b = 0; b < layout.n_blocks; b++) {
        double lane_sum[ONEDNN_MAX_BLOCK] = {0}, lane_squares[ONEDNN_MAX_BLOCK] = {0};

        block_moments(n_positions, n, values + (size_t)b * n_positions * n, lane_sum, lane_squares);
        for (int lane = 0; lane < layout.block && b * layout.block + lane < shape.c; lane++) {
            sum[b * layout.block + lane] = lane_sum[lane];
            sum_of_squares[b * layout.block + lane] = lane_squares[lane];
        }
    }
}
