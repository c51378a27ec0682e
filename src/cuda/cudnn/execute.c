#include "execute.h"

#include <assert.h>

fa_status fa_cudnn_handle_create(const struct fa_cudnn *cudnn, struct CUstream_st *stream,
                                 struct fa_cudnn_handle *handle)
{
    fa_status status;

    *handle = (struct fa_cudnn_handle){.cudnn = cudnn};
    FA_TRY(fa_cudnn_check(cudnn, cudnn->cudnnCreate(&handle->handle), "starting cuDNN on the GPU"));
    status = fa_cudnn_check(cudnn, cudnn->cudnnSetStream(handle->handle, stream), "giving cuDNN its stream");
    if (status != FA_OK)
        fa_cudnn_handle_destroy(handle);
    return status;
}

void fa_cudnn_handle_destroy(struct fa_cudnn_handle *handle)
{
    if (handle->handle != NULL)
        (void)handle->cudnn->cudnnDestroy(handle->handle);
    handle->handle = NULL;
}

static void fill_pack(struct fa_cudnn_call *call, const struct fa_cudnn_memory *memory)
{
    struct fa_cudnn_descriptors *made = &call->descriptors;
    int64_t uid[FA_CUDNN_N_TENSORS];
    void *data[FA_CUDNN_N_TENSORS];
    int n = 0;

    for (int t = 0; t < FA_CUDNN_N_TENSORS; t++)
        if (fa_cudnn_uses(&call->plan->graph->conv, (enum fa_cudnn_tensor)t)) {
            uid[n] = fa_cudnn_uid((enum fa_cudnn_tensor)t);
            assert(memory->tensor[t] != NULL);
            data[n++] = memory->tensor[t];
        }
    fa_cudnn_put(made, call->pack, FA_CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, FA_CUDNN_TYPE_INT64, n, uid);
    fa_cudnn_put(made, call->pack, FA_CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, FA_CUDNN_TYPE_VOID_PTR, n, data);
    fa_cudnn_put(made, call->pack, FA_CUDNN_ATTR_VARIANT_PACK_WORKSPACE, FA_CUDNN_TYPE_VOID_PTR, 1,
                 &memory->workspace);
}

fa_status fa_cudnn_call_create(const struct fa_cudnn_plan *plan, const struct fa_cudnn_memory *memory,
                               struct fa_cudnn_call *call)
{
    struct fa_cudnn_descriptors *made = &call->descriptors;

    *call = (struct fa_cudnn_call){.plan = plan, .descriptors = {.cudnn = plan->descriptors.cudnn}};
    call->pack = fa_cudnn_begin(made, FA_CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    fill_pack(call, memory);
    fa_cudnn_finish(made, call->pack);
    if (made->status != FA_OK)
        fa_cudnn_call_destroy(call);
    return made->status;
}

void fa_cudnn_call_destroy(struct fa_cudnn_call *call)
{
    fa_cudnn_end(&call->descriptors);
}

fa_status fa_cudnn_call_run(const struct fa_cudnn_call *call, const struct fa_cudnn_handle *handle)
{
    const struct fa_cudnn *cudnn = handle->cudnn;
    char text[FA_CUDNN_CONV_TEXT_MAX];
    const int status = cudnn->cudnnBackendExecute(handle->handle, call->plan->plan, call->pack);

    if (status == FA_CUDNN_STATUS_SUCCESS)
        return FA_OK;
    fa_cudnn_conv_text(&call->plan->graph->conv, text);
    return fa_cudnn_check(cudnn, status, text);
}
