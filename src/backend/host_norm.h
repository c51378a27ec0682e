/*
 * host_norm.h - what backends that compute on the host share of group norm: gamma and beta in memory, and the
 * arithmetic of one group.
 */
#ifndef FA_BACKEND_HOST_NORM_H
#define FA_BACKEND_HOST_NORM_H

#include "ops.h"

struct fa_host_affine {
    struct fa_affine base;
    fa_real *gamma, *beta;
};

struct fa_host_affine_sum {
    struct fa_affine_sum base;
    double *gamma, *beta;
};

static inline struct fa_host_affine *fa_host_affine_of(const struct fa_norm *norm)
{
    return (struct fa_host_affine *)norm->affine;
}

fa_status fa_host_affine_create(struct fa_backend *backend, int channels, struct fa_affine **out);
void fa_host_affine_destroy(struct fa_affine *affine);
fa_status fa_host_affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta);

fa_status fa_host_affine_sum_create(struct fa_backend *backend, struct fa_affine *affine,
                                    struct fa_affine_sum **out);
void fa_host_affine_sum_destroy(struct fa_affine_sum *sum);
void fa_host_affine_sum_clear(struct fa_affine_sum *sum);
void fa_host_affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta);

/* Of one group of an image; what a norm keeps between forward and backward is one for each. */
struct fa_group {
    double mean, scale; /* scale = 1 / sqrt(variance + epsilon) */
};

size_t fa_host_norm_statistics_bytes(const struct fa_norm *norm);

/* From the biased variance. */
struct fa_group fa_group_of(double mean, double variance);

static inline int fa_group_channels(const struct fa_norm *norm)
{
    return norm->desc.shape.c / norm->desc.groups;
}

/* Values in one group. */
static inline double fa_group_elements(const struct fa_norm *norm)
{
    return (double)fa_group_channels(norm) * norm->desc.shape.h * norm->desc.shape.w;
}

/* The output before residual and ReLU is (src - mean) * slope + beta; every pass computes it by this one
   expression, so that all see the same bits. */
struct fa_norm_channel {
    fa_real mean, slope, beta;
};

/* group: that of channel c. */
struct fa_norm_channel fa_norm_channel_of(const struct fa_norm *norm, const struct fa_group *group, int c);

/* Over the channels of a group. */
struct fa_norm_sums {
    double gradients, products; /* of gamma g; of gamma g (src - mean) scale */
};

/* Takes in channel c: the sums of g, the gradient before the ReLU, and of g (src - mean), both over its
   positions. Adds to learned, the gradients of gamma and beta. */
void fa_norm_learn(const struct fa_norm *norm, const struct fa_group *group, int c, double sum,
                   double product, struct fa_affine_sum *learned, struct fa_norm_sums *sums);

/* The gradient of the input is g * slope - (src - mean) * tilt - shift. */
struct fa_norm_slope {
    fa_real tilt, shift;
};

struct fa_norm_slope fa_norm_slope_of(const struct fa_norm *norm, const struct fa_group *group,
                                      const struct fa_norm_sums *sums);

#endif
