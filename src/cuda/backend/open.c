/*
 * open.c - the libraries, the GPU, and a queue on it; and the table of the backend.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "fa/cuda.h"
#include "fa/memory.h"

#define MOST_WORKSPACE ((size_t)512 << 20)

/* ---- the device ---- */

static void close_device(struct fa_cuda_device *device)
{
    fa_cudnn_device_close(&device->properties);
    fa_cudnn_close(device->cudnn);
    fa_cuda_close(device->runtime);
    fa_free(device);
}

static fa_status open_libraries(struct fa_cuda_device *device, const struct fa_backend *base)
{
    FA_TRY(fa_cuda_open(getenv("FA_CUDA_RUNTIME"), &device->runtime));
    FA_TRY(fa_cuda_choose_device(device, base));
    FA_TRY(fa_cudnn_open(getenv("FA_CUDA_CUDNN"), &device->cudnn));
    memcpy(device->cudnn->gpu, device->runtime->gpu, sizeof device->cudnn->gpu);
    FA_TRY(fa_cuda_kernels_open(getenv("FA_CUDA_KERNELS"), &device->kernels));
    FA_TRY(fa_cuda_kernels_check(&device->kernels, &device->place));
    return fa_cudnn_device_open(device->cudnn, device->place.number, &device->properties);
}

static fa_status open_device(const struct fa_backend *base, struct fa_cuda_device **out)
{
    struct fa_cuda_device *device;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *device, &device));
    device->precision = (enum fa_cudnn_precision)base->precision;
    device->type = device->precision == FA_CUDNN_BF16 ? FA_CUDA_BF16 : FA_CUDA_F32;
    device->most_workspace_bytes = MOST_WORKSPACE;
    status = open_libraries(device, base);
    if (status == FA_OK)
        *out = device;
    else
        close_device(device);
    return status;
}

/* ---- a queue ---- */

static void close_queue(struct fa_backend *backend)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    struct fa_cuda_device *device = queue->device;
    const struct fa_cuda *cuda = device->runtime;
    void *const memory[] = {queue->workspace.memory, queue->gradient.memory, queue->scratch.memory,
                            queue->rows.memory,      queue->pixels.memory,   queue->slots_up};

    if (queue->stream != NULL)
        (void)cuda->cudaStreamSynchronize(queue->stream);
    for (int i = 0; i < FA_CUDA_EVENTS; i++)
        if (queue->event[i] != NULL)
            (void)cuda->cudaEventDestroy(queue->event[i]);
    fa_cuda_stamps_free(queue);
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++)
        if (memory[i] != NULL)
            (void)cuda->cudaFree(memory[i]);
    if (queue->slots != NULL)
        (void)cuda->cudaFreeHost(queue->slots);
    if (queue->staged != NULL)
        (void)cuda->cudaFreeHost(queue->staged);
    fa_cudnn_handle_destroy(&queue->handle);
    if (queue->stream != NULL)
        (void)cuda->cudaStreamDestroy(queue->stream);
    fa_free(queue);
    if (--device->n_queues == 0)
        close_device(device);
}

static fa_status start_queue(struct fa_cuda_queue *queue)
{
    const struct fa_cuda_device *device = queue->device;
    const struct fa_cuda *cuda = device->runtime;
    const size_t n_bytes = (size_t)FA_CUDA_SLOTS * FA_CUDA_SLOT_BYTES;

    FA_TRY(fa_cuda_check(cuda, cuda->cudaStreamCreateWithFlags(&queue->stream, FA_CUDA_StreamNonBlocking),
                         "making a stream"));
    FA_TRY(fa_cudnn_handle_create(device->cudnn, queue->stream, &queue->handle));
    FA_TRY(
        fa_cuda_check(cuda, cuda->cudaMalloc((void **)&queue->slots_up, n_bytes), "taking the GPU's memory"));
    return fa_cuda_check(cuda, cuda->cudaHostAlloc((void **)&queue->slots, n_bytes, FA_CUDA_HostAllocDefault),
                         "taking page-locked memory");
}

