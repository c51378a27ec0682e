#include "conv_graph.h"

#include <assert.h>
#include <stdio.h>

enum { CHANNEL_MULTIPLE = 8, ALIGNMENT = 16, MOST_OPERATIONS = 4 };

/* Values between the operations of a graph have no memory; they are numbered from here. */
enum { FIRST_VIRTUAL = 1000 };

const char *const fa_cudnn_precision_names[] = {
    [FA_CUDNN_FP32] = "fp32", [FA_CUDNN_TF32] = "tf32", [FA_CUDNN_BF16] = "bf16", NULL};

/* ---- tensors ---- */

int fa_cudnn_channels(int channels)
{
    return (channels + CHANNEL_MULTIPLE - 1) / CHANNEL_MULTIPLE * CHANNEL_MULTIPLE;
}

size_t fa_cudnn_element_bytes(enum fa_cudnn_precision precision)
{
    return precision == FA_CUDNN_BF16 ? 2 : 4;
}

int64_t fa_cudnn_uid(enum fa_cudnn_tensor tensor)
{
    return "xwyzb"[tensor];
}

bool fa_cudnn_uses(const struct fa_cudnn_conv *conv, enum fa_cudnn_tensor tensor)
{
    const bool forward = conv->direction == FA_CONV_FORWARD;

    switch (tensor) {
    case FA_CUDNN_Z:
        return forward && conv->desc.residual;
    case FA_CUDNN_B:
        return forward && conv->bias;
    default:
        return tensor < FA_CUDNN_N_TENSORS;
    }
}

/* A tensor as cuDNN is told of it: sizes in the order n, c, h, w (of filters k, c, r, s), and memory in the
 * order n, h, w, c with `row` channels from one position to the next. */
struct sizes {
    int64_t n, c, h, w, row;
};

/* Groups are cut from the channels that are there, one after another: padding between them would be needed,
 * not behind. */
static int64_t computed_channels(const struct fa_conv_desc *desc, int channels)
{
    return desc->groups == 1 ? fa_cudnn_channels(channels) : channels;
}

static struct sizes activation_sizes(const struct fa_conv_desc *desc, struct fa_shape shape)
{
    return (struct sizes){1, computed_channels(desc, shape.c), shape.h, shape.w, fa_cudnn_channels(shape.c)};
}

static struct sizes filter_sizes(const struct fa_conv_desc *desc)
{
    const int64_t in = computed_channels(desc, desc->in.c) / desc->groups;

    return (struct sizes){computed_channels(desc, desc->out_channels), in, desc->kernel, desc->kernel, in};
}

static struct sizes tensor_sizes(const struct fa_conv_desc *desc, enum fa_cudnn_tensor tensor)
{
    struct sizes y = activation_sizes(desc, fa_conv_output_shape(desc));

    switch (tensor) {
    case FA_CUDNN_X:
        return activation_sizes(desc, desc->in);
    case FA_CUDNN_W:
        return filter_sizes(desc);
    case FA_CUDNN_B:
        return (struct sizes){1, y.c, 1, 1, y.row};
    default:
        return y;
    }
}

size_t fa_cudnn_elements(const struct fa_cudnn_conv *conv, enum fa_cudnn_tensor tensor)
{
    const struct sizes sizes = tensor_sizes(&conv->desc, tensor);

    return (size_t)(sizes.n * sizes.h * sizes.w * sizes.row);
}

