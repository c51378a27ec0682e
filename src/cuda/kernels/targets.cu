#include "targets.h"

#ifndef __CUDA_ARCH_LIST__ /* nvcc's own word: in the emulator any will do */
#define __CUDA_ARCH_LIST__ 750, 800, 900
#endif

FA_CUDA_API const int *fa_cuda_targets(void)
{
    static const int targets[] = {__CUDA_ARCH_LIST__, 0};

    return targets;
}
