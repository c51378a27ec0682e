/*
 * channel_sums.h - sums over all positions, channel by channel: the gradient of a bias, and moments.
 */
#ifndef FA_CUDA_CHANNEL_SUMS_H
#define FA_CUDA_CHANNEL_SUMS_H

#include "types.h"

FA_CUDA_API size_t fa_cuda_channel_sums_scratch_bytes(enum fa_cuda_type type, size_t positions, int channels);

/* sum[c] = [sum[c] +] the sum of channel c of the activation.
   Moves: the activation once. */
FA_CUDA_API int fa_cuda_channel_sums(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions,
                                     int channels, const void *activation, bool accumulate, void *scratch,
                                     float *sum);

FA_CUDA_API size_t fa_cuda_moments_scratch_bytes(enum fa_cuda_type type, size_t positions, int channels);

/* The sum and the sum of squares of each channel, in double.
   Moves: the activation once. */
FA_CUDA_API int fa_cuda_moments(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                                const void *activation, void *scratch, double *sum, double *sum_of_squares);

#endif
