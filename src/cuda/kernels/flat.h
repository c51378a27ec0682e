/*
 * flat.h - loops over flat parameters, gradients and momentum. Buffers of one call begin at addresses that
 * agree modulo 16 bytes, as slices of whole buffers at one offset do.
 */
#ifndef FA_CUDA_FLAT_H
#define FA_CUDA_FLAT_H

#include "types.h"

FA_CUDA_API int fa_cuda_flat_clear(fa_cuda_stream stream, size_t n, float *values);

/* sum = left + right; sum may be either.
   Moves: each once. */
FA_CUDA_API int fa_cuda_flat_add(fa_cuda_stream stream, size_t n, const float *left, const float *right,
                                 float *sum);

enum { FA_CUDA_MOST_MERGES = 64 };

/* An image's gradient goes on the stack of partial sums: gradient = left[0] + gradient, then left[1] +
   gradient, and so on; then, unless store is NULL, it goes there and becomes zero. left is the host's and has
   n_left of the device's buffers; store may be the last of them. Moves: gradient twice, each left once, store
   once. */
FA_CUDA_API int fa_cuda_flat_fold(fa_cuda_stream stream, size_t n, const float *const left[], int n_left,
                                  float *gradient, float *store);

FA_CUDA_API size_t fa_cuda_flat_squares_scratch_bytes(size_t n);

/* The sum of squares in double. Moves: values once. */
FA_CUDA_API int fa_cuda_flat_squares(fa_cuda_stream stream, size_t n, const float *values, void *scratch,
                                     double *sum);

/* What an update depends on, in the device's memory. */
struct fa_cuda_update {
    double share;     /* the gradient is that of the sum; times share it is that of the mean */
    double clip_norm; /* 0: unlimited */
    double lr, momentum;
    double average_decay; /* where there is an average */
};

/* Elements from the end of the one before to `end` decay alike. */
struct fa_cuda_decay {
    uint64_t end;
    float weight_decay;
};

/* Clips by *squares, the sum of squares of the whole gradient, and updates as fa_sgd_update and
   fa_flat_average do:

       value -= lr * (momentum = keep * momentum + (scale * gradient + weight_decay * value)), average follows

   for elements [0, n), of which the last decay's `end` is n. average NULL: there is none. Where the norm is
   not finite nothing changes. update, squares and decays are read from the device's memory. Moves: gradient
   once, value, momentum and average twice. */
FA_CUDA_API int fa_cuda_flat_update(fa_cuda_stream stream, size_t n, const struct fa_cuda_update *update,
                                    const double *squares, const struct fa_cuda_decay *decays, int n_decays,
                                    const float *gradient, float *momentum, float *value, float *average);

/* average = decay * average + (1 - decay) * values; the factors are rounded first.
   Moves: values once, average twice. */
FA_CUDA_API int fa_cuda_flat_average(fa_cuda_stream stream, size_t n, double decay, const float *values,
                                     float *average);

/* Each takes the other's place, bit for bit. */
FA_CUDA_API int fa_cuda_flat_swap(fa_cuda_stream stream, size_t n, float *a, float *b);

FA_CUDA_API size_t fa_cuda_flat_crc32c_scratch_bytes(void);

/* fa_crc32c(0, values, 4 n).
   Moves: values once. */
FA_CUDA_API int fa_cuda_flat_crc32c(fa_cuda_stream stream, size_t n, const float *values, void *scratch,
                                    uint32_t *crc);

#endif
