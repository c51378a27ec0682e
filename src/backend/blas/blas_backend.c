/*
 * blas_backend.c - the table of the plain backend; opening it; activations in and out.
 */
#include <cblas.h>
#include <stdio.h>
#include <string.h>

#include "blas.h"
#include "fa/memory.h"
#include "gemm.h"

/* "OpenBLAS 0.3.21, SkylakeX": the library's own words begin with its name and version. */
static void describe(char *text, size_t size)
{
    const char *config = openblas_get_config();
    size_t name = strcspn(config, " ");
    size_t version = config[name] == ' ' ? strcspn(config + name + 1, " ") : 0;

    snprintf(text, size, "%.*s, %s", (int)(name + 1 + version), config, openblas_get_corename());
}

static fa_status blas_open(const struct fa_backend *base, struct fa_backend **out)
{
    struct fa_blas_backend *self;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    self->base = *base;
    describe(self->base.description, sizeof self->base.description);
    self->winograd = fa_blas_winograd_kernels();
    fa_gemm_start();
    *out = &self->base;
    return FA_OK;
}

static void blas_close(struct fa_backend *backend)
{
    struct fa_blas_backend *self = (struct fa_blas_backend *)backend;

    fa_store_free(&self->store);
    fa_free(self->columns);
    fa_free(self);
}

fa_status fa_blas_reserve_columns(struct fa_backend *backend, size_t n)
{
    struct fa_blas_backend *self = (struct fa_blas_backend *)backend;

    if (n <= self->n_columns)
        return FA_OK;
    FA_TRY(fa_realloc(&self->columns, n, sizeof *self->columns));
    self->n_columns = n;
    return FA_OK;
}

/* ---- activations ---- */

static size_t activation_bytes(const struct fa_backend *backend, struct fa_shape shape)
{
    (void)backend;
    return (fa_shape_elements(shape) * sizeof(fa_real) + 63) / 64 * 64;
}

static void import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw, void *activation)
{
    size_t n = fa_shape_elements(shape);
    fa_real *values = activation;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (size_t i = 0; i < n; i++)
        values[i] = chw[i];
}

static void export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                       fa_real *hwc)
{
    size_t n = (size_t)shape.h * (size_t)shape.w, c = (size_t)shape.c;
    const fa_real *values = activation;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (size_t position = 0; position < n; position++)
        for (size_t channel = 0; channel < c; channel++)
            hwc[position * c + channel] = values[channel * n + position];
}

static void import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                       void *activation)
{
    size_t n = (size_t)shape.h * (size_t)shape.w, c = (size_t)shape.c;
    fa_real *values = activation;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (size_t channel = 0; channel < c; channel++)
        for (size_t position = 0; position < n; position++)
            values[channel * n + position] = hwc[position * c + channel];
}

const struct fa_backend_ops fa_backend_blas = {
    .name = "blas",
    .open = blas_open,
    .close = blas_close,
    .activation_bytes = activation_bytes,
    .import_chw = import_chw,
    .export_hwc = export_hwc,
    .import_hwc = import_hwc,
    .weights_create = fa_blas_weights_create,
    .weights_destroy = fa_blas_weights_destroy,
    .weights_load = fa_blas_weights_load,
    .weights_forget = fa_blas_weights_forget,
    .weights_sum_create = fa_blas_weights_sum_create,
    .weights_sum_destroy = fa_blas_weights_sum_destroy,
    .weights_sum_clear = fa_blas_weights_sum_clear,
    .weights_sum_read = fa_blas_weights_sum_read,
    .conv_create = fa_blas_conv_create,
    .conv_destroy = fa_blas_conv_destroy,
    .conv_algorithms = fa_blas_conv_algorithms,
    .conv_chosen = fa_blas_conv_chosen,
    .conv_forward = fa_blas_conv_forward,
    .conv_backward_data = fa_blas_conv_backward_data,
    .conv_backward_weights = fa_blas_conv_backward_weights,
    .affine_create = fa_host_affine_create,
    .affine_destroy = fa_host_affine_destroy,
    .affine_load = fa_host_affine_load,
    .affine_sum_create = fa_host_affine_sum_create,
    .affine_sum_destroy = fa_host_affine_sum_destroy,
    .affine_sum_clear = fa_host_affine_sum_clear,
    .affine_sum_add = fa_host_affine_sum_add,
    .norm_create = fa_blas_norm_create,
    .norm_destroy = fa_blas_norm_destroy,
    .norm_statistics_bytes = fa_host_norm_statistics_bytes,
    .norm_forward = fa_blas_norm_forward,
    .norm_repeat = fa_blas_norm_repeat,
    .norm_backward = fa_blas_norm_backward,
    .pool_create = fa_blas_pool_create,
    .pool_destroy = fa_blas_pool_destroy,
    .pool_index_bytes = fa_blas_pool_index_bytes,
    .pool_forward = fa_blas_pool_forward,
    .pool_backward = fa_blas_pool_backward,
    .upsample = fa_blas_upsample,
    .upsample_backward = fa_blas_upsample_backward,
    .add_masked = fa_blas_add_masked,
    .moments = fa_blas_moments,
};
