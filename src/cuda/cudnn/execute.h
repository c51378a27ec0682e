/*
 * execute.h - plans run: a handle for each stream, and a call for each plan and place in memory.
 *
 * A call binds a plan to device memory once, when an arena is laid out; running it is one call of cuDNN,
 * which takes no memory, only adds work to the handle's stream, and can be captured into a CUDA graph.
 */
#ifndef FA_CUDA_CUDNN_EXECUTE_H
#define FA_CUDA_CUDNN_EXECUTE_H

#include "plan.h"

struct fa_cudnn_handle {
    const struct fa_cudnn *cudnn;
    struct cudnnContext *handle;
};

/* For the device that is current in this thread. Ended with fa_cudnn_handle_destroy. */
fa_status fa_cudnn_handle_create(const struct fa_cudnn *cudnn, struct CUstream_st *stream,
                                 struct fa_cudnn_handle *handle) FA_CHECK_RESULT;
void fa_cudnn_handle_destroy(struct fa_cudnn_handle *handle);

/* The memory of the tensors that the graph uses, by enum fa_cudnn_tensor. */
struct fa_cudnn_memory {
    void *tensor[FA_CUDNN_N_TENSORS];
    void *workspace; /* the plan's workspace_bytes */
};

struct fa_cudnn_call {
    const struct fa_cudnn_plan *plan;
    struct fa_cudnn_descriptors descriptors;
    fa_cudnn_descriptor pack;
};

/* The plan outlives the call. Ended with fa_cudnn_call_destroy; *call is as if destroyed on failure. */
fa_status fa_cudnn_call_create(const struct fa_cudnn_plan *plan, const struct fa_cudnn_memory *memory,
                               struct fa_cudnn_call *call) FA_CHECK_RESULT;
void fa_cudnn_call_destroy(struct fa_cudnn_call *call);

fa_status fa_cudnn_call_run(const struct fa_cudnn_call *call,
                            const struct fa_cudnn_handle *handle) FA_CHECK_RESULT;

#endif
