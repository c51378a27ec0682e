/*
 * cuda.h - the backend for NVIDIA's GPUs.
 *
 * It needs nothing when the program is built or started: driver, CUDA runtime, cuDNN and the kernels are
 * opened when it is, and what is missing is said then. Images run on streams of one GPU, convolutions by
 * cuDNN's graphs.
 *
 * FA_CUDA_RUNTIME, FA_CUDA_CUDNN and FA_CUDA_KERNELS in the environment name other libraries than those that
 * are found.
 */
#ifndef FA_CUDA_H
#define FA_CUDA_H

#include <stdbool.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* From now on fa_backend_open knows "cuda" (backend.h). Not from several threads. */
void fa_cuda_offer(void);

/* What it needs. */
enum fa_cuda_part {
    FA_CUDA_PART_RUNTIME, /* with a driver for it */
    FA_CUDA_PART_CUDNN,
    FA_CUDA_PART_KERNELS,
    FA_CUDA_PART_DEVICES,
    FA_CUDA_PARTS
};

extern const char *const fa_cuda_part_names[]; /* NULL at the end */

/* What there is of a part on this host, or what is missing and what to do, in one sentence. */
struct fa_cuda_finding {
    bool is_there;
    char text[256]; /* "8 of NVIDIA H200 (compute capability 9.0, 139 GiB)" */
};

/* Opens the libraries, and takes nothing of a GPU. */
void fa_cuda_survey(struct fa_cuda_finding findings[FA_CUDA_PARTS]);

FA_END_DECLARATIONS

#endif
