/*
 * device.h - a GPU as cuDNN knows it: one that is here, or one that is described by a text of cuDNN's own, so
 * that engines can be asked for where there is none.
 */
#ifndef FA_CUDA_CUDNN_DEVICE_H
#define FA_CUDA_CUDNN_DEVICE_H

#include <stddef.h>

#include "descriptors.h"

enum { FA_CUDNN_ORIGIN_MAX = 192 };

struct fa_cudnn_device {
    struct fa_cudnn_descriptors descriptors;
    fa_cudnn_descriptor properties;
    /* "cuDNN 9.19.0, NVIDIA H200, sm_90, 132 multiprocessors": what the choice of an engine depends on. */
    char origin[FA_CUDNN_ORIGIN_MAX];
};

/* The device of this number in the CUDA runtime. Ended with fa_cudnn_device_close; *device is as if closed on
   failure. */
fa_status fa_cudnn_device_open(const struct fa_cudnn *cudnn, int number,
                               struct fa_cudnn_device *device) FA_CHECK_RESULT;

/* The device that n bytes of JSON describe; name is what the text is called in messages. FA_EFORMAT if it is
   damaged; FA_EINVAL if cuDNN knows no such device. */
fa_status fa_cudnn_device_describe(const struct fa_cudnn *cudnn, const char *name, const char *json, size_t n,
                                   struct fa_cudnn_device *device) FA_CHECK_RESULT;
void fa_cudnn_device_close(struct fa_cudnn_device *device);

#endif
