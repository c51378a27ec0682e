/*
 * warp.cuh - the thread's place in its warp, and sums over a block.
 */
#ifndef FA_CUDA_WARP_CUH
#define FA_CUDA_WARP_CUH

#include "device.h"

enum { WARP = 32 };
#define EVERY_LANE 0xFFFFFFFFu

__device__ inline unsigned lane_of_warp()
{
    return threadIdx.x % WARP;
}

__device__ inline unsigned warp_of_block()
{
    return threadIdx.x / WARP;
}

/* Over all threads of a block of whole warps, which all call it and all receive the sum. */
__device__ inline double block_sum(double value)
{
    FA_SHARED(double[WARP], part);
    double sum = 0;

    for (unsigned distance = WARP / 2; distance > 0; distance /= 2)
        value += __shfl_down_sync(EVERY_LANE, value, distance);
    __syncthreads();
    if (lane_of_warp() == 0)
        part[warp_of_block()] = value;
    __syncthreads();
    for (unsigned warp = 0; warp < blockDim.x / WARP; warp++)
        sum += part[warp];
    return sum;
}

/* Of what other blocks have written; as block_sum. */
template <typename T> __device__ inline double block_sum_of(const T *values, unsigned n)
{
    double sum = 0;

    for (unsigned i = threadIdx.x; i < n; i += blockDim.x)
        sum += (double)__ldcg(values + i);
    return block_sum(sum);
}

#endif