static fa_cudnn_descriptor describe(struct fa_cudnn_descriptors *made, int64_t uid, int type,
                                    const struct sizes *sizes, bool is_virtual)
{
    const int64_t alignment = ALIGNMENT, size[4] = {sizes->n, sizes->c, sizes->h, sizes->w};
    const int64_t stride[4] = {sizes->h * sizes->w * sizes->row, 1, sizes->w * sizes->row, sizes->row};
    fa_cudnn_descriptor tensor = fa_cudnn_begin(made, FA_CUDNN_BACKEND_TENSOR_DESCRIPTOR);

    fa_cudnn_put(made, tensor, FA_CUDNN_ATTR_TENSOR_UNIQUE_ID, FA_CUDNN_TYPE_INT64, 1, &uid);
    fa_cudnn_put(made, tensor, FA_CUDNN_ATTR_TENSOR_DATA_TYPE, FA_CUDNN_TYPE_DATA_TYPE, 1, &type);
    fa_cudnn_put(made, tensor, FA_CUDNN_ATTR_TENSOR_DIMENSIONS, FA_CUDNN_TYPE_INT64, 4, size);
    fa_cudnn_put(made, tensor, FA_CUDNN_ATTR_TENSOR_STRIDES, FA_CUDNN_TYPE_INT64, 4, stride);
    fa_cudnn_put(made, tensor, FA_CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, FA_CUDNN_TYPE_INT64, 1, &alignment);
    fa_cudnn_put(made, tensor, FA_CUDNN_ATTR_TENSOR_IS_VIRTUAL, FA_CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
    return fa_cudnn_finish(made, tensor);
}

static fa_cudnn_descriptor in_memory(struct fa_cudnn_graph *graph, enum fa_cudnn_tensor tensor)
{
    const struct sizes sizes = tensor_sizes(&graph->conv.desc, tensor);
    const int type = graph->conv.precision == FA_CUDNN_BF16 ? FA_CUDNN_DATA_BFLOAT16 : FA_CUDNN_DATA_FLOAT;

    return describe(&graph->descriptors, fa_cudnn_uid(tensor), type, &sizes, false);
}

/* ---- operations ---- */

static fa_cudnn_descriptor describe_convolution(struct fa_cudnn_graph *graph)
{
    struct fa_cudnn_descriptors *made = &graph->descriptors;
    const struct fa_conv_desc *desc = &graph->conv.desc;
    const int64_t n_dims = 2, pad[2] = {desc->pad, desc->pad}, stride[2] = {desc->stride, desc->stride};
    const int64_t dilation[2] = {1, 1};
    const int sums = FA_CUDNN_DATA_FLOAT, mode = FA_CUDNN_CROSS_CORRELATION;
    fa_cudnn_descriptor conv = fa_cudnn_begin(made, FA_CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);

    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_COMP_TYPE, FA_CUDNN_TYPE_DATA_TYPE, 1, &sums);
    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_CONV_MODE, FA_CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, FA_CUDNN_TYPE_INT64, 1, &n_dims);
    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, FA_CUDNN_TYPE_INT64, 2, pad);
    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, FA_CUDNN_TYPE_INT64, 2, pad);
    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, FA_CUDNN_TYPE_INT64, 2, stride);
    fa_cudnn_put(made, conv, FA_CUDNN_ATTR_CONVOLUTION_DILATIONS, FA_CUDNN_TYPE_INT64, 2, dilation);
    return fa_cudnn_finish(made, conv);
}

/* The directions differ in names alone. */
static const struct direction {
    int type, alpha, beta, conv, w, x, y;
} directions[] = {
    [FA_CONV_FORWARD] = {FA_CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                         FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                         FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
                         FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                         FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                         FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                         FA_CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y},
    [FA_CONV_BACKWARD_DATA] = {FA_CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                               FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY},
    [FA_CONV_BACKWARD_WEIGHTS] = {FA_CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                  FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                  FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
                                  FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                  FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                  FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                  FA_CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY},
};

static fa_cudnn_descriptor add_convolution(struct fa_cudnn_graph *graph, fa_cudnn_descriptor y)
{
    struct fa_cudnn_descriptors *made = &graph->descriptors;
    const struct direction *direction = &directions[graph->conv.direction];
    const float one = 1, zero = 0;
    fa_cudnn_descriptor conv = describe_convolution(graph), x = in_memory(graph, FA_CUDNN_X),
                        w = in_memory(graph, FA_CUDNN_W);
    fa_cudnn_descriptor operation = fa_cudnn_begin(made, direction->type);

    fa_cudnn_put(made, operation, direction->alpha, FA_CUDNN_TYPE_FLOAT, 1, &one);
    fa_cudnn_put(made, operation, direction->beta, FA_CUDNN_TYPE_FLOAT, 1, &zero);
    fa_cudnn_put_descriptor(made, operation, direction->conv, conv);
    fa_cudnn_put_descriptor(made, operation, direction->w, w);
    fa_cudnn_put_descriptor(made, operation, direction->x, x);
    fa_cudnn_put_descriptor(made, operation, direction->y, y);
    return fa_cudnn_finish(made, operation);
}

