/*
 * onednn_bf16.c - the table in bf16, and the ways of activations in and out.
 */
#include "onednn_bf16.h"

void onednn_bf16_take_over(struct fa_backend_ops *ops)
{
    ops->import_chw = onednn_bf16_import_chw;
    ops->export_hwc = onednn_bf16_export_hwc;
    ops->import_hwc = onednn_bf16_import_hwc;
    ops->pool_forward = onednn_bf16_pool_forward;
    ops->pool_backward = onednn_bf16_pool_backward;
    ops->upsample_backward = onednn_bf16_upsample_backward;
    ops->add_masked = onednn_bf16_add_masked;
    ops->moments = onednn_bf16_moments;
}

/* ---- in and out ---- */

FA_VECTOR_CLONES static void narrow_plane_row(size_t n, const float *restrict from, size_t step,
                                              bf16 *restrict to)
{
    for (size_t x = 0; x < n; x++)
        to[x * step] = bf16_narrow(from[x]);
}

void onednn_bf16_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw,
                            void *activation)
{
    const size_t n_channels = (size_t)shape.c, w = (size_t)shape.w, plane = (size_t)shape.h * w;
    bf16 *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < shape.h; y++)
        for (size_t c = 0; c < n_channels; c++)
            narrow_plane_row(w, chw + c * plane + (size_t)y * w, n_channels,
                             values + (size_t)y * w * n_channels + c);
}

FA_VECTOR_CLONES static void widen_row(size_t n, const bf16 *restrict from, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = bf16_widen(from[i]);
}

FA_VECTOR_CLONES static void narrow_row(size_t n, const float *restrict from, bf16 *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = bf16_narrow(from[i]);
}

/* Rows of HWC are in the order of the activation. */
void onednn_bf16_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                            fa_real *hwc)
{
    const size_t row = (size_t)shape.w * (size_t)shape.c;
    const bf16 *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < shape.h; y++)
        widen_row(row, values + (size_t)y * row, hwc + (size_t)y * row);
}

void onednn_bf16_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                            void *activation)
{
    const size_t row = (size_t)shape.w * (size_t)shape.c;
    bf16 *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < shape.h; y++)
        narrow_row(row, hwc + (size_t)y * row, values + (size_t)y * row);
}
