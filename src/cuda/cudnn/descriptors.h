/*
 * descriptors.h - cuDNN's descriptors by the handful: made, filled in and finalised one after another, and
 * ended together.
 *
 * The first failure is kept, with its message, and nothing is asked of cuDNN after it: who builds looks at
 * `status` once, at the end.
 */
#ifndef FA_CUDA_CUDNN_DESCRIPTORS_H
#define FA_CUDA_CUDNN_DESCRIPTORS_H

#include "library.h"

/* The largest handful is a forward graph: 8 tensors, a convolution, 3 pointwise, 4 operations, itself. */
enum { FA_CUDNN_MOST_DESCRIPTORS = 32 };

struct fa_cudnn_descriptors {
    const struct fa_cudnn *cudnn;
    fa_status status;
    int n;
    fa_cudnn_descriptor made[FA_CUDNN_MOST_DESCRIPTORS];
};

/* A new one of a FA_CUDNN_BACKEND_..._DESCRIPTOR; NULL after a failure. */
fa_cudnn_descriptor fa_cudnn_begin(struct fa_cudnn_descriptors *descriptors, int type);

/* Sets an attribute of n values. */
void fa_cudnn_put(struct fa_cudnn_descriptors *descriptors, fa_cudnn_descriptor descriptor, int name,
                  int type, int64_t n, const void *values);
void fa_cudnn_put_descriptor(struct fa_cudnn_descriptors *descriptors, fa_cudnn_descriptor descriptor,
                             int name, fa_cudnn_descriptor value);

/* Finalises it, and returns it. */
fa_cudnn_descriptor fa_cudnn_finish(struct fa_cudnn_descriptors *descriptors, fa_cudnn_descriptor descriptor);

/* Ends all, the last one first. */
void fa_cudnn_end(struct fa_cudnn_descriptors *descriptors);

/* Reads an attribute of n values, of which there is room for `most`. */
fa_status fa_cudnn_get(const struct fa_cudnn *cudnn, fa_cudnn_descriptor descriptor, int name, int type,
                       int64_t most, int64_t *n, void *values) FA_CHECK_RESULT;

#endif
