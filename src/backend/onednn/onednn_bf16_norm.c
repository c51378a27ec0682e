/*
 * onednn_bf16_norm.c - the loops of group norm over a stretch of one block of channels, in bf16.
 *
 * A stretch may be read in place: each value is rounded where it was read. As in onednn_norm_loops.c, sums
 * are taken in float over a few positions, and then in double.
 */
#include "onednn_bf16.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = ONEDNN_MAX_BLOCK, RUN = 16 };

/* Two sums of each lane over a run. */
struct sums {
    float first[LANES], second[LANES];
};

INLINE void close_run(int n, const struct sums *run, struct onednn_norm_sums *total)
{
    for (int lane = 0; lane < n; lane++) {
        total->first[lane] += (double)run->first[lane];
        total->second[lane] += (double)run->second[lane];
    }
}

/* ---- sums of values and of their squares ---- */

/* Differences from the first position: squares of what is far from zero would leave nothing of the variance.
 */
INLINE void measure_run(int n, size_t n_positions, size_t step, const bf16 *src, const float *pivot,
                        struct onednn_norm_sums *total)
{
    struct sums run = {{0}, {0}};

    for (size_t p = 0; p < n_positions; p++, src += step) {
#pragma omp simd
        for (int lane = 0; lane < n; lane++) {
            const float difference = bf16_widen(src[lane]) - pivot[lane];

            run.first[lane] += difference;
            run.second[lane] += difference * difference;
        }
    }
    close_run(n, &run, total);
}

/* Of x = pivot + d, from the sums of d and d d. */
static void undo_pivot(double count, int n, const float *pivot, struct onednn_norm_sums *sums)
{
    for (int lane = 0; lane < n; lane++) {
        const double p = (double)pivot[lane];

        sums->second[lane] += p * (2 * sums->first[lane] + count * p);
        sums->first[lane] += count * p;
    }
}

INLINE void measure_lanes(int n, const struct onednn_stretch *stretch, const bf16 *src,
                          struct onednn_norm_sums *sums)
{
    float pivot[LANES] = {0};

    *sums = (struct onednn_norm_sums){{0}, {0}};
    for (int lane = 0; lane < n; lane++)
        pivot[lane] = bf16_widen(src[lane]);
    for (size_t p = 0; p < stretch->n_positions; p += RUN)
        measure_run(n, bf16_smaller(stretch->n_positions - p, RUN), stretch->step, src + p * stretch->step,
                    pivot, sums);
    undo_pivot((double)stretch->n_positions, n, pivot, sums);
}

FA_VECTOR_CLONES static void measure(const struct onednn_stretch *stretch, const void *src,
                                     struct onednn_norm_sums *sums)
{
    if (stretch->n_lanes == LANES)
        measure_lanes(LANES, stretch, src, sums);
    else
        measure_lanes(stretch->n_lanes, stretch, src, sums);
}

/* ---- sums of gradients and of their products with values ---- */

INLINE void multiply_run(int n, size_t n_positions, size_t step, const struct onednn_norm_lanes *lanes,
                         bool masks, const bf16 *src, const bf16 *diff, struct onednn_norm_sums *total)
{
    struct sums run = {{0}, {0}};

    for (size_t p = 0; p < n_positions; p++, src += step, diff += step) {
#pragma omp simd
        for (int lane = 0; lane < n; lane++) {
            const float centred = bf16_widen(src[lane]) - lanes->mean[lane];
            const bool passes = !masks || centred * lanes->slope[lane] + lanes->beta[lane] > 0;
            const float g = passes ? bf16_widen(diff[lane]) : 0;

            run.first[lane] += g;
            run.second[lane] += g * centred;
        }
    }
    close_run(n, &run, total);
}

INLINE void multiply_lanes(int n, const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes,
                           bool masks, const bf16 *src, const bf16 *diff, struct onednn_norm_sums *sums)
{
    *sums = (struct onednn_norm_sums){{0}, {0}};
    for (size_t p = 0; p < stretch->n_positions; p += RUN)
        multiply_run(n, bf16_smaller(stretch->n_positions - p, RUN), stretch->step, lanes, masks,
                     src + p * stretch->step, diff + p * stretch->step, sums);
}

FA_VECTOR_CLONES static void multiply(const struct onednn_stretch *stretch,
                                      const struct onednn_norm_lanes *lanes, bool masks, const void *src,
                                      const void *diff, struct onednn_norm_sums *sums)
{
    const struct onednn_norm_lanes near = *lanes;

    if (stretch->n_lanes == LANES)
        multiply_lanes(LANES, stretch, &near, masks, src, diff, sums);
    else
        multiply_lanes(stretch->n_lanes, stretch, &near, masks, src, diff, sums);
}

/* ---- the output ---- */

INLINE void apply_lanes(int n, const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes,
                        bool relu, const bf16 *src, const bf16 *residual, bf16 *dst)
{
    for (size_t p = 0; p < stretch->n_positions; p++) {
        const size_t at = p * stretch->step;

#pragma omp simd
        for (int lane = 0; lane < n; lane++) {
            float value =
                (bf16_widen(src[at + lane]) - lanes->mean[lane]) * lanes->slope[lane] + lanes->beta[lane];

            if (residual != NULL)
                value += bf16_widen(residual[at + lane]);
            dst[at + lane] = bf16_narrow(relu && value < 0 ? 0 : value); /* NaN stays */
        }
    }
}

FA_VECTOR_CLONES static void apply(const struct onednn_stretch *stretch,
                                   const struct onednn_norm_lanes *lanes, bool relu, const void *src,
                                   const void *residual, void *dst)
{
    const struct onednn_norm_lanes near = *lanes;

    if (stretch->n_lanes < LANES)
        apply_lanes(stretch->n_lanes, stretch, &near, relu, src, residual, dst);
    else if (residual != NULL)
        apply_lanes(LANES, stretch, &near, relu, src, residual, dst);
    else
        apply_lanes(LANES, stretch, &near, relu, src, NULL, dst);
}

/* ---- the gradient of the input ---- */

INLINE void differentiate_lanes(int n, const struct onednn_stretch *stretch,
                                const struct onednn_norm_lanes *lanes, bool masks, const bf16 *src,
                                const bf16 *diff, bf16 *diff_src)
{
    for (size_t p = 0; p < stretch->n_positions; p++) {
        const size_t at = p * stretch->step;

#pragma omp simd
        for (int lane = 0; lane < n; lane++) {
            const float centred = bf16_widen(src[at + lane]) - lanes->mean[lane];
            const bool passes = !masks || centred * lanes->slope[lane] + lanes->beta[lane] > 0;
            const float g = passes ? bf16_widen(diff[at + lane]) : 0;

            diff_src[at + lane] =
                bf16_narrow(g * lanes->slope[lane] - centred * lanes->tilt[lane] - lanes->shift[lane]);
        }
    }
}

FA_VECTOR_CLONES static void differentiate(const struct onednn_stretch *stretch,
                                           const struct onednn_norm_lanes *lanes, bool masks, const void *src,
                                           const void *diff, void *diff_src)
{
    const struct onednn_norm_lanes near = *lanes;

    if (stretch->n_lanes == LANES)
        differentiate_lanes(LANES, stretch, &near, masks, src, diff, diff_src);
    else
        differentiate_lanes(stretch->n_lanes, stretch, &near, masks, src, diff, diff_src);
}

const struct onednn_norm_loops onednn_bf16_norm_loops = {measure, apply, multiply, differentiate};
