/*
 * share.c - memory of the GPU that other processes of the host read, by CUDA's interprocess communication.
 *
 * They may compute on the same GPU, or on one that reaches it as a peer; where neither is so, or a container
 * keeps them apart, CUDA says no when they ask.
 */
#include <string.h>

#include "backend.h"

_Static_assert(sizeof(struct fa_cuda_ipc_handle) == sizeof(struct fa_memory_key), "a key holds a handle");

/* A refusal is no failure of the queue, and must not be told by its next launch. */
static fa_status conclude(const struct fa_cuda *cuda, int error, const char *doing)
{
    if (error != FA_CUDA_Success)
        (void)cuda->cudaGetLastError();
    return fa_cuda_check(cuda, error, doing);
}

fa_status fa_cuda_lend(struct fa_backend *backend, void *memory, struct fa_memory_key *key)
{
    const struct fa_cuda *cuda = fa_cuda_queue_of(backend)->device->runtime;
    struct fa_cuda_ipc_handle handle;

    FA_TRY(conclude(cuda, cuda->cudaIpcGetMemHandle(&handle, memory), "lending the GPU's memory"));
    memcpy(key, &handle, sizeof handle);
    return FA_OK;
}

fa_status fa_cuda_borrow(struct fa_backend *backend, const struct fa_memory_key *key, void **out)
{
    const struct fa_cuda *cuda = fa_cuda_queue_of(backend)->device->runtime;
    struct fa_cuda_ipc_handle handle;

    *out = NULL;
    memcpy(&handle, key, sizeof handle);
    return conclude(cuda, cuda->cudaIpcOpenMemHandle(out, handle, FA_CUDA_IpcMemLazyEnablePeerAccess),
                    "reaching another process's memory of a GPU");
}

/* Work that reads it is over before. */
void fa_cuda_end_loan(struct fa_backend *backend, void *memory)
{
    struct fa_cuda_queue *queue = fa_cuda_queue_of(backend);
    const struct fa_cuda *cuda = queue->device->runtime;

    fa_cuda_note(queue, cuda->cudaStreamSynchronize(queue->stream), "computing on the GPU");
    fa_cuda_note(queue, cuda->cudaIpcCloseMemHandle(memory), "giving back another process's memory of a GPU");
}
