/*
 * targets.h - which GPUs the kernels are compiled for.
 */
#ifndef FA_CUDA_TARGETS_H
#define FA_CUDA_TARGETS_H

#include "types.h"

/* Ten times their compute capabilities' two digits, rising, 0 at the end: 900 is sm_90. Of the last there is
   PTX too, which later GPUs take. */
FA_CUDA_API const int *fa_cuda_targets(void);

#endif
