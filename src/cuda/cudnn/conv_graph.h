/*
 * conv_graph.h - what a convolution is to cuDNN: its tensors, and one graph for each direction.
 *
 *     forward            y = relu(conv(x, w) + z + b), where relu, the residual z and the bias b may be
 * absent backward data      x = conv^T(y, w)   x and y are gradients backward weights   w = x * y          y
 * is the gradient of the output, w that of the filters
 *
 * cuDNN has kernels at hand for few of the graphs that say the same. This order, residual before bias, and a
 * bias of the type of y are such; a bias in float, a residual after the bias, or whatever else backward could
 * do on its way (accumulate, mask, convert) would be compiled at run time, for seconds a shape. That
 * remains for kernels of our own.
 *
 * Tensors. Activations are one image, NHWC, of fa_cudnn_channels(c) channels a position, those beyond c zero:
 * cuDNN is fast, and has engines, for multiples of 8. Filters are (out, row, column, in), out and in
 * padded alike unless there are several groups, padding zero. Bias: as many as y has channels. All are of one
 * type, float (fp32, tf32) or bf16; sums are in float. They begin at multiples of 16 bytes. y is no other
 * tensor.
 */
#ifndef FA_CUDA_CUDNN_CONV_GRAPH_H
#define FA_CUDA_CUDNN_CONV_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include "descriptors.h"
#include "fa/backend.h"

enum fa_cudnn_precision {
    FA_CUDNN_FP32, /* strict: products of floats */
    FA_CUDNN_TF32, /* floats, whose products may have factors of 10 bits */
    FA_CUDNN_BF16
};

/* In words, NULL at the end. */
extern const char *const fa_cudnn_precision_names[];

/* Plain data. Of desc, backward_data and backward_weights are not read. */
struct fa_cudnn_conv {
    struct fa_conv_desc desc;
    enum fa_conv_direction direction;
    enum fa_cudnn_precision precision;
    bool bias; /* forward: b is added; there must be one before a ReLU or beside a residual */
};

int fa_cudnn_channels(int channels);

/* Elements of each tensor, padding included; and their size. */
enum fa_cudnn_tensor { FA_CUDNN_X, FA_CUDNN_W, FA_CUDNN_Y, FA_CUDNN_Z, FA_CUDNN_B, FA_CUDNN_N_TENSORS };
size_t fa_cudnn_elements(const struct fa_cudnn_conv *conv, enum fa_cudnn_tensor tensor);
size_t fa_cudnn_element_bytes(enum fa_cudnn_precision precision);

/* Does the graph read or write it? */
bool fa_cudnn_uses(const struct fa_cudnn_conv *conv, enum fa_cudnn_tensor tensor);

/* What a tensor is called in a plan's variant pack. */
int64_t fa_cudnn_uid(enum fa_cudnn_tensor tensor);

/* For messages: "forward of 3x3/2 256x100x168 to 256, groups 1, bf16". */
enum { FA_CUDNN_CONV_TEXT_MAX = 128 };
void fa_cudnn_conv_text(const struct fa_cudnn_conv *conv, char text[FA_CUDNN_CONV_TEXT_MAX]);

struct fa_cudnn_graph {
    struct fa_cudnn_conv conv;
    struct fa_cudnn_descriptors descriptors;
    fa_cudnn_descriptor operations; /* the operation graph */
};

/* Ended with fa_cudnn_graph_destroy, after its plans. *graph is as if destroyed on failure. */
fa_status fa_cudnn_graph_create(const struct fa_cudnn *cudnn, const struct fa_cudnn_conv *conv,
                                struct fa_cudnn_graph *graph) FA_CHECK_RESULT;
void fa_cudnn_graph_destroy(struct fa_cudnn_graph *graph);

#endif
