/*
 * elementwise.h - sums and masks of whole activations and gradients. n is the number of elements and fills
 * whole packs of 16 bytes.
 */
#ifndef FA_CUDA_ELEMENTWISE_H
#define FA_CUDA_ELEMENTWISE_H

#include "types.h"

/* dst = (dst + src) where relu_output > 0, else 0. src NULL: only masks. relu_output NULL: only adds.
   Moves: dst twice, src and relu_output once. */
FA_CUDA_API int fa_cuda_add_masked(fa_cuda_stream stream, enum fa_cuda_type type, size_t n, const void *src,
                                   const void *relu_output, void *dst);

/* sum = [sum +] gradient: what several levels give to the filters of one layer, in float.
   Moves: gradient once, sum once or twice. */
FA_CUDA_API int fa_cuda_sum_gradients(fa_cuda_stream stream, enum fa_cuda_type type, size_t n,
                                      const void *gradient, bool accumulate, float *sum);

#endif
