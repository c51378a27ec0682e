/*
 * onednn_bf16.h - what the files of bf16 share: floats cut to 16 bits, and what takes the place of the loops
 * over floats.
 *
 * Activations lie position by position, all channels of one side by side (nhwc), which the tiles of AMX want,
 * and which leaves no lanes to pad. Arithmetic is in float, or in double where that of floats is; what is
 * stored is rounded once.
 */
#ifndef FA_ONEDNN_BF16_H
#define FA_ONEDNN_BF16_H

#include <string.h>

#include "onednn.h"

typedef uint16_t bf16;

static inline float bf16_widen(bf16 value)
{
    const uint32_t bits = (uint32_t)value << 16;
    float wide;

    memcpy(&wide, &bits, sizeof wide);
    return wide;
}

/* To the nearest, of two to the even one; NaN stays NaN. */
static inline bf16 bf16_narrow(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return (bf16)((bits & 0x7fffffffu) > 0x7f800000u ? bits >> 16 | 0x40u
                                                     : (bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

static inline size_t bf16_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- onednn_bf16.c */

/* Puts the functions below into a table, in place of those for floats. */
void onednn_bf16_take_over(struct fa_backend_ops *ops);

void onednn_bf16_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw,
                            void *activation);
void onednn_bf16_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                            fa_real *hwc);
void onednn_bf16_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                            void *activation);

/* ---- onednn_bf16_elementwise.c */

void onednn_bf16_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                   const void *diff_dst, bool accumulate, void *diff_src);
void onednn_bf16_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                            const void *relu_output, void *dst);
void onednn_bf16_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                         double *sum, double *sum_of_squares);

/* ---- onednn_bf16_pool.c */

fa_status onednn_bf16_pool_forward(struct fa_pool *pool, const void *src, void *dst,
                                   void *index) FA_CHECK_RESULT;
fa_status onednn_bf16_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                                    const void *relu_output, void *diff_src) FA_CHECK_RESULT;

#endif
