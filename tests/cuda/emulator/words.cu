#include "words.h"

#include "pack.cuh"

enum { WARP = 32 };

__global__ static void places(int *to)
{
    const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;

    to[block * blockDim.x * blockDim.y * blockDim.z + thread] = (int)(1000 * block + thread);
}

int words_places(int *to)
{
    return FA_LAUNCH(places, dim3(5, 2, 3), dim3(2, 3, 4), 0, nullptr, to);
}

__global__ static void even_warps(const float *from, float *to)
{
    const unsigned warp = threadIdx.x / WARP;
    float value = from[threadIdx.x];

    if (warp % 2 == 0) {
        for (unsigned d = WARP / 2; d > 0; d /= 2)
            value += __shfl_down_sync(0xFFFFFFFFu, value, d);
        if (threadIdx.x % WARP == 0)
            to[warp] = value;
    }
    __syncthreads();
}

int words_even_warps(const float *from, int n_warps, float *to)
{
    return FA_LAUNCH(even_warps, 1, WARP * n_warps, 0, nullptr, from, to);
}

__global__ static void halves(const int *from, int *to)
{
    const unsigned mask = threadIdx.x < WARP / 2 ? 0x0000FFFFu : 0xFFFF0000u;
    int value = from[threadIdx.x];

    for (int bit = 1; bit < WARP / 2; bit *= 2)
        value = max(value, __shfl_xor_sync(mask, value, bit));
    to[threadIdx.x] = value;
}

int words_halves(const int *from, int *to)
{
    return FA_LAUNCH(halves, 1, WARP, 0, nullptr, from, to);
}

__global__ static void votes(const int *from, unsigned *to)
{
    const int positive = from[threadIdx.x] > 0;
    const unsigned ballot = __ballot_sync(0xFFFFFFFFu, positive);
    const int count = __syncthreads_count(positive);

    if (threadIdx.x == 0) {
        to[0] = ballot;
        to[1] = (unsigned)count;
    }
    atomicAdd(&to[2], 1u);
}

int words_votes(const int *from, unsigned *to)
{
    return FA_LAUNCH(votes, 1, 2 * WARP, 0, nullptr, from, to);
}

__global__ static void fresh(float *to)
{
    FA_SHARED(float[4], fixed);
    FA_SHARED_DYNAMIC(float, dynamic);
    const float was = fixed[threadIdx.x] + dynamic[threadIdx.x];

    __syncthreads();
    fixed[threadIdx.x] = dynamic[threadIdx.x] = 1;
    to[blockIdx.x * 4 + threadIdx.x] = was;
}

int words_fresh(int n_blocks, float *to)
{
    return FA_LAUNCH(fresh, n_blocks, 4, 4 * sizeof(float), nullptr, to);
}

__global__ static void round_all(const float *from, float *to)
{
    to[threadIdx.x] = to_float(from_float<__nv_bfloat16>(from[threadIdx.x]));
}

int words_round(const float *from, int n, float *to)
{
    return FA_LAUNCH(round_all, 1, n, 0, nullptr, from, to);
}

__global__ static void nothing()
{
}

int words_launch(unsigned blocks_y, unsigned threads, size_t shared_bytes)
{
    return FA_LAUNCH(nothing, dim3(1, blocks_y), threads, shared_bytes, nullptr);
}
