/*
 * test_abi.c - the names, numbers and prototypes of NVIDIA's libraries that stand in abi.h and runtime.h are
 * those of NVIDIA's headers. A difference ends the compilation.
 */
#include "cuda/cudnn/abi.h"
#include "cuda/runtime.h"
#include "support.h"

#ifdef FA_HAVE_CUDNN_HEADER

#include <cuda_runtime_api.h>
#include <cudnn_graph.h>

#define CHECK_NUMBER(name, value)                                                                            \
    _Static_assert((int)CUDNN_##name == (value), "CUDNN_" #name " has another value");
FA_CUDNN_NUMBERS(CHECK_NUMBER)
#undef CHECK_NUMBER

#define CHECK_NUMBER(name, value)                                                                            \
    _Static_assert((int)cuda##name == (value), "cuda" #name " has another value");
FA_CUDA_NUMBERS(CHECK_NUMBER)
#undef CHECK_NUMBER

/* As many bytes for each argument: enumerations are ints there, pointers are pointers. */
_Static_assert(sizeof(cudnnStatus_t) == sizeof(int) && sizeof(cudaError_t) == sizeof(int), "no ints");
_Static_assert(sizeof(cudnnBackendAttributeName_t) == sizeof(int), "no ints");
_Static_assert(sizeof(cudaIpcMemHandle_t) == sizeof(struct fa_cuda_ipc_handle), "other bytes");
_Static_assert(sizeof(cudnnBackendDescriptor_t) == sizeof(fa_cudnn_descriptor), "no pointer");

/* NVIDIA's functions can be called by the arguments of ours. */
#define CHECK_CALL(name, ...) (void)sizeof(name(__VA_ARGS__))

static void prototypes_are_nvidias(void **state)
{
    struct CUstream_st *stream = NULL;
    struct CUevent_st *event = NULL;
    struct CUgraph_st *graph = NULL;
    struct CUgraphExec_st *executable = NULL;
    struct cudnnContext *handle = NULL;
    cudaIpcMemHandle_t ipc;
    void *memory = NULL;
    int64_t n = 0;
    size_t size = 0;
    float ms = 0;
    int i = 0;

    (void)state;
    CHECK_CALL(cudaMalloc, &memory, size);
    CHECK_CALL(cudaHostAlloc, &memory, size, 0u);
    CHECK_CALL(cudaMemGetInfo, &size, &size);
    CHECK_CALL(cudaDeviceGetAttribute, &i, (enum cudaDeviceAttr)0, i);
    CHECK_CALL(cudaMemcpyAsync, memory, memory, size, (enum cudaMemcpyKind)0, stream);
    CHECK_CALL(cudaMemsetAsync, memory, i, size, stream);
    CHECK_CALL(cudaIpcGetMemHandle, &ipc, memory);
    CHECK_CALL(cudaIpcOpenMemHandle, &memory, ipc, 0u);
    CHECK_CALL(cudaIpcCloseMemHandle, memory);
    CHECK_CALL(cudaStreamCreateWithFlags, &stream, 0u);
    CHECK_CALL(cudaStreamWaitEvent, stream, event, 0u);
    CHECK_CALL(cudaEventCreateWithFlags, &event, 0u);
    CHECK_CALL(cudaEventRecord, event, stream);
    CHECK_CALL(cudaEventElapsedTime, &ms, event, event);
    CHECK_CALL(cudaStreamBeginCapture, stream, (enum cudaStreamCaptureMode)0);
    CHECK_CALL(cudaStreamEndCapture, stream, &graph);
    CHECK_CALL(cudaGraphInstantiateWithFlags, &executable, graph, 0ull);
    CHECK_CALL(cudaGraphLaunch, executable, stream);
    CHECK_CALL(cudnnCreate, &handle);
    CHECK_CALL(cudnnSetStream, handle, stream);
    CHECK_CALL(cudnnBackendCreateDescriptor, (cudnnBackendDescriptorType_t)0, &memory);
    CHECK_CALL(cudnnBackendSetAttribute, memory, (cudnnBackendAttributeName_t)0,
               (cudnnBackendAttributeType_t)0, n, memory);
    CHECK_CALL(cudnnBackendGetAttribute, memory, (cudnnBackendAttributeName_t)0,
               (cudnnBackendAttributeType_t)0, n, &n, memory);
    CHECK_CALL(cudnnBackendExecute, handle, memory, memory);
    assert_null(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(prototypes_are_nvidias)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    fa_test_skip("CUDA", "there are no headers of CUDA and cuDNN to compare with");
}

#endif
