/*
 * device.h - what a kernel's source may use: the words of CUDA, from nvcc or from the host's emulator of them
 * (tests/cuda/emulator), which any C++ compiler takes.
 *
 * Where the two cannot be spelled alike there is a macro:
 *     FA_LAUNCH(kernel, grid, block, shared_bytes, stream, arguments...)   the launch; its cudaError_t
 *     FA_SHARED(float[8][32], name);                                       memory of a block
 *     FA_SHARED_DYNAMIC(float, name);                                      a pointer to shared_bytes of it
 *     FA_RECIPROCAL(value)                                                 in one instruction, within one
 * ulp, of what is a normal number
 *
 * All is compiled without contraction to fused multiply-adds, so that the emulator's bits are the device's as
 * far as the mathematical functions agree.
 */
#ifndef FA_CUDA_DEVICE_H
#define FA_CUDA_DEVICE_H

#include "types.h"

template <typename T> using fa_same = T; /* lets an array's type stand before the name */

#ifdef __CUDACC__

#include <cuda_bf16.h>
#include <cuda_runtime.h>

template <typename... Parameters, typename... Arguments>
int fa_launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
              fa_cuda_stream stream, Arguments... arguments)
{
    cudaLaunchConfig_t config = {};

    config.gridDim = grid;
    config.blockDim = block;
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    return (int)cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

#define FA_LAUNCH(...)        fa_launch(__VA_ARGS__)
#define FA_SHARED(type, name) __shared__ fa_same<type> name
#define FA_SHARED_DYNAMIC(type, name)                                                                        \
    extern __shared__ __align__(16) unsigned char fa_shared_dynamic[];                                       \
    type *name = reinterpret_cast<type *>(fa_shared_dynamic)

__device__ inline float fa_reciprocal(float value)
{
    float reciprocal;

    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(value));
    return reciprocal;
}

#define FA_RECIPROCAL(value) fa_reciprocal(value)

#else

#include "emulator.h"

#endif

/* How many blocks, or rounds, of so many cover n. */
__host__ __device__ static inline unsigned fa_blocks(size_t n, size_t per_block)
{
    return (unsigned)((n + per_block - 1) / per_block);
}

#endif
