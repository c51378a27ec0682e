/*
 * onednn_layout.c - activations: the uniform blocked layout, and the ways in and out of it.
 */
#include <string.h>

#include "onednn.h"

struct onednn_layout onednn_layout_of(const struct fa_backend *backend, struct fa_shape shape)
{
    const int block = onednn_of(backend)->is_bf16        ? shape.c
                      : shape.c <= ONEDNN_IMAGE_CHANNELS ? 1
                                                         : onednn_of(backend)->block;

    return (struct onednn_layout){block, (shape.c + block - 1) / block};
}

size_t onednn_activation_elements(const struct fa_backend *backend, struct fa_shape shape)
{
    const struct onednn_layout layout = onednn_layout_of(backend, shape);

    return (size_t)layout.n_blocks * (size_t)layout.block * (size_t)shape.h * (size_t)shape.w;
}

size_t onednn_activation_bytes(const struct fa_backend *backend, struct fa_shape shape)
{
    return (onednn_activation_elements(backend, shape) * onednn_element_bytes(onednn_of(backend)) + 63) / 64 *
           64;
}

struct onednn_tensor onednn_activation_tensor(const struct fa_backend *backend, struct fa_shape shape)
{
    const struct onednn_layout layout = onednn_layout_of(backend, shape);
    const dnnl_format_tag_t blocked = layout.block == 1   ? dnnl_nchw
                                      : layout.block == 8 ? dnnl_nChw8c
                                                          : dnnl_nChw16c;

    return (struct onednn_tensor){4,
                                  {1, shape.c, shape.h, shape.w},
                                  onednn_element_type(onednn_of(backend)),
                                  onednn_of(backend)->is_bf16 ? dnnl_nhwc : blocked};
}

static int lanes_of_block(struct onednn_layout layout, struct fa_shape shape, int b)
{
    const int rest = shape.c - b * layout.block;

    return rest < layout.block ? rest : layout.block;
}

/* The row y of block b. */
static size_t row_offset(struct onednn_layout layout, struct fa_shape shape, int b, int y)
{
    return ((size_t)b * (size_t)shape.h + (size_t)y) * (size_t)shape.w * (size_t)layout.block;
}

void onednn_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw, void *activation)
{
    const struct onednn_layout layout = onednn_layout_of(backend, shape);
    const size_t plane = (size_t)shape.h * (size_t)shape.w;
    float *values = activation;

#pragma omp parallel for collapse(2) schedule(static) num_threads(backend->n_threads)
    for (int b = 0; b < layout.n_blocks; b++)
        for (int y = 0; y < shape.h; y++) {
            const int n_lanes = lanes_of_block(layout, shape, b);
            float *row = values + row_offset(layout, shape, b, y);

            memset(row, 0, (size_t)shape.w * (size_t)layout.block * sizeof *row);
            for (int lane = 0; lane < n_lanes; lane++) {
                const float *from =
                    chw + (size_t)(b * layout.block + lane) * plane + (size_t)y * (size_t)shape.w;

                for (int x = 0; x < shape.w; x++)
                    row[x * layout.block + lane] = from[x];
            }
        }
}

void onednn_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                       fa_real *hwc)
{
    const struct onednn_layout layout = onednn_layout_of(backend, shape);
    const size_t n_channels = (size_t)shape.c;
    const float *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < shape.h; y++)
        for (int b = 0; b < layout.n_blocks; b++) {
            const size_t n_bytes = (size_t)lanes_of_block(layout, shape, b) * sizeof *hwc;
            const float *from = values + row_offset(layout, shape, b, y);
            float *to = hwc + (size_t)y * (size_t)shape.w * n_channels + (size_t)(b * layout.block);

            for (int x = 0; x < shape.w; x++, from += layout.block, to += n_channels)
                memcpy(to, from, n_bytes);
        }
}

void onednn_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                       void *activation)
{
    const struct onednn_layout layout = onednn_layout_of(backend, shape);
    const size_t n_channels = (size_t)shape.c;
    float *values = activation;

#pragma omp parallel for schedule(static) num_threads(backend->n_threads)
    for (int y = 0; y < shape.h; y++)
        for (int b = 0; b < layout.n_blocks; b++) {
            const size_t n_lanes = (size_t)lanes_of_block(layout, shape, b);
            const size_t n_padding = (size_t)layout.block - n_lanes;
            const float *from = hwc + (size_t)y * (size_t)shape.w * n_channels + (size_t)(b * layout.block);
            float *to = values + row_offset(layout, shape, b, y);

            for (int x = 0; x < shape.w; x++, from += n_channels, to += layout.block) {
                memcpy(to, from, n_lanes * sizeof *to);
                memset(to + n_lanes, 0, n_padding * sizeof *to);
            }
        }
}