/* y = mode(x, b); b NULL: of x alone. */
static fa_cudnn_descriptor add_pointwise(struct fa_cudnn_descriptors *made, int mode, fa_cudnn_descriptor x,
                                         fa_cudnn_descriptor b, fa_cudnn_descriptor y)
{
    const int computes = FA_CUDNN_DATA_FLOAT;
    fa_cudnn_descriptor kind = fa_cudnn_begin(made, FA_CUDNN_BACKEND_POINTWISE_DESCRIPTOR), operation;

    fa_cudnn_put(made, kind, FA_CUDNN_ATTR_POINTWISE_MODE, FA_CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
    fa_cudnn_put(made, kind, FA_CUDNN_ATTR_POINTWISE_MATH_PREC, FA_CUDNN_TYPE_DATA_TYPE, 1, &computes);
    fa_cudnn_finish(made, kind);
    operation = fa_cudnn_begin(made, FA_CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    fa_cudnn_put_descriptor(made, operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kind);
    fa_cudnn_put_descriptor(made, operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (b != NULL)
        fa_cudnn_put_descriptor(made, operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b);
    fa_cudnn_put_descriptor(made, operation, FA_CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    return fa_cudnn_finish(made, operation);
}

/* ---- the graph ---- */

/* What follows the convolution, in this order. */
struct epilogue {
    int n;
    struct {
        int mode;
        enum fa_cudnn_tensor with; /* FA_CUDNN_N_TENSORS: nothing */
    } step[MOST_OPERATIONS - 1];
};

static struct epilogue plan_epilogue(const struct fa_cudnn_conv *conv)
{
    struct epilogue epilogue = {0};

    for (int t = FA_CUDNN_Z; t <= FA_CUDNN_B; t++)
        if (fa_cudnn_uses(conv, (enum fa_cudnn_tensor)t)) {
            epilogue.step[epilogue.n].mode = FA_CUDNN_POINTWISE_ADD;
            epilogue.step[epilogue.n++].with = (enum fa_cudnn_tensor)t;
        }
    if (conv->direction == FA_CONV_FORWARD && conv->desc.relu) {
        epilogue.step[epilogue.n].mode = FA_CUDNN_POINTWISE_RELU_FWD;
        epilogue.step[epilogue.n++].with = FA_CUDNN_N_TENSORS;
    }
    return epilogue;
}

/* The value after `step` of n steps: y itself after the last one. */
static fa_cudnn_descriptor value_after(struct fa_cudnn_graph *graph, int step, int n)
{
    const struct sizes sizes = tensor_sizes(&graph->conv.desc, FA_CUDNN_Y);

    if (step == n)
        return in_memory(graph, FA_CUDNN_Y);
    return describe(&graph->descriptors, FIRST_VIRTUAL + step, FA_CUDNN_DATA_FLOAT, &sizes, true);
}

static int add_operations(struct fa_cudnn_graph *graph, fa_cudnn_descriptor operation[MOST_OPERATIONS])
{
    const struct epilogue epilogue = plan_epilogue(&graph->conv);
    fa_cudnn_descriptor value = value_after(graph, 0, epilogue.n);

    operation[0] = add_convolution(graph, value);
    for (int i = 0; i < epilogue.n; i++) {
        const enum fa_cudnn_tensor with = epilogue.step[i].with;
        fa_cudnn_descriptor b = with < FA_CUDNN_N_TENSORS ? in_memory(graph, with) : NULL;
        fa_cudnn_descriptor next = value_after(graph, i + 1, epilogue.n);

        operation[i + 1] = add_pointwise(&graph->descriptors, epilogue.step[i].mode, value, b, next);
        value = next;
    }
    return 1 + epilogue.n;
}

void fa_cudnn_conv_text(const struct fa_cudnn_conv *conv, char text[FA_CUDNN_CONV_TEXT_MAX])
{
    const struct fa_conv_desc *desc = &conv->desc;

    snprintf(text, FA_CUDNN_CONV_TEXT_MAX, "%s of %dx%d/%d, %dx%dx%d to %d channels, groups %d, %s",
             fa_conv_direction_names[conv->direction], desc->kernel, desc->kernel, desc->stride, desc->in.c,
             desc->in.h, desc->in.w, desc->out_channels, desc->groups,
             fa_cudnn_precision_names[conv->precision]);
}

fa_status fa_cudnn_graph_create(const struct fa_cudnn *cudnn, const struct fa_cudnn_conv *conv,
                                struct fa_cudnn_graph *graph)
{
    struct fa_cudnn_descriptors *made = &graph->descriptors;
    fa_cudnn_descriptor operation[MOST_OPERATIONS];
    char text[FA_CUDNN_CONV_TEXT_MAX];
    int n;

    assert(conv->bias || conv->direction != FA_CONV_FORWARD || !(conv->desc.relu || conv->desc.residual));
    *graph = (struct fa_cudnn_graph){.conv = *conv, .descriptors = {.cudnn = cudnn}};
    n = add_operations(graph, operation);
    graph->operations = fa_cudnn_begin(made, FA_CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    fa_cudnn_put(made, graph->operations, FA_CUDNN_ATTR_OPERATIONGRAPH_OPS, FA_CUDNN_TYPE_BACKEND_DESCRIPTOR,
                 n, operation);
    fa_cudnn_finish(made, graph->operations);
    if (made->status == FA_OK)
        return FA_OK;
    fa_cudnn_conv_text(conv, text);
    fa_cudnn_graph_destroy(graph);
    return fa_prefix(made->status, "%s", text);
}

void fa_cudnn_graph_destroy(struct fa_cudnn_graph *graph)
{
    fa_cudnn_end(&graph->descriptors);
}
