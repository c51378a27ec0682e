/*
 * onednn_bf16_elementwise.c - sums, masks, the way back from upsampling, and moments, of bf16.
 */
#include "onednn_bf16.h"

/* Numbers that one thread takes at a time; channels whose sums are held at once. */
enum { PART = 1 << 15, LANES = 64 };

/* ---- flat */

FA_VECTOR_CLONES static void add_part(size_t n, const bf16 *restrict src, bf16 *restrict dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = bf16_narrow(bf16_widen(dst[i]) + bf16_widen(src[i]));
}

FA_VECTOR_CLONES static void mask_part(size_t n, const bf16 *restrict relu_output, bf16 *restrict dst)
{
    for (size_t i = 0; i < n; i++)
        dst[i] = bf16_widen(relu_output[i]) > 0 ? dst[i] : 0;
}

FA_VECTOR_CLONES static void add_masked_part(size_t n, const bf16 *restrict src,
                                             const bf16 *restrict relu_output, bf16 *restrict dst)
{
    for (size_t i = 0; i < n; i++) {
        const bf16 sum = bf16_narrow(bf16_widen(dst[i]) + bf16_widen(src[i]));

        dst[i] = bf16_widen(relu_output[i]) > 0 ? sum : 0;
    }
}

void onednn_bf16_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                            const void *relu_output, void *dst)
{
    const size_t n = fa_shape_elements(shape);
    const bf16 *added = src, *mask = relu_output;
    bf16 *sums = dst;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads) if (n > PART)
    for (size_t begin = 0; begin < n; begin += PART) {
        const size_t m = bf16_smaller(n - begin, PART);

        if (added == NULL && mask != NULL)
            mask_part(m, mask + begin, sums + begin);
        else if (added != NULL && mask == NULL)
            add_part(m, added + begin, sums + begin);
        else if (added != NULL)
            add_masked_part(m, added + begin, mask + begin, sums + begin);
    }
}

/* ---- upsampling, backward */

/* A rectangle of positions of a map, rows [y0, y1), columns [x0, x1). */
struct window {
    int y0, y1, x0, x1;
};

/* Adds n channels of the positions of a window to sums; map begins with the first of the channels. */
FA_VECTOR_CLONES static void add_window(struct fa_shape shape, struct window window, size_t n,
                                        const bf16 *restrict map, float *restrict sums)
{
    for (int y = window.y0; y < window.y1; y++)
        for (int x = window.x0; x < window.x1; x++) {
            const bf16 *from = map + ((size_t)y * (size_t)shape.w + (size_t)x) * (size_t)shape.c;

            for (size_t lane = 0; lane < n; lane++)
                sums[lane] += bf16_widen(from[lane]);
        }
}

FA_VECTOR_CLONES static void store_sums(size_t n, const float *restrict sums, bool accumulate,
                                        bf16 *restrict to)
{
    for (size_t lane = 0; lane < n; lane++)
        to[lane] = bf16_narrow(sums[lane] + (accumulate ? bf16_widen(to[lane]) : 0));
}

/* The gradient of one position is the sum over those it was copied to, rounded once. */
static void gather_position(struct fa_shape out, struct window copies, const bf16 *diff_dst, bool accumulate,
                            bf16 *diff_src)
{
    const size_t n_channels = (size_t)out.c;

    for (size_t c = 0; c < n_channels; c += LANES) {
        const size_t n = bf16_smaller(n_channels - c, LANES);
        float sums[LANES] = {0};

        add_window(out, copies, n, diff_dst + c, sums);
        store_sums(n, sums, accumulate, diff_src + c);
    }
}

void onednn_bf16_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                   const void *diff_dst, bool accumulate, void *diff_src)
{
    bf16 *to = diff_src;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < in.h; y++)
        for (int x = 0; x < in.w; x++) {
            const struct window copies = {
                onednn_first_copy(y, in.h, out.h), onednn_first_copy(y + 1, in.h, out.h),
                onednn_first_copy(x, in.w, out.w), onednn_first_copy(x + 1, in.w, out.w)};

            gather_position(out, copies, diff_dst, accumulate,
                            to + ((size_t)y * (size_t)in.w + (size_t)x) * (size_t)in.c);
        }
}

/* ---- moments */

FA_VECTOR_CLONES static void channel_moments(size_t n_positions, size_t step, size_t n_lanes,
                                             const bf16 *values, double *sum, double *sum_of_squares)
{
    for (size_t p = 0; p < n_positions; p++, values += step)
        for (size_t lane = 0; lane < n_lanes; lane++) {
            const double value = bf16_widen(values[lane]);

            sum[lane] += value;
            sum_of_squares[lane] += value * value;
        }
}

void onednn_bf16_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                         double *sum, double *sum_of_squares)
{
    const size_t n_positions = (size_t)shape.h * (size_t)shape.w, n_channels = (size_t)shape.c;
    const bf16 *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (size_t c = 0; c < n_channels; c += LANES) {
        const size_t n = bf16_smaller(n_channels - c, LANES);

        memset(sum + c, 0, n * sizeof *sum);
        memset(sum_of_squares + c, 0, n * sizeof *sum_of_squares);
        channel_moments(n_positions, n_channels, n, values + c, sum + c, sum_of_squares + c);
    }
}
