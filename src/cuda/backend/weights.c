/*
 * weights.c - a layer's filters as cuDNN takes them, and the gradient by them.
 */
#include <string.h>

#include "backend.h"
#include "fa/memory.h"

static struct fa_cuda_weights *weights_of(struct fa_weights *weights)
{
    return (struct fa_cuda_weights *)weights;
}

static const struct fa_cuda_kernels *kernels_of(const struct fa_backend *backend)
{
    return &fa_cuda_queue_of(backend)->device->kernels;
}

static enum fa_cuda_type type_of(const struct fa_backend *backend)
{
    return fa_cuda_queue_of(backend)->device->type;
}

/* Of the padded filters. */
static size_t padded_filters(const struct fa_cuda_weights *weights, const struct fa_weights_desc *desc)
{
    return (size_t)weights->out * (size_t)weights->in * (size_t)desc->kernel * (size_t)desc->kernel;
}

static size_t plain_filters(const struct fa_weights_desc *desc)
{
    return (size_t)desc->out_channels * (size_t)(desc->in_channels / desc->groups) * (size_t)desc->kernel *
           (size_t)desc->kernel;
}

/* ---- life ---- */

static fa_status take_packed(struct fa_backend *backend, struct fa_cuda_weights *self,
                             const struct fa_weights_desc *desc)
{
    const size_t element = fa_cuda_type_bytes(type_of(backend));

    FA_TRY(fa_backend_alloc(backend, padded_filters(self, desc) * element, &self->filters));
    return fa_backend_alloc(backend, (size_t)self->out * element, &self->bias);
}

static void free_weights(struct fa_backend *backend, struct fa_cuda_weights *self)
{
    fa_backend_free(backend, self->filters);
    fa_backend_free(backend, self->bias);
    fa_backend_free(backend, self->loaded);
    fa_free(self);
}

/* Of a grouped layer channels have no padding. */
fa_status fa_cuda_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                 struct fa_weights **out)
{
    struct fa_cuda_weights *self;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    self->out = desc->groups == 1 ? fa_cuda_padded(desc->out_channels) : desc->out_channels;
    self->in = desc->groups == 1 ? fa_cuda_padded(desc->in_channels) : desc->in_channels / desc->groups;
    status = take_packed(backend, self, desc);
    if (status == FA_OK)
        *out = &self->base;
    else
        free_weights(backend, self);
    return status;
}

void fa_cuda_weights_destroy(struct fa_weights *weights)
{
    free_weights(weights->backend, weights_of(weights));
}

/* ---- folding ---- */

static struct fa_cuda_layer layer_of(const struct fa_weights *weights, const struct fa_layer_values *values)
{
    const struct fa_cuda_weights *self = (const struct fa_cuda_weights *)weights;
    const struct fa_weights_desc *desc = &weights->desc;

    return (struct fa_cuda_layer){.out = desc->out_channels,
                                  .in = desc->in_channels / desc->groups,
                                  .kernel = desc->kernel,
                                  .out_padded = self->out,
                                  .in_padded = self->in,
                                  .weight = values->filters,
                                  .bias = values->bias,
                                  .gamma = values->gamma,
                                  .mean = values->mean,
                                  .var = values->var};
}

fa_status fa_cuda_weights_fold(struct fa_weights *weights, const struct fa_layer_values *values)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(weights->backend);
    const struct fa_cuda_folding folding = {layer_of(weights, values), weights_of(weights)->filters,
                                            weights_of(weights)->bias};

    fa_cuda_note(queue,
                 kernels_of(weights->backend)->fold(queue->stream, type_of(weights->backend), &folding, 1),
                 "folding");
    return FA_OK;
}

/* Scaled by the host: only measurements and tests load what is no layer's. */
static fa_status scale_filters(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                               const fa_real *bias, float *loaded)
{
    const size_t n = plain_filters(&weights->desc), channels = (size_t)weights->desc.out_channels;

    fa_backend_get(weights->backend, loaded, oihw, n * sizeof *loaded);
    FA_TRY(fa_backend_synchronize(weights->backend));
    for (size_t i = 0; i < n && scale != NULL; i++)
        loaded[i] *= scale[i / (n / channels)];
    memcpy(loaded + n, bias, channels * sizeof *loaded);
    return FA_OK;
}

