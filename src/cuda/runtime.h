/*
 * runtime.h - the CUDA runtime, opened while the program runs, as one table of the functions that are called.
 *
 * Nothing links against it: a program runs on nodes that have none. It is NVIDIA's libcudart of CUDA 12 or
 * 13, and the few functions of the driver beneath that tell one GPU from another; tests give the path of a
 * library with all of them, over host memory.
 */
#ifndef FA_CUDA_RUNTIME_H
#define FA_CUDA_RUNTIME_H

#include <stddef.h>

#include "fa/status.h"

struct CUstream_st;
struct CUevent_st;
struct CUgraph_st;
struct CUgraphExec_st;

/* As NVIDIA's cudaIpcMemHandle_t, which goes by value too. */
struct fa_cuda_ipc_handle {
    char reserved[64];
};

/* Numbers of CUDA that are needed here; tests/cuda/test_abi.c compares them with NVIDIA's header. */
#define FA_CUDA_NUMBERS(X)                                                                                   \
    X(Success, 0)                                                                                            \
    X(ErrorMemoryAllocation, 2)                                                                              \
    X(ErrorInsufficientDriver, 35)                                                                           \
    X(ErrorDevicesUnavailable, 46)                                                                           \
    X(ErrorNoDevice, 100)                                                                                    \
    X(ErrorStartupFailure, 127)                                                                              \
    X(ErrorNoKernelImageForDevice, 209)                                                                      \
    X(ErrorECCUncorrectable, 214)                                                                            \
    X(ErrorUnsupportedPtxVersion, 222)                                                                       \
    X(ErrorIllegalAddress, 700)                                                                              \
    X(ErrorHardwareStackError, 714)                                                                          \
    X(ErrorLaunchFailure, 719)                                                                               \
    X(ErrorSystemDriverMismatch, 803)                                                                        \
    X(ErrorUnknown, 999)                                                                                     \
    X(ErrorNotReady, 600)                                                                                    \
    X(MemcpyHostToDevice, 1)                                                                                 \
    X(MemcpyDeviceToHost, 2)                                                                                 \
    X(MemcpyDeviceToDevice, 3)                                                                               \
    X(StreamNonBlocking, 1)                                                                                  \
    X(StreamCaptureModeThreadLocal, 1)                                                                       \
    X(EventDisableTiming, 2)                                                                                 \
    X(IpcMemLazyEnablePeerAccess, 1)                                                                         \
    X(HostAllocDefault, 0)                                                                                   \
    X(DevAttrMultiProcessorCount, 16)                                                                        \
    X(DevAttrComputeCapabilityMajor, 75)                                                                     \
    X(DevAttrComputeCapabilityMinor, 76)

enum fa_cuda_number {
#define FA_CUDA_DEFINE(name, value) FA_CUDA_##name = (value),
    FA_CUDA_NUMBERS(FA_CUDA_DEFINE)
#undef FA_CUDA_DEFINE
};

