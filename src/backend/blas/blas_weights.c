/*
 * blas_weights.c - filters and sums of their gradients, OIHW: for each group a matrix of (out / groups) rows.
 */
#include <string.h>

#include "blas.h"
#include "fa/memory.h"

static size_t filter_size(const struct fa_weights_desc *desc)
{
    return (size_t)(desc->in_channels / desc->groups) * (size_t)desc->kernel * (size_t)desc->kernel;
}

fa_status fa_blas_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                 struct fa_weights **out)
{
    struct fa_blas_weights *self;
    size_t n_out = (size_t)desc->out_channels;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    self->base = (struct fa_weights){backend, *desc};
    self->n_filters = n_out * filter_size(desc);
    status = fa_alloc_zero(self->n_filters, sizeof(fa_real), &self->filters);
    if (status == FA_OK)
        status = fa_alloc_zero(n_out, sizeof(fa_real), &self->bias);
    if (status != FA_OK) {
        fa_blas_weights_destroy(&self->base);
        return status;
    }
    *out = &self->base;
    return FA_OK;
}

void fa_blas_weights_destroy(struct fa_weights *weights)
{
    struct fa_blas_weights *self = (struct fa_blas_weights *)weights;

    fa_blas_weights_forget(weights);
    fa_free(self->filters);
    fa_free(self->bias);
    fa_free(self);
}

void fa_blas_weights_forget(struct fa_weights *weights)
{
    struct fa_blas_weights *self = (struct fa_blas_weights *)weights;

    for (int i = 0; i < WINOGRAD_DIRECTIONS; i++)
        fa_store_give_back(&fa_blas_of(weights->backend)->store, &self->winograd[i]);
}

fa_status fa_blas_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                               const fa_real *bias)
{
    struct fa_blas_weights *self = (struct fa_blas_weights *)weights;
    size_t size = filter_size(&weights->desc);

    fa_blas_weights_forget(weights);
    for (size_t o = 0; o < (size_t)weights->desc.out_channels; o++) {
        fa_real factor = scale != NULL ? scale[o] : 1;

        for (size_t i = 0; i < size; i++)
            self->filters[o * size + i] = oihw[o * size + i] * factor;
        self->bias[o] = bias[o];
    }
    return FA_OK;
}

/* ---- sums of gradients ---- */

fa_status fa_blas_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                     struct fa_weights_sum **out)
{
    struct fa_blas_weights_sum *self;
    fa_status status;

    (void)backend;
    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    status = fa_alloc_zero(((struct fa_blas_weights *)weights)->n_filters, sizeof(fa_real), &self->filters);
    if (status == FA_OK)
        status = fa_alloc_zero((size_t)weights->desc.out_channels, sizeof(fa_real), &self->bias);
    if (status == FA_OK)
        *out = &self->base;
    else
        fa_blas_weights_sum_destroy(&self->base);
    return status;
}

void fa_blas_weights_sum_destroy(struct fa_weights_sum *sum)
{
    struct fa_blas_weights_sum *self = (struct fa_blas_weights_sum *)sum;

    fa_free(self->filters);
    fa_free(self->bias);
    fa_free(self);
}

void fa_blas_weights_sum_clear(struct fa_weights_sum *sum)
{
    struct fa_blas_weights_sum *self = (struct fa_blas_weights_sum *)sum;
    const struct fa_blas_weights *weights = (const struct fa_blas_weights *)sum->weights;

    memset(self->filters, 0, weights->n_filters * sizeof(fa_real));
    memset(self->bias, 0, (size_t)sum->weights->desc.out_channels * sizeof(fa_real));
}

void fa_blas_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw,
                              fa_real *bias)
{
    const struct fa_blas_weights_sum *self = (const struct fa_blas_weights_sum *)sum;
    const size_t size = filter_size(&sum->weights->desc);

    memcpy(oihw, self->filters + (size_t)first * size, (size_t)n * size * sizeof(fa_real));
    memcpy(bias, self->bias + first, (size_t)n * sizeof(fa_real));
}