fa_status fa_cuda_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                               const fa_real *bias)
{
    struct fa_cuda_weights *self = weights_of(weights);
    const size_t n = plain_filters(&weights->desc);
    const size_t n_bytes = (n + (size_t)weights->desc.out_channels) * sizeof(float);
    float *loaded;
    fa_status status;

    FA_TRY(fa_alloc(n_bytes, 1, &loaded));
    status = scale_filters(weights, oihw, scale, bias, loaded);
    if (status == FA_OK && self->loaded == NULL)
        status = fa_backend_alloc(weights->backend, n_bytes, (void **)&self->loaded);
    if (status == FA_OK) {
        fa_backend_put(weights->backend, self->loaded, loaded, n_bytes);
        status = fa_backend_synchronize(weights->backend);
    }
    fa_free(loaded);
    FA_TRY(status);
    return fa_cuda_weights_fold(weights,
                                &(struct fa_layer_values){.filters = self->loaded, .bias = self->loaded + n});
}

/* ---- sums of gradients ---- */

static void free_sum(struct fa_backend *backend, struct fa_cuda_weights_sum *self)
{
    fa_backend_free(backend, self->filters);
    fa_backend_free(backend, self->bias);
    fa_free(self);
}

fa_status fa_cuda_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                     struct fa_weights_sum **out)
{
    const struct fa_cuda_weights *of = weights_of(weights);
    struct fa_cuda_weights_sum *self;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    status = fa_backend_alloc(backend, padded_filters(of, &weights->desc) * sizeof(float),
                              (void **)&self->filters);
    if (status == FA_OK)
        status = fa_backend_alloc(backend, (size_t)of->out * sizeof(float), (void **)&self->bias);
    if (status == FA_OK)
        *out = &self->base;
    else
        free_sum(backend, self);
    return status;
}

void fa_cuda_weights_sum_destroy(struct fa_weights_sum *sum)
{
    free_sum(sum->backend, (struct fa_cuda_weights_sum *)sum);
}

void fa_cuda_weights_sum_clear(struct fa_weights_sum *sum)
{
    ((struct fa_cuda_weights_sum *)sum)->has_some = false;
}

void fa_cuda_weights_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                            const struct fa_layer_grads *grads)
{
    const struct fa_cuda_weights_sum *self = (const struct fa_cuda_weights_sum *)sum;
    struct fa_cuda_queue *queue = fa_cuda_queue_of(sum->backend);
    const struct fa_cuda_unfolding unfolding = {.layer = layer_of(sum->weights, values),
                                                .filters = self->filters,
                                                .bias = self->bias,
                                                .weight_gradient = grads->filters,
                                                .bias_gradient = grads->bias,
                                                .gamma_gradient = grads->gamma};

    if (self->has_some)
        fa_cuda_note(queue, kernels_of(sum->backend)->unfold(queue->stream, FA_CUDA_F32, &unfolding, 1),
                     "unfolding");
}

/* All channels into room of our own, and those that are asked for from there. */
static fa_status read_sum(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw, fa_real *bias)
{
    struct fa_backend *backend = sum->backend;
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const struct fa_weights_desc *desc = &sum->weights->desc;
    const size_t all = plain_filters(desc), channels = (size_t)desc->out_channels, one = all / channels;
    float *rows;

    FA_TRY(fa_cuda_room_grow(queue, &queue->rows, (all + channels) * sizeof *rows, false));
    rows = queue->rows.memory;
    fa_cuda_flat_ops.clear(backend, rows, all + channels);
    fa_cuda_weights_unfold((struct fa_weights_sum *)sum, &(struct fa_layer_values){0},
                           &(struct fa_layer_grads){.filters = rows, .bias = rows + all});
    fa_cuda_flat_ops.copy(backend, oihw, rows + (size_t)first * one, (size_t)n * one);
    fa_cuda_flat_ops.copy(backend, bias, rows + all + first, (size_t)n);
    return FA_OK;
}

void fa_cuda_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw,
                              fa_real *bias)
{
    fa_cuda_note_status(fa_cuda_queue_of(sum->backend), read_sum(sum, first, n, oihw, bias));
}
