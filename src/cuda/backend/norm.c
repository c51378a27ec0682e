/*
 * norm.c - group norm on the GPU.
 */
#include "backend.h"
#include "fa/memory.h"

struct cuda_affine {
    struct fa_affine base;
    float *gamma, *beta;
};

struct cuda_affine_sum {
    struct fa_affine_sum base;
    double *gamma, *beta;
    bool has_some; /* else what is in them does not count */
};

struct cuda_norm {
    struct fa_norm base;
    struct fa_cuda_norm shape;
};

static const struct fa_cuda_kernels *kernels_of(const struct fa_backend *backend)
{
    return &fa_cuda_queue_of(backend)->device->kernels;
}

/* Two arrays of so many elements in one block. */
static fa_status take_pair(struct fa_backend *backend, int channels, size_t element, void **first,
                           void **second)
{
    const size_t n_bytes = (size_t)channels * element;

    FA_TRY(fa_backend_alloc(backend, 2 * n_bytes, first));
    *second = (char *)*first + n_bytes;
    return FA_OK;
}

/* ---- gamma and beta ---- */

fa_status fa_cuda_affine_create(struct fa_backend *backend, int channels, struct fa_affine **out)
{
    struct cuda_affine *self;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    status = take_pair(backend, channels, sizeof(float), (void **)&self->gamma, (void **)&self->beta);
    if (status == FA_OK)
        *out = &self->base;
    else
        fa_free(self);
    return status;
}

void fa_cuda_affine_destroy(struct fa_affine *affine)
{
    fa_backend_free(affine->backend, ((struct cuda_affine *)affine)->gamma);
    fa_free(affine);
}

fa_status fa_cuda_affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta)
{
    const struct cuda_affine *self = (const struct cuda_affine *)affine;

    fa_cuda_flat_ops.copy(affine->backend, self->gamma, gamma, (size_t)affine->channels);
    fa_cuda_flat_ops.copy(affine->backend, self->beta, beta, (size_t)affine->channels);
    return FA_OK;
}

fa_status fa_cuda_affine_sum_create(struct fa_backend *backend, struct fa_affine *affine,
                                    struct fa_affine_sum **out)
{
    struct cuda_affine_sum *self;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    status =
        take_pair(backend, affine->channels, sizeof(double), (void **)&self->gamma, (void **)&self->beta);
    if (status == FA_OK)
        *out = &self->base;
    else
        fa_free(self);
    return status;
}

void fa_cuda_affine_sum_destroy(struct fa_affine_sum *sum)
{
    fa_backend_free(sum->backend, ((struct cuda_affine_sum *)sum)->gamma);
    fa_free(sum);
}

void fa_cuda_affine_sum_clear(struct fa_affine_sum *sum)
{
    ((struct cuda_affine_sum *)sum)->has_some = false;
}

void fa_cuda_affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta)
{
    const struct cuda_affine_sum *self = (const struct cuda_affine_sum *)sum;
    struct fa_cuda_queue *queue = fa_cuda_queue_of(sum->backend);
    const int channels = sum->affine->channels;

    if (!self->has_some)
        return;
    fa_cuda_note(queue, kernels_of(sum->backend)->norm_unfold(queue->stream, channels, self->gamma, gamma),
                 "adding gamma's gradient");
    fa_cuda_note(queue, kernels_of(sum->backend)->norm_unfold(queue->stream, channels, self->beta, beta),
                 "adding beta's gradient");
}

/* ---- norms ---- */

fa_status fa_cuda_group_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                                    struct fa_affine *affine, struct fa_norm **out)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    struct cuda_norm *self;
    fa_status status;

    (void)affine;
    FA_TRY(fa_alloc_zero(1, sizeof *self, &self));
    self->shape = (struct fa_cuda_norm){.type = queue->device->type,
                                        .positions = fa_cuda_positions(desc->shape),
                                        .channels = desc->shape.c,
                                        .groups = desc->groups,
                                        .relu = desc->relu,
                                        .residual = desc->residual};
    status = fa_cuda_room_grow(queue, &queue->scratch, kernels_of(backend)->norm_scratch_bytes(&self->shape),
                               true);
    if (status == FA_OK)
        *out = &self->base;
    else
        fa_free(self);
    return status;
}

void fa_cuda_group_norm_destroy(struct fa_norm *norm)
{
    fa_free(norm);
}

size_t fa_cuda_group_norm_statistics_bytes(const struct fa_norm *norm)
{
    return (size_t)norm->desc.groups * sizeof(struct fa_cuda_group);
}

fa_status fa_cuda_group_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                                     void *statistics)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(norm->backend);
    const struct cuda_affine *affine = (const struct cuda_affine *)norm->affine;

    if (statistics == NULL) {
        FA_TRY(fa_cuda_room_grow(queue, &queue->rows, fa_cuda_group_norm_statistics_bytes(norm), false));
        statistics = queue->rows.memory;
    }
    fa_cuda_note(queue,
                 kernels_of(norm->backend)
                     ->norm_forward(queue->stream, &((struct cuda_norm *)norm)->shape, affine->gamma,
                                    affine->beta, src, residual, queue->scratch.memory, statistics, dst),
                 "group norm");
    return FA_OK;
}

fa_status fa_cuda_group_norm_repeat(struct fa_norm *norm, const void *src, const void *residual,
                                    const void *statistics, void *dst)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(norm->backend);
    const struct cuda_affine *affine = (const struct cuda_affine *)norm->affine;

    fa_cuda_note(queue,
                 kernels_of(norm->backend)
                     ->norm_repeat(queue->stream, &((struct cuda_norm *)norm)->shape, affine->gamma,
                                   affine->beta, src, residual, statistics, dst),
                 "group norm again");
    return FA_OK;
}

fa_status fa_cuda_group_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                                      const void *diff_dst, void *diff_src, struct fa_affine_sum *sum)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(norm->backend);
    const struct cuda_affine *affine = (const struct cuda_affine *)norm->affine;
    struct cuda_affine_sum *sums = (struct cuda_affine_sum *)sum;

    fa_cuda_note(queue,
                 kernels_of(norm->backend)
                     ->norm_backward(queue->stream, &((struct cuda_norm *)norm)->shape, affine->gamma,
                                     affine->beta, src, statistics, diff_dst, queue->scratch.memory,
                                     sums->has_some, sums->gamma, sums->beta, diff_src),
                 "gradient of group norm");
    sums->has_some = true;
    return FA_OK;
}
