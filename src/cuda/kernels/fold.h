/*
 * fold.h - between the flat parameters and what convolutions take: batch norm folded into filters and bias,
 * and their gradients unfolded (doc/method.md 2.6).
 *
 * Flat filters are OIHW floats. A convolution's are KRSC in its type, with channels padded by zeros both
 * ways.
 */
#ifndef FA_CUDA_FOLD_H
#define FA_CUDA_FOLD_H

#include "types.h"

struct fa_cuda_layer {
    int out, in, kernel;                             /* filters (out, in, kernel, kernel); in: of one group */
    int out_padded, in_padded;                       /* what the convolution has */
    const float *weight, *bias, *gamma, *mean, *var; /* bias is beta where there is batch norm, NULL where it
                                                        is zero; the last three NULL without batch norm */
};

struct fa_cuda_folding {
    struct fa_cuda_layer layer;
    void *filters, *bias; /* out_padded by kernel by kernel by in_padded; out_padded */
};

/* Folds n layers, which lie in the host's memory.
   Moves: parameters and filters once. */
FA_CUDA_API int fa_cuda_fold(fa_cuda_stream stream, enum fa_cuda_type type,
                             const struct fa_cuda_folding *foldings, int n);

struct fa_cuda_unfolding {
    struct fa_cuda_layer layer;
    const void *filters; /* the gradient of the folded filters; that of the folded bias */
    const float *bias;
    float *weight_gradient, *bias_gradient,
        *gamma_gradient; /* in the flat gradient; the bias's NULL where the layer
                            has none, gamma's NULL without batch norm */
};

/* Adds the gradients of n layers to the flat gradient. type: that of the filters' gradients.
   Moves: the filters' gradient and the parameters once, the flat gradient twice. */
FA_CUDA_API int fa_cuda_unfold(fa_cuda_stream stream, enum fa_cuda_type type,
                               const struct fa_cuda_unfolding *unfoldings, int n);

#endif
