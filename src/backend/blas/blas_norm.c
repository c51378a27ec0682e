/*
 * blas_norm.c - group norm by its definition: in dense CHW a group is one run of memory.
 */
#include "blas.h"
#include "fa/memory.h"

fa_status fa_blas_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                              struct fa_affine *affine, struct fa_norm **out)
{
    (void)backend, (void)desc, (void)affine;
    return fa_alloc_zero(1, sizeof **out, out);
}

void fa_blas_norm_destroy(struct fa_norm *norm)
{
    fa_free(norm);
}

static size_t plane_of(const struct fa_norm *norm)
{
    return (size_t)norm->desc.shape.h * (size_t)norm->desc.shape.w;
}

static struct fa_group measure(size_t n, const fa_real *values)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += values[i];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return fa_group_of(mean, squares / (double)n);
}

static void normalize_plane(const struct fa_norm *norm, const struct fa_norm_channel *channel,
                            const fa_real *src, const fa_real *residual, fa_real *dst)
{
    const size_t n = plane_of(norm);

    for (size_t i = 0; i < n; i++) {
        fa_real value = (src[i] - channel->mean) * channel->slope + channel->beta;

        if (residual != NULL)
            value += residual[i];
        dst[i] = norm->desc.relu && value < 0 ? 0 : value; /* NaN stays */
    }
}

static void normalize_group(const struct fa_norm *norm, const struct fa_group *group, int k,
                            const fa_real *src, const fa_real *residual, fa_real *dst)
{
    const int n_channels = fa_group_channels(norm);

    for (int c = k * n_channels; c < (k + 1) * n_channels; c++) {
        const size_t offset = (size_t)c * plane_of(norm);
        const struct fa_norm_channel channel = fa_norm_channel_of(norm, group, c);

        normalize_plane(norm, &channel, src + offset, residual != NULL ? residual + offset : NULL,
                        dst + offset);
    }
}

fa_status fa_blas_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                               void *statistics)
{
    const size_t n = (size_t)fa_group_channels(norm) * plane_of(norm);
    const fa_real *values = src;

#pragma omp parallel for num_threads(norm->backend->n_threads) schedule(static)
    for (int k = 0; k < norm->desc.groups; k++) {
        const struct fa_group group = measure(n, values + (size_t)k * n);

        normalize_group(norm, &group, k, values, residual, dst);
        if (statistics != NULL)
            ((struct fa_group *)statistics)[k] = group;
    }
    return FA_OK;
}

fa_status fa_blas_norm_repeat(struct fa_norm *norm, const void *src, const void *residual,
                              const void *statistics, void *dst)
{
    const struct fa_group *groups = statistics;

#pragma omp parallel for num_threads(norm->backend->n_threads) schedule(static)
    for (int k = 0; k < norm->desc.groups; k++)
        normalize_group(norm, &groups[k], k, src, residual, dst);
    return FA_OK;
}

/* ---- backward ---- */

/* The gradient before the ReLU, of one value. */
static fa_real before_relu(const struct fa_norm *norm, const struct fa_norm_channel *channel, fa_real src,
                           fa_real diff)
{
    const bool masks = norm->desc.relu && !norm->desc.residual;

    return !masks || (src - channel->mean) * channel->slope + channel->beta > 0 ? diff : 0;
}

static void sum_plane(const struct fa_norm *norm, const struct fa_norm_channel *channel, const fa_real *src,
                      const fa_real *diff_dst, double *sum, double *product)
{
    const size_t n = plane_of(norm);

    *sum = *product = 0;
    for (size_t i = 0; i < n; i++) {
        const fa_real g = before_relu(norm, channel, src[i], diff_dst[i]);

        *sum += g;
        *product += (double)g * (src[i] - channel->mean);
    }
}

static void differentiate_plane(const struct fa_norm *norm, const struct fa_norm_channel *channel,
                                struct fa_norm_slope slope, const fa_real *src, const fa_real *diff_dst,
                                fa_real *diff_src)
{
    const size_t n = plane_of(norm);

    for (size_t i = 0; i < n; i++)
        diff_src[i] = before_relu(norm, channel, src[i], diff_dst[i]) * channel->slope -
                      (src[i] - channel->mean) * slope.tilt - slope.shift;
}

static void differentiate_group(const struct fa_norm *norm, const struct fa_group *group, int k,
                                const fa_real *src, const fa_real *diff_dst, fa_real *diff_src,
                                struct fa_affine_sum *learned)
{
    const int first = k * fa_group_channels(norm), end = first + fa_group_channels(norm);
    const size_t plane = plane_of(norm);
    struct fa_norm_sums sums = {0, 0};

    for (int c = first; c < end; c++) {
        const struct fa_norm_channel channel = fa_norm_channel_of(norm, group, c);
        double sum, product;

        sum_plane(norm, &channel, src + (size_t)c * plane, diff_dst + (size_t)c * plane, &sum, &product);
        fa_norm_learn(norm, group, c, sum, product, learned, &sums);
    }
    const struct fa_norm_slope slope = fa_norm_slope_of(norm, group, &sums);

    for (int c = first; c < end; c++) {
        const struct fa_norm_channel channel = fa_norm_channel_of(norm, group, c);

        differentiate_plane(norm, &channel, slope, src + (size_t)c * plane, diff_dst + (size_t)c * plane,
                            diff_src + (size_t)c * plane);
    }
}

fa_status fa_blas_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                                const void *diff_dst, void *diff_src, struct fa_affine_sum *sum)
{
    const struct fa_group *groups = statistics;

#pragma omp parallel for num_threads(norm->backend->n_threads) schedule(static)
    for (int k = 0; k < norm->desc.groups; k++)
        differentiate_group(norm, &groups[k], k, src, diff_dst, diff_src, sum);
    return FA_OK;
}
