/*
 * maps.c - activations in and out, between maps of unlike size, and everything element by element.
 */
#include <string.h>

#include "backend.h"
#include "fa/memory.h"

static const struct fa_cuda_kernels *kernels_of(const struct fa_cuda_queue *queue)
{
    return &queue->device->kernels;
}

static enum fa_cuda_type type_of(const struct fa_cuda_queue *queue)
{
    return queue->device->type;
}

static size_t padded_elements(struct fa_shape shape)
{
    return fa_cuda_positions(shape) * (size_t)fa_cuda_padded(shape.c);
}

size_t fa_cuda_activation_bytes(const struct fa_backend *backend, struct fa_shape shape)
{
    const size_t n_bytes = padded_elements(shape) * fa_cuda_type_bytes(type_of(fa_cuda_queue_of(backend)));

    return (n_bytes + 255) / 256 * 256;
}

/* ---- in and out ---- */

/* Page-locked, and no longer read by an earlier copy. */
static fa_status stage(struct fa_cuda_queue *queue, size_t n_bytes, float **out)
{
    FA_TRY(fa_backend_synchronize(&queue->base));
    if (n_bytes > queue->staged_bytes) {
        if (queue->staged != NULL)
            fa_backend_free_host(&queue->base, queue->staged);
        queue->staged = NULL;
        queue->staged_bytes = 0;
        FA_TRY(fa_backend_alloc_host(&queue->base, n_bytes, &queue->staged));
        queue->staged_bytes = n_bytes;
    }
    *out = queue->staged;
    return FA_OK;
}

static void to_rows(struct fa_shape shape, const float *chw, float *rows)
{
    const size_t n = fa_cuda_positions(shape), c = (size_t)shape.c;

    for (size_t channel = 0; channel < c; channel++)
        for (size_t position = 0; position < n; position++)
            rows[position * c + channel] = chw[channel * n + position];
}

static fa_status import_rows(struct fa_cuda_queue *queue, struct fa_shape shape, const float *chw,
                             void *activation)
{
    const size_t n_bytes = fa_shape_elements(shape) * sizeof *chw;
    float *rows;

    FA_TRY(stage(queue, n_bytes, &rows));
    FA_TRY(fa_cuda_room_grow(queue, &queue->rows, n_bytes, false));
    to_rows(shape, chw, rows);
    fa_backend_put(&queue->base, queue->rows.memory, rows, n_bytes);
    fa_cuda_import_hwc(&queue->base, shape, queue->rows.memory, activation);
    return FA_OK;
}

void fa_cuda_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw, void *activation)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note_status(queue, import_rows(queue, shape, chw, activation));
}

void fa_cuda_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                        fa_real *hwc)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->rows_out(queue->stream, type_of(queue), fa_cuda_positions(shape),
                                             fa_cuda_padded(shape.c), shape.c, activation, hwc),
                 "export of rows");
}

void fa_cuda_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                        void *activation)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->rows_in(queue->stream, type_of(queue), fa_cuda_positions(shape),
                                            fa_cuda_padded(shape.c), shape.c, hwc, activation),
                 "import of rows");
}

/* ---- maps of unlike size ---- */

static struct fa_cuda_map map_of(struct fa_shape shape)
{
    return (struct fa_cuda_map){shape.h, shape.w};
}

void fa_cuda_upsample_map(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                          const void *src, void *dst)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->upsample(queue->stream, type_of(queue), map_of(in), map_of(out),
                                             fa_cuda_padded(in.c), src, dst),
                 "upsampling");
}

void fa_cuda_upsample_map_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                   const void *diff_dst, bool accumulate, void *diff_src)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->upsample_backward(queue->stream, type_of(queue), map_of(in), map_of(out),
                                                      fa_cuda_padded(in.c), diff_dst, accumulate, diff_src),
                 "gradient of upsampling");
}

static fa_status create_pool(struct fa_pool **out)
{
    return fa_alloc_zero(1, sizeof **out, out);
}

fa_status fa_cuda_pool_create(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out)
{
    (void)backend, (void)in;
    return create_pool(out);
}

void fa_cuda_pool_destroy(struct fa_pool *pool)
{
    fa_free(pool);
}

size_t fa_cuda_pool_index_bytes(const struct fa_pool *pool)
{
    return padded_elements(pool->out);
}

fa_status fa_cuda_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(pool->backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->pool(queue->stream, type_of(queue), map_of(pool->in),
                                         fa_cuda_padded(pool->in.c), src, dst, index),
                 "max-pool");
    return FA_OK;
}

fa_status fa_cuda_pool_unpool(struct fa_pool *pool, const void *index, const void *diff_dst,
                              const void *relu_output, void *diff_src)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(pool->backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->pool_backward(queue->stream, type_of(queue), map_of(pool->in),
                                                  fa_cuda_padded(pool->in.c), index, diff_dst, relu_output,
                                                  diff_src),
                 "gradient of max-pool");
    return FA_OK;
}

/* ---- element by element ---- */

void fa_cuda_add_masked_map(struct fa_backend *backend, struct fa_shape shape, const void *src,
                            const void *relu_output, void *dst)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue,
                 kernels_of(queue)->add_masked(queue->stream, type_of(queue), padded_elements(shape), src,
                                               relu_output, dst),
                 "adding and masking");
}

/* Room for both, and the sums behind it. */
static fa_status moments(struct fa_cuda_queue *queue, struct fa_shape shape, const void *activation,
                         double *sum, double *sum_of_squares)
{
    const size_t positions = fa_cuda_positions(shape), channels = (size_t)fa_cuda_padded(shape.c);
    const size_t n_bytes = (size_t)shape.c * sizeof *sum;
    double *sums;

    FA_TRY(fa_cuda_room_grow(
        queue, &queue->scratch,
        kernels_of(queue)->moments_scratch_bytes(type_of(queue), positions, (int)channels), true));
    FA_TRY(fa_cuda_room_grow(queue, &queue->rows, 2 * channels * sizeof *sums, false));
    sums = queue->rows.memory;
    fa_cuda_note(queue,
                 kernels_of(queue)->moments(queue->stream, type_of(queue), positions, (int)channels,
                                            activation, queue->scratch.memory, sums, sums + channels),
                 "moments");
    fa_backend_get(&queue->base, sum, sums, n_bytes);
    fa_backend_get(&queue->base, sum_of_squares, sums + channels, n_bytes);
    return FA_OK;
}

void fa_cuda_channel_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                             double *sum, double *sum_of_squares)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note_status(queue, moments(queue, shape, activation, sum, sum_of_squares));
}
