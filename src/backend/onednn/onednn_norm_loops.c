/*
 * onednn_norm_loops.c - the loops of group norm over a stretch of one block of channels.
 *
 * They take LANES floats at a time: one position of a block of 16, or two of a block of 8, whose channels
 * then come twice. Only such a block can leave half a vector at the end of a stretch.
 *
 * Sums are taken in float over RUN floats, sixteen for each accumulator of a lane, and then in double: half
 * the work of doubles throughout, and no less exact than the values that are summed.
 */
#include <string.h>

#include "onednn.h"

#define INLINE static inline __attribute__((always_inline))

enum { LANES = ONEDNN_MAX_BLOCK, ACCUMULATORS = 4, RUN = 16 * ACCUMULATORS * LANES };

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));
typedef float anywhere __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int choice __attribute__((vector_size(LANES * sizeof(int))));

INLINE vector load(const float *from)
{
    return *(const anywhere *)from;
}

/* The n floats at `from`, then those of `rest`. */
INLINE vector load_some(const float *from, size_t n, vector rest)
{
    memcpy(&rest, from, n * sizeof *from);
    return rest;
}

/* Two sums of each lane: short ones in float, which are added to long ones in double. */
struct sums {
    vector first[ACCUMULATORS], second[ACCUMULATORS];
};

INLINE void close_run(const struct sums *sums, struct onednn_norm_sums *total)
{
    const vector first = (sums->first[0] + sums->first[1]) + (sums->first[2] + sums->first[3]);
    const vector second = (sums->second[0] + sums->second[1]) + (sums->second[2] + sums->second[3]);

    for (int lane = 0; lane < LANES; lane++) {
        total->first[lane] += (double)first[lane];
        total->second[lane] += (double)second[lane];
    }
}

/* ---- sums of values and of their squares ---- */

INLINE void take_value(struct sums *sums, int i, vector value, vector pivot)
{
    const vector difference = value - pivot;

    sums->first[i] += difference;
    sums->second[i] += difference * difference;
}

/* Of x = pivot + d, from the sums of d and d d over the n floats of all lanes. */
INLINE void undo_pivot(size_t n, vector pivot, struct onednn_norm_sums *sums)
{
    for (size_t lane = 0; lane < LANES; lane++) {
        const double count = (double)((n + LANES - 1 - lane) / LANES), p = (double)pivot[lane];

        sums->second[lane] += p * (2 * sums->first[lane] + count * p);
        sums->first[lane] += count * p;
    }
}

INLINE void measure_run(size_t n, const float *src, vector pivot, struct onednn_norm_sums *total)
{
    struct sums run = {{{0}}, {{0}}};
    size_t i = 0;

    while (i + ACCUMULATORS * LANES <= n)
        for (int a = 0; a < ACCUMULATORS; a++, i += LANES)
            take_value(&run, a, load(src + i), pivot);
    for (; i + LANES <= n; i += LANES)
        take_value(&run, 0, load(src + i), pivot);
    if (i < n)
        take_value(&run, 0, load_some(src + i, n - i, pivot), pivot);
    close_run(&run, total);
}

/* Differences from the first position: squares of what is far from zero would leave nothing of the variance.
 */
FA_VECTOR_CLONES static void measure_floats(size_t n, const float *src, struct onednn_norm_sums *sums)
{
    const vector pivot = n < LANES ? load_some(src, n, (vector){0}) : load(src);

    *sums = (struct onednn_norm_sums){{0}, {0}};
    for (size_t i = 0; i < n; i += RUN)
        measure_run(n - i < RUN ? n - i : RUN, src + i, pivot, sums);
    undo_pivot(n, pivot, sums);
}

/* ---- sums of gradients and of their products with values ---- */

INLINE vector before_relu(const struct onednn_norm_lanes *lanes, bool masks, vector centred, vector diff)
{
    if (!masks)
        return diff;
    return (vector)((choice)diff & (choice)(centred * load(lanes->slope) + load(lanes->beta) > 0));
}

INLINE void take_gradient(struct sums *sums, int i, const struct onednn_norm_lanes *lanes, bool masks,
                          vector src, vector diff)
{
    const vector centred = src - load(lanes->mean);
    const vector g = before_relu(lanes, masks, centred, diff);

    sums->first[i] += g;
    sums->second[i] += g * centred;
}

INLINE void multiply_run(size_t n, const struct onednn_norm_lanes *lanes, bool masks, const float *src,
                         const float *diff, struct onednn_norm_sums *total)
{
    struct sums run = {{{0}}, {{0}}};
    size_t i = 0;

    while (i + ACCUMULATORS * LANES <= n)
        for (int a = 0; a < ACCUMULATORS; a++, i += LANES)
            take_gradient(&run, a, lanes, masks, load(src + i), load(diff + i));
    for (; i + LANES <= n; i += LANES)
        take_gradient(&run, 0, lanes, masks, load(src + i), load(diff + i));
    if (i < n)
        take_gradient(&run, 0, lanes, masks, load_some(src + i, n - i, load(lanes->mean)),
                      load_some(diff + i, n - i, (vector){0}));
    close_run(&run, total);
}

