/*
 * norm.h - group norm with residual and ReLU, as fa/backend.h defines it (doc/method.md 2.7). channels have
 * no padding and fill whole packs of 16 bytes.
 */
#ifndef FA_CUDA_NORM_H
#define FA_CUDA_NORM_H

#include "types.h"

struct fa_cuda_norm {
    enum fa_cuda_type type;
    size_t positions;
    int channels, groups; /* groups divide channels */
    bool relu, residual;
};

/* Of one group of an image: what forward keeps for backward, `groups` of them. */
struct fa_cuda_group {
    double mean, scale; /* scale = 1 / sqrt(variance + epsilon) */
};

FA_CUDA_API size_t fa_cuda_norm_scratch_bytes(const struct fa_cuda_norm *norm);

/* dst = relu(gamma (src - mean) scale + beta + residual); dst may be src or residual, which is NULL without
   one. Moves: src twice, residual and dst once. */
FA_CUDA_API int fa_cuda_norm_forward(fa_cuda_stream stream, const struct fa_cuda_norm *norm,
                                     const float *gamma, const float *beta, const void *src,
                                     const void *residual, void *scratch, struct fa_cuda_group *statistics,
                                     void *dst);

/* The output of that forward again, bit for bit.
   Moves: src, residual and dst once. */
FA_CUDA_API int fa_cuda_norm_repeat(fa_cuda_stream stream, const struct fa_cuda_norm *norm,
                                    const float *gamma, const float *beta, const void *src,
                                    const void *residual, const struct fa_cuda_group *statistics, void *dst);

/* diff_src, which may be diff_dst or src, becomes the gradient of src; gamma_sum and beta_sum = [themselves
   +] those of gamma and beta. diff_dst is the gradient before the ReLU if there is a residual; else it is
   masked here. Moves: src and diff_dst twice, diff_src once. */
FA_CUDA_API int fa_cuda_norm_backward(fa_cuda_stream stream, const struct fa_cuda_norm *norm,
                                      const float *gamma, const float *beta, const void *src,
                                      const struct fa_cuda_group *statistics, const void *diff_dst,
                                      void *scratch, bool accumulate, double *gamma_sum, double *beta_sum,
                                      void *diff_src);

/* gradient[c] += sum[c], rounded: what the norms of one image have added up goes to the flat gradient. */
FA_CUDA_API int fa_cuda_norm_unfold(fa_cuda_stream stream, int channels, const double *sum, float *gradient);

#endif
