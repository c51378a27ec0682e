/*
 * flat.c - the loops over flat memory on the GPU.
 */
#include <math.h>

#include "backend.h"

static const struct fa_cuda_kernels *kernels_of(const struct fa_cuda_queue *queue)
{
    return &queue->device->kernels;
}

static void clear(struct fa_backend *backend, fa_real *elements, size_t n)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue, kernels_of(queue)->flat_clear(queue->stream, n, elements), "clearing");
}

static void copy(struct fa_backend *backend, fa_real *to, const fa_real *from, size_t n)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const struct fa_cuda *cuda = queue->device->runtime;

    if (n > 0)
        fa_cuda_note(
            queue,
            cuda->cudaMemcpyAsync(to, from, n * sizeof *to, FA_CUDA_MemcpyDeviceToDevice, queue->stream),
            "copying on the GPU");
}

static void swap(struct fa_backend *backend, fa_real *a, fa_real *b, size_t n)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue, kernels_of(queue)->flat_swap(queue->stream, n, a, b), "exchanging");
}

static void fold(struct fa_backend *backend, fa_real *sum, const fa_real *const left[], size_t n_left,
                 fa_real *store, size_t n)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue, kernels_of(queue)->flat_fold(queue->stream, n, left, (int)n_left, sum, store),
                 "adding gradients");
}

/* Behind the scratch, so that it may grow for both. */
static fa_status sum_of_squares(struct fa_cuda_queue *queue, const fa_real *elements, size_t n, double *sum)
{
    const size_t n_bytes = (kernels_of(queue)->flat_squares_scratch_bytes(n) + 15) / 16 * 16;
    double *on_device;

    FA_TRY(fa_cuda_room_grow(queue, &queue->scratch, n_bytes, true));
    FA_TRY(fa_cuda_room_grow(queue, &queue->rows, sizeof *sum, false));
    on_device = queue->rows.memory;
    fa_cuda_note(
        queue, kernels_of(queue)->flat_squares(queue->stream, n, elements, queue->scratch.memory, on_device),
        "norm of the gradient");
    fa_backend_get(&queue->base, sum, on_device, sizeof *sum);
    return fa_backend_synchronize(&queue->base);
}

static void norm(struct fa_backend *backend, const fa_real *elements, size_t n, double *norm)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    double sum = 0;

    if (n > 0)
        fa_cuda_note_status(queue, sum_of_squares(queue, elements, n, &sum));
    *norm = sqrt(sum);
}

static fa_status checksum(struct fa_backend *backend, const fa_real *elements, size_t n, uint32_t *checksum)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    FA_TRY(fa_cuda_room_grow(queue, &queue->scratch, kernels_of(queue)->flat_crc32c_scratch_bytes(), true));
    FA_TRY(fa_cuda_room_grow(queue, &queue->rows, sizeof *checksum, false));
    fa_cuda_note(
        queue,
        kernels_of(queue)->flat_crc32c(queue->stream, n, elements, queue->scratch.memory, queue->rows.memory),
        "checksum");
    fa_backend_get(backend, checksum, queue->rows.memory, sizeof *checksum);
    return FA_OK;
}

/* The factor was clipped by whoever asks. */
static void sgd(struct fa_backend *backend, fa_real *value, fa_real *momentum, const fa_real *grad, size_t n,
                const struct fa_flat_sgd *sgd)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const struct {
        struct fa_cuda_update update;
        struct fa_cuda_decay decay;
        double squares;
    } parameters = {{.share = sgd->scale, .lr = sgd->lr, .momentum = sgd->momentum},
                    {.end = n, .weight_decay = (float)sgd->weight_decay},
                    0};
    const char *up = fa_cuda_send_up(queue, &parameters, sizeof parameters);

    fa_cuda_note(queue,
                 kernels_of(queue)->flat_update(
                     queue->stream, n, (const void *)up,
                     (const void *)(up + ((const char *)&parameters.squares - (const char *)&parameters)),
                     (const void *)(up + ((const char *)&parameters.decay - (const char *)&parameters)), 1,
                     grad, momentum, value, NULL),
                 "update of the weights");
}

static void average(struct fa_backend *backend, fa_real *average, const fa_real *value, size_t n,
                    double decay)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);

    fa_cuda_note(queue, kernels_of(queue)->flat_average(queue->stream, n, decay, value, average),
                 "average of the weights");
}

const struct fa_flat_ops fa_cuda_flat_ops = {.clear = clear,
                                             .copy = copy,
                                             .swap = swap,
                                             .fold = fold,
                                             .norm = norm,
                                             .checksum = checksum,
                                             .sgd = sgd,
                                             .average = average};
