/*
 * planted.cu - kernels with one fault each, which the emulator or a sanitizer must find; the argument names
 * the fault. With "none" in front of it the same kernel runs without.
 *
 * usage: planted [none] FAULT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"

enum { THREADS = 64 };

/* A thread reads its neighbour's element: `distance` 1 leaves the memory. */
__global__ static void index_of_memory(const float *from, int distance, float *to)
{
    to[threadIdx.x] = from[threadIdx.x + distance];
}

__global__ static void index_of_shared(const float *from, int distance, float *to)
{
    FA_SHARED(float[THREADS], part);

    part[threadIdx.x + distance] = from[threadIdx.x];
    __syncthreads();
    to[threadIdx.x] = part[threadIdx.x];
}

/* Turns the elements round. */
__global__ static void barrier(const float *from, int fault, float *to)
{
    FA_SHARED(float[THREADS], part);

    part[threadIdx.x] = from[threadIdx.x];
    if (!fault)
        __syncthreads();
    to[threadIdx.x] = part[THREADS - 1 - threadIdx.x];
}

__global__ static void early_end(const float *from, int fault, float *to)
{
    to[threadIdx.x] = from[threadIdx.x];
    if (fault && threadIdx.x == 3)
        return;
    __syncthreads();
}

__global__ static void absent_lane(const float *from, int fault, float *to)
{
    to[threadIdx.x] = 0;
    if (fault && threadIdx.x == 3)
        return;
    to[threadIdx.x] = __shfl_down_sync(0xFFFFFFFFu, from[threadIdx.x], 1);
}

static const struct {
    const char *name;
    void (*kernel)(const float *, int, float *);
} faults[] = {{"index-of-memory", index_of_memory},
              {"index-of-shared", index_of_shared},
              {"barrier", barrier},
              {"early-end", early_end},
              {"absent-lane", absent_lane}};

int main(int argc, char **argv)
{
    const bool none = argc > 2 && strcmp(argv[1], "none") == 0;

    for (const auto &fault : faults)
        if (argc > 1 && strcmp(argv[argc - 1], fault.name) == 0) {
            float *from = new float[THREADS](), *to = new float[THREADS];
            const int code = FA_LAUNCH(fault.kernel, 1, THREADS, 0, nullptr, from, none ? 0 : 1, to);

            delete[] from;
            delete[] to;
            printf("%s went unnoticed\n", fault.name);
            return code;
        }
    fprintf(stderr, "usage: planted [none] FAULT\n");
    return 2;
}
