/*
 * ranking.cuh - the best k of a stream of values that the threads of a block offer, equal values ranked by
 * lowest index, whatever the order in which they come.
 *
 * A value, not negative, and its index are one key, so that no two are equal. Keys that may still be among
 * the best gather in shared memory; when it is full they are sorted, the best k stay, and the last of these
 * is the floor that a key has to be above from then on.
 */
#ifndef FA_CUDA_RANKING_CUH
#define FA_CUDA_RANKING_CUH

#include "device.h"

#define NO_KEY 0ull /* below every key */

__device__ inline uint64_t key_of(float value, unsigned index)
{
    return (uint64_t)__float_as_uint(value) << 32 | (uint64_t)~index;
}

__device__ inline float value_of(uint64_t key)
{
    return __uint_as_float((unsigned)(key >> 32));
}

__device__ inline unsigned index_of(uint64_t key)
{
    return ~(unsigned)key;
}

struct ranking {
    uint64_t *keys, floor;
    unsigned *taken; /* places of keys, by all threads */
    unsigned k, capacity, n;
};

/* How many keys a block of so many threads needs room for. */
static inline unsigned ranking_capacity(unsigned k, unsigned threads)
{
    unsigned capacity = 1;

    while (capacity < k + threads)
        capacity *= 2;
    return capacity;
}

/* What follows is called by all threads of the block. */

__device__ inline ranking ranking_begin(uint64_t *keys, unsigned k, unsigned capacity)
{
    FA_SHARED(unsigned, taken);

    __syncthreads();
    if (threadIdx.x == 0)
        taken = 0;
    __syncthreads();
    return {keys, NO_KEY, &taken, k, capacity, 0};
}

__device__ inline void put_in_order(uint64_t *a, uint64_t *b, bool falling)
{
    const uint64_t was_a = *a, was_b = *b;

    if ((was_a < was_b) == falling) {
        *a = was_b;
        *b = was_a;
    }
}

/* A bitonic sort, best first, of a power of two of keys. */
__device__ inline void sort_falling(uint64_t *keys, unsigned n)
{
    for (unsigned run = 2; run <= n; run *= 2)
        for (unsigned distance = run / 2; distance > 0; distance /= 2) {
            __syncthreads();
            for (unsigned i = threadIdx.x; i < n / 2; i += blockDim.x) {
                const unsigned a = 2 * i - i % distance;

                put_in_order(keys + a, keys + a + distance, (a & run) == 0);
            }
        }
    __syncthreads();
}

/* Sorts n keys, best first; there is room for the next power of two. */
__device__ inline void sort_keys(uint64_t *keys, unsigned n)
{
    unsigned padded = 1;

    while (padded < n)
        padded *= 2;
    for (unsigned i = n + threadIdx.x; i < padded; i += blockDim.x)
        keys[i] = NO_KEY;
    sort_falling(keys, padded);
}

/* The best k, in order, at the beginning of keys. */
__device__ inline void ranking_finish(ranking &ranking)
{
    sort_keys(ranking.keys, ranking.n);
    if (ranking.n >= ranking.k) {
        ranking.n = ranking.k;
        ranking.floor = ranking.keys[ranking.k - 1];
    }
    if (threadIdx.x == 0)
        *ranking.taken = ranking.n;
    __syncthreads();
}

/* Each thread offers its key, or NO_KEY. */
__device__ inline void ranking_offer(ranking &ranking, uint64_t key)
{
    const bool is_wanted = key > ranking.floor;

    if (is_wanted)
        ranking.keys[atomicAdd(ranking.taken, 1u)] = key;
    ranking.n += (unsigned)__syncthreads_count(is_wanted);
    if (ranking.n + blockDim.x > ranking.capacity)
        ranking_finish(ranking);
}

#endif