/* X(result, name, arguments). NVIDIA's enumerations are ints; a result of int is a cudaError_t. */
#define FA_CUDA_FUNCTIONS(X)                                                                                 \
    X(int, cudaRuntimeGetVersion, (int *version))                                                            \
    X(int, cudaDriverGetVersion, (int *version))                                                             \
    X(const char *, cudaGetErrorString, (int error))                                                         \
    X(int, cudaGetLastError, (void))                                                                         \
    X(int, cudaGetDeviceCount, (int *n))                                                                     \
    X(int, cudaSetDevice, (int device))                                                                      \
    X(int, cudaDeviceGetAttribute, (int *value, int attribute, int device))                                  \
    X(int, cudaMemGetInfo, (size_t * free, size_t * total))                                                  \
    X(int, cudaMalloc, (void **memory, size_t n_bytes))                                                      \
    X(int, cudaFree, (void *memory))                                                                         \
    X(int, cudaHostAlloc, (void **memory, size_t n_bytes, unsigned flags))                                   \
    X(int, cudaFreeHost, (void *memory))                                                                     \
    X(int, cudaMemcpyAsync,                                                                                  \
      (void *to, const void *from, size_t n_bytes, int kind, struct CUstream_st *stream))                    \
    X(int, cudaMemsetAsync, (void *memory, int byte, size_t n_bytes, struct CUstream_st *stream))            \
    X(int, cudaIpcGetMemHandle, (struct fa_cuda_ipc_handle * handle, void *memory))                          \
    X(int, cudaIpcOpenMemHandle, (void **memory, struct fa_cuda_ipc_handle handle, unsigned flags))          \
    X(int, cudaIpcCloseMemHandle, (void *memory))                                                            \
    X(int, cudaStreamCreateWithFlags, (struct CUstream_st * *stream, unsigned flags))                        \
    X(int, cudaStreamDestroy, (struct CUstream_st * stream))                                                 \
    X(int, cudaStreamQuery, (struct CUstream_st * stream))                                                   \
    X(int, cudaStreamSynchronize, (struct CUstream_st * stream))                                             \
    X(int, cudaLaunchHostFunc, (struct CUstream_st * stream, void (*call)(void *argument), void *argument))  \
    X(int, cudaStreamWaitEvent, (struct CUstream_st * stream, struct CUevent_st * event, unsigned flags))    \
    X(int, cudaEventCreateWithFlags, (struct CUevent_st * *event, unsigned flags))                           \
    X(int, cudaEventDestroy, (struct CUevent_st * event))                                                    \
    X(int, cudaEventRecord, (struct CUevent_st * event, struct CUstream_st * stream))                        \
    X(int, cudaEventQuery, (struct CUevent_st * event))                                                      \
    X(int, cudaEventSynchronize, (struct CUevent_st * event))                                                \
    X(int, cudaEventElapsedTime, (float *milliseconds, struct CUevent_st *from, struct CUevent_st *to))      \
    X(int, cudaStreamBeginCapture, (struct CUstream_st * stream, int mode))                                  \
    X(int, cudaStreamEndCapture, (struct CUstream_st * stream, struct CUgraph_st * *graph))                  \
    X(int, cudaGraphInstantiateWithFlags,                                                                    \
      (struct CUgraphExec_st * *executable, struct CUgraph_st * graph, unsigned long long flags))            \
    X(int, cudaGraphDestroy, (struct CUgraph_st * graph))                                                    \
    X(int, cudaGraphLaunch, (struct CUgraphExec_st * executable, struct CUstream_st * stream))               \
    X(int, cudaGraphExecDestroy, (struct CUgraphExec_st * executable))

/* Of the driver. A result is a CUresult, whose numbers are those of cudaError_t. */
#define FA_CUDA_DRIVER_FUNCTIONS(X)                                                                          \
    X(int, cuInit, (unsigned flags))                                                                         \
    X(int, cuDeviceGet, (int *device, int number))                                                           \
    X(int, cuDeviceGetName, (char *name, int size, int device))                                              \
    X(int, cuDeviceGetUuid_v2, (unsigned char uuid[16], int device))                                         \
    X(int, cuDeviceTotalMem_v2, (size_t * n_bytes, int device))                                              \
    X(int, cuDeviceGetPCIBusId, (char *bus, int size, int device))

enum { FA_CUDA_PATH_MAX = 512 };

/* The functions by NVIDIA's names. Plain data. */
struct fa_cuda {
#define FA_CUDA_MEMBER(result, name, arguments) result(*name) arguments;
    FA_CUDA_FUNCTIONS(FA_CUDA_MEMBER)
    FA_CUDA_DRIVER_FUNCTIONS(FA_CUDA_MEMBER)
#undef FA_CUDA_MEMBER
    char path[FA_CUDA_PATH_MAX];
    int version, driver_version; /* 13000 is CUDA 13.0 */
    char gpu[128];               /* "GPU 0 (NVIDIA H200)", once one is chosen: for messages */
};

/* path NULL or "": of CUDA 13, else 12, wherever the system's loader finds it, else in /usr/local/cuda. What
   was opened stays so until the process ends. FA_EMISSING if there is no runtime or no driver, FA_EINVAL if
   one of them is too old. Asks nothing of a GPU. *out is freed with fa_cuda_close. */
fa_status fa_cuda_open(const char *path, struct fa_cuda **out) FA_CHECK_RESULT;
void fa_cuda_close(struct fa_cuda *cuda); /* NULL is fine */

/* From now on what cudaMalloc of this table takes is counted (memory.c). */
void fa_cuda_count_memory(struct fa_cuda *cuda);

/* The most that this process had of GPUs' memory at once, in bytes. */
size_t fa_cuda_peak_bytes(void);

/* FA_OK, or a failure that says what was done, on which GPU, CUDA's words for the error and what to do;
   FA_ENOMEM for want of memory, FA_EMISSING for want of a GPU. */
fa_status fa_cuda_check(const struct fa_cuda *cuda, int error, const char *doing) FA_CHECK_RESULT;

#endif
