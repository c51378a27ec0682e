/*
 * library.h - cuDNN, opened while the program runs.
 *
 * Nothing links against cuDNN: a program runs on nodes that have none. All its sub-libraries are opened from
 * one directory, so that none can come from another installation. Nothing here needs a GPU or a driver.
 */
#ifndef FA_CUDA_CUDNN_LIBRARY_H
#define FA_CUDA_CUDNN_LIBRARY_H

#include "abi.h"
#include "fa/status.h"

enum { FA_CUDNN_DIRECTORY_MAX = 512 };

/* The functions by NVIDIA's names. Plain data. */
struct fa_cudnn {
#define FA_CUDNN_MEMBER(result, name, arguments) result(*name) arguments;
    FA_CUDNN_FUNCTIONS(FA_CUDNN_MEMBER)
#undef FA_CUDNN_MEMBER
    char directory[FA_CUDNN_DIRECTORY_MAX];
    char version[24]; /* "9.19.0" */
    char gpu[128];    /* as struct fa_cuda has it */
};

/* directory NULL or "": wherever the system's loader finds cuDNN, else beside CUDA (/usr/local/cuda). What
   was opened stays so until the process ends, since cuDNN is not made to be unloaded; *out is freed with
   fa_cudnn_close, after all that was made with it. FA_EMISSING if there is no cuDNN, FA_EINVAL if it is too
   old, or mixed from several versions or directories. */
fa_status fa_cudnn_open(const char *directory, struct fa_cudnn **out) FA_CHECK_RESULT;
void fa_cudnn_close(struct fa_cudnn *cudnn); /* NULL is fine */

/* FA_OK, or a failure that says what was done, on which GPU, and cuDNN's own words for a status that is none
   of success. */
fa_status fa_cudnn_check(const struct fa_cudnn *cudnn, int status, const char *doing) FA_CHECK_RESULT;

#endif