fa_status fa_cuda_queue_open(const struct fa_backend *base, struct fa_cuda_device *device,
                             struct fa_backend **out)
{
    struct fa_cuda_queue *queue;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *queue, &queue));
    queue->base = *base;
    queue->device = device;
    device->n_queues++;
    status = start_queue(queue);
    if (status == FA_OK)
        *out = &queue->base;
    else
        close_queue(&queue->base);
    return status;
}

static fa_status open_backend(const struct fa_backend *base, struct fa_backend **out)
{
    struct fa_cuda_device *device;
    fa_status status;

    FA_TRY(open_device(base, &device));
    device->n_queues++; /* ours, until the queue has its own */
    status = fa_cuda_queue_open(base, device, out);
    if (--device->n_queues == 0)
        close_device(device);
    if (status != FA_OK)
        return status;
    (*out)->place = &device->place;
    snprintf((*out)->description, sizeof(*out)->description, "%.100s, %s", device->properties.origin,
             fa_cudnn_precision_names[device->precision]);
    return FA_OK;
}

void fa_cuda_offer(void)
{
    fa_backend_offer(&fa_backend_cuda);
}

const struct fa_backend_ops fa_backend_cuda = {.name = "cuda",
                                               .has_precisions = true,
                                               .open = open_backend,
                                               .close = close_queue,
                                               .memory = &fa_cuda_memory_ops,
                                               .flat = &fa_cuda_flat_ops,
                                               .head = &fa_cuda_head_ops,
                                               .activation_bytes = fa_cuda_activation_bytes,
                                               .import_chw = fa_cuda_import_chw,
                                               .import_frame = fa_cuda_import_frame,
                                               .export_hwc = fa_cuda_export_hwc,
                                               .import_hwc = fa_cuda_import_hwc,
                                               .weights_create = fa_cuda_weights_create,
                                               .weights_destroy = fa_cuda_weights_destroy,
                                               .weights_load = fa_cuda_weights_load,
                                               .weights_fold = fa_cuda_weights_fold,
                                               .weights_unfold = fa_cuda_weights_unfold,
                                               .weights_sum_create = fa_cuda_weights_sum_create,
                                               .weights_sum_destroy = fa_cuda_weights_sum_destroy,
                                               .weights_sum_clear = fa_cuda_weights_sum_clear,
                                               .weights_sum_read = fa_cuda_weights_sum_read,
                                               .conv_create = fa_cuda_conv_create,
                                               .conv_destroy = fa_cuda_conv_destroy,
                                               .conv_algorithms = fa_cuda_conv_algorithms,
                                               .conv_chosen = fa_cuda_conv_chosen,
                                               .conv_forward = fa_cuda_conv_forward,
                                               .conv_backward_data = fa_cuda_conv_backward_data,
                                               .conv_backward_weights = fa_cuda_conv_backward_weights,
                                               .affine_create = fa_cuda_affine_create,
                                               .affine_destroy = fa_cuda_affine_destroy,
                                               .affine_load = fa_cuda_affine_load,
                                               .affine_sum_create = fa_cuda_affine_sum_create,
                                               .affine_sum_destroy = fa_cuda_affine_sum_destroy,
                                               .affine_sum_clear = fa_cuda_affine_sum_clear,
                                               .affine_sum_add = fa_cuda_affine_sum_add,
                                               .norm_create = fa_cuda_group_norm_create,
                                               .norm_destroy = fa_cuda_group_norm_destroy,
                                               .norm_statistics_bytes = fa_cuda_group_norm_statistics_bytes,
                                               .norm_forward = fa_cuda_group_norm_forward,
                                               .norm_repeat = fa_cuda_group_norm_repeat,
                                               .norm_backward = fa_cuda_group_norm_backward,
                                               .pool_create = fa_cuda_pool_create,
                                               .pool_destroy = fa_cuda_pool_destroy,
                                               .pool_index_bytes = fa_cuda_pool_index_bytes,
                                               .pool_forward = fa_cuda_pool_forward,
                                               .pool_backward = fa_cuda_pool_unpool,
                                               .upsample = fa_cuda_upsample_map,
                                               .upsample_backward = fa_cuda_upsample_map_backward,
                                               .add_masked = fa_cuda_add_masked_map,
                                               .moments = fa_cuda_channel_moments};
