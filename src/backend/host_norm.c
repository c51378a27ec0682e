/*
 * doc/method.md 2.7. With h = (x - mean) scale, N values in the group, g the gradient of y = gamma h + beta:
 *
 *     dbeta = sum of g            dgamma = sum of g h                            over a channel
 *     dx = scale (gamma g - a - h b)
 *     a = sum of gamma g / N      b = sum of gamma g h / N                       over a group
 */
#include "host_norm.h"

#include <math.h>
#include <string.h>

#include "fa/memory.h"

fa_status fa_host_affine_create(struct fa_backend *backend, int channels, struct fa_affine **out)
{
    const size_t n = (size_t)channels;
    struct fa_host_affine *self;
    fa_status status;

    (void)backend;
    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    status = fa_alloc_zero(2 * n, sizeof *self->gamma, &self->gamma);
    if (status != FA_OK) {
        fa_host_affine_destroy(&self->base);
        return status;
    }
    self->beta = self->gamma + n;
    *out = &self->base;
    return FA_OK;
}

void fa_host_affine_destroy(struct fa_affine *affine)
{
    struct fa_host_affine *self = (struct fa_host_affine *)affine;

    fa_free(self->gamma);
    fa_free(self);
}

fa_status fa_host_affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta)
{
    struct fa_host_affine *self = (struct fa_host_affine *)affine;
    const size_t n = (size_t)affine->channels;

    memcpy(self->gamma, gamma, n * sizeof *gamma);
    memcpy(self->beta, beta, n * sizeof *beta);
    return FA_OK;
}

fa_status fa_host_affine_sum_create(struct fa_backend *backend, struct fa_affine *affine,
                                    struct fa_affine_sum **out)
{
    const size_t n = (size_t)affine->channels;
    struct fa_host_affine_sum *self;

    (void)backend;
    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    if (fa_alloc_zero(2 * n, sizeof *self->gamma, &self->gamma) != FA_OK) {
        fa_free(self);
        return FA_ENOMEM;
    }
    self->beta = self->gamma + n;
    *out = &self->base;
    return FA_OK;
}

void fa_host_affine_sum_destroy(struct fa_affine_sum *sum)
{
    fa_free(((struct fa_host_affine_sum *)sum)->gamma);
    fa_free(sum);
}

void fa_host_affine_sum_clear(struct fa_affine_sum *sum)
{
    struct fa_host_affine_sum *self = (struct fa_host_affine_sum *)sum;

    memset(self->gamma, 0, 2 * (size_t)sum->affine->channels * sizeof *self->gamma);
}

void fa_host_affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta)
{
    const struct fa_host_affine_sum *self = (const struct fa_host_affine_sum *)sum;

    for (int c = 0; c < sum->affine->channels; c++) {
        gamma[c] += (fa_real)self->gamma[c];
        beta[c] += (fa_real)self->beta[c];
    }
}

size_t fa_host_norm_statistics_bytes(const struct fa_norm *norm)
{
    return (size_t)norm->desc.groups * sizeof(struct fa_group);
}

struct fa_group fa_group_of(double mean, double variance)
{
    return (struct fa_group){mean, 1 / sqrt(variance + FA_NORM_EPSILON)};
}

struct fa_norm_channel fa_norm_channel_of(const struct fa_norm *norm, const struct fa_group *group, int c)
{
    const struct fa_host_affine *affine = fa_host_affine_of(norm);

    return (struct fa_norm_channel){(fa_real)group->mean, (fa_real)(affine->gamma[c] * group->scale),
                                    affine->beta[c]};
}

void fa_norm_learn(const struct fa_norm *norm, const struct fa_group *group, int c, double sum,
                   double product, struct fa_affine_sum *learned, struct fa_norm_sums *sums)
{
    const struct fa_host_affine *affine = fa_host_affine_of(norm);
    struct fa_host_affine_sum *affine_sum = (struct fa_host_affine_sum *)learned;

    affine_sum->beta[c] += sum;
    affine_sum->gamma[c] += product * group->scale;
    sums->gradients += affine->gamma[c] * sum;
    sums->products += affine->gamma[c] * (product * group->scale);
}

struct fa_norm_slope fa_norm_slope_of(const struct fa_norm *norm, const struct fa_group *group,
                                      const struct fa_norm_sums *sums)
{
    const double scale_of_mean = group->scale / fa_group_elements(norm);

    return (struct fa_norm_slope){(fa_real)(group->scale * scale_of_mean * sums->products),
                                  (fa_real)(scale_of_mean * sums->gradients)};
}