INLINE void multiply(size_t n, const struct onednn_norm_lanes *lanes, bool masks, const float *src,
                     const float *diff, struct onednn_norm_sums *sums)
{
    *sums = (struct onednn_norm_sums){{0}, {0}};
    for (size_t i = 0; i < n; i += RUN)
        multiply_run(n - i < RUN ? n - i : RUN, lanes, masks, src + i, diff + i, sums);
}

FA_VECTOR_CLONES static void multiply_floats(size_t n, const struct onednn_norm_lanes *lanes, bool masks,
                                             const float *src, const float *diff,
                                             struct onednn_norm_sums *sums)
{
    const struct onednn_norm_lanes near = *lanes;

    if (masks)
        multiply(n, &near, true, src, diff, sums);
    else
        multiply(n, &near, false, src, diff, sums);
}

/* ---- the output ---- */

INLINE void apply_some(int n, const struct onednn_norm_lanes *lanes, bool relu, const float *src,
                       const float *residual, float *dst)
{
#pragma omp simd
    for (int lane = 0; lane < n; lane++) {
        float value = (src[lane] - lanes->mean[lane]) * lanes->slope[lane] + lanes->beta[lane];

        if (residual != NULL)
            value += residual[lane];
        dst[lane] = relu && value < 0 ? 0 : value; /* NaN stays */
    }
}

INLINE void apply(size_t n, const struct onednn_norm_lanes *lanes, bool relu, const float *src,
                  const float *residual, float *dst)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        apply_some(LANES, lanes, relu, src + i, residual != NULL ? residual + i : NULL, dst + i);
    if (i < n)
        apply_some(LANES / 2, lanes, relu, src + i, residual != NULL ? residual + i : NULL, dst + i);
}

FA_VECTOR_CLONES static void apply_floats(size_t n, const struct onednn_norm_lanes *lanes, bool relu,
                                          const float *src, const float *residual, float *dst)
{
    const struct onednn_norm_lanes near = *lanes;

    if (residual != NULL)
        apply(n, &near, relu, src, residual, dst);
    else
        apply(n, &near, relu, src, NULL, dst);
}

/* ---- the gradient of the input ---- */

INLINE void differentiate_some(int n, const struct onednn_norm_lanes *lanes, bool masks, const float *src,
                               const float *diff, float *diff_src)
{
#pragma omp simd
    for (int lane = 0; lane < n; lane++) {
        const float centred = src[lane] - lanes->mean[lane];
        const bool passes = !masks || centred * lanes->slope[lane] + lanes->beta[lane] > 0;

        diff_src[lane] =
            (passes ? diff[lane] : 0) * lanes->slope[lane] - centred * lanes->tilt[lane] - lanes->shift[lane];
    }
}

INLINE void differentiate(size_t n, const struct onednn_norm_lanes *lanes, bool masks, const float *src,
                          const float *diff, float *diff_src)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        differentiate_some(LANES, lanes, masks, src + i, diff + i, diff_src + i);
    if (i < n)
        differentiate_some(LANES / 2, lanes, masks, src + i, diff + i, diff_src + i);
}

FA_VECTOR_CLONES static void differentiate_floats(size_t n, const struct onednn_norm_lanes *lanes, bool masks,
                                                  const float *src, const float *diff, float *diff_src)
{
    const struct onednn_norm_lanes near = *lanes;

    if (masks)
        differentiate(n, &near, true, src, diff, diff_src);
    else
        differentiate(n, &near, false, src, diff, diff_src);
}

/* ---- all of them ---- */

/* Positions of a block follow each other. */
static size_t floats_of(const struct onednn_stretch *stretch)
{
    return stretch->n_positions * stretch->step;
}

static void measure_stretch(const struct onednn_stretch *stretch, const void *src,
                            struct onednn_norm_sums *sums)
{
    measure_floats(floats_of(stretch), src, sums);
}

static void apply_stretch(const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes,
                          bool relu, const void *src, const void *residual, void *dst)
{
    apply_floats(floats_of(stretch), lanes, relu, src, residual, dst);
}

static void multiply_stretch(const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes,
                             bool masks, const void *src, const void *diff, struct onednn_norm_sums *sums)
{
    multiply_floats(floats_of(stretch), lanes, masks, src, diff, sums);
}

static void differentiate_stretch(const struct onednn_stretch *stretch, const struct onednn_norm_lanes *lanes,
                                  bool masks, const void *src, const void *diff, void *diff_src)
{
    differentiate_floats(floats_of(stretch), lanes, masks, src, diff, diff_src);
}

const struct onednn_norm_loops onednn_norm_loops = {measure_stretch, apply_stretch, multiply_stretch,
                                                    differentiate_stretch};
