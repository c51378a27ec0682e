/*
 * last_block.cuh - the block that comes last finishes what all have begun, so that a sum over blocks is one
 * launch.
 */
#ifndef FA_CUDA_LAST_BLOCK_CUH
#define FA_CUDA_LAST_BLOCK_CUH

#include "device.h"

/* Whether all n blocks that share *arrived have come here; true for one of them, which then sees what the
   others have written. Called by all threads of a block. *arrived is zero before the first launch and after
   each. */
__device__ inline bool is_last_block(unsigned *arrived, unsigned n)
{
    FA_SHARED(bool, last);

    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0 && threadIdx.y == 0)
        last = atomicInc(arrived, n - 1) == n - 1;
    __syncthreads();
    __threadfence();
    return last;
}

#endif
