/*
 * onednn_choice.c - which algorithm computes a convolution: a static rule from shape and instruction set, so
 * that every rank and every run chooses alike, unless the backend's table lists what was measured.
 *
 * Winograd (4x4 outputs from 6x6 inputs) needs a quarter of the multiplications of a 3x3 convolution with
 * stride 1, but moves more memory. Measured with AVX-512 on one core, 256 to 256 channels, against direct:
 * 100x168 2.3 to 2.7 times as fast in each direction, 50x84 2.2 to 2.9, 25x42 1.2 to 2.1. Below that it
 * counts that filters are transformed in each call, 13x21 0.9, 7x11 0.5; but not for their gradient,
 * 13x21 1.5, 10x16 1.2, 7x11 0.8; nor where nothing is trained, when it is done once per load, 13x21 2.2,
 * 7x11 1.4.
 */
#include <string.h>

#include "onednn.h"

/* Squares of 4x4 outputs from which on it pays. */
enum { LEAST_TILES = 48, LEAST_TILES_OF_WEIGHTS = 12, LEAST_TILES_UNTRAINED = 6 };

/* Its working memory grows with the output channels. The head's last convolution, 256 to 720 of 100x168,
 * takes 225 MiB at once and 109 MiB in parts, and as long. Parts follow from channels alone, so that all
 * levels share packed filters. */
enum { MOST_CHANNELS = 512, PART_CHANNELS = 256 };

/* Of floats alone. */
static bool has_winograd_shape(const struct fa_backend *backend, const struct fa_conv_desc *desc)
{
    return onednn_has_winograd && !onednn_of(backend)->is_bf16 && desc->kernel == 3 && desc->stride == 1 &&
           desc->pad == 1;
}

/* In blocks of channels a convolution of few groups may be computed as one of none. */
static bool winograd_applies(const struct fa_conv *conv)
{
    return has_winograd_shape(conv->backend, &conv->desc) &&
           ((const struct onednn_weights *)conv->weights)->groups == 1;
}

size_t onednn_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                              enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX])
{
    (void)direction;
    strcpy(names[0], "direct");
    strcpy(names[1], "winograd");
    return has_winograd_shape(backend, desc) && desc->groups == 1 ? 2 : 1;
}

static int least_tiles(const struct fa_conv *conv, enum onednn_operation operation)
{
    if (!fa_conv_is_trained(&conv->desc))
        return LEAST_TILES_UNTRAINED;
    return operation == ONEDNN_BACKWARD_WEIGHTS ? LEAST_TILES_OF_WEIGHTS : LEAST_TILES;
}

static bool winograd_wanted(const struct fa_conv *conv, enum onednn_operation operation)
{
    const int n_tiles = (conv->out.h + 3) / 4 * ((conv->out.w + 3) / 4);
    const char *asked =
        fa_conv_asked_algorithm(conv->backend, &conv->desc, (enum fa_conv_direction)operation);

    if (!winograd_applies(conv))
        return false;
    return asked == NULL ? n_tiles >= least_tiles(conv, operation) : strcmp(asked, "winograd") == 0;
}

int onednn_part_channels(const struct fa_conv *conv)
{
    const int n_out = conv->desc.out_channels;

    return n_out > MOST_CHANNELS && winograd_applies(conv) && fa_conv_is_trained(&conv->desc) ? PART_CHANNELS
                                                                                              : n_out;
}

static struct onednn_tensor output_tensor(const struct fa_conv *conv, int n_out)
{
    return onednn_activation_tensor(conv->backend, (struct fa_shape){n_out, conv->out.h, conv->out.w});
}

static dnnl_prop_kind_t kind_of(const struct fa_conv *conv, enum onednn_operation operation)
{
    if (operation == ONEDNN_BACKWARD_DATA)
        return dnnl_backward_data;
    if (operation == ONEDNN_BACKWARD_WEIGHTS)
        return dnnl_backward_weights;
    return fa_conv_is_trained(&conv->desc) ? dnnl_forward_training : dnnl_forward_inference;
}

static struct onednn_problem problem_of(const struct fa_conv *conv, int n_out,
                                        enum onednn_operation operation)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)conv->weights;
    const int stride = conv->desc.stride, pad = conv->desc.pad;

    return (struct onednn_problem){.kind = kind_of(conv, operation),
                                   .src = onednn_activation_tensor(conv->backend, conv->desc.in),
                                   .filters = operation == ONEDNN_BACKWARD_WEIGHTS
                                                  ? onednn_weights_gradient_tensor(weights, n_out)
                                                  : onednn_weights_any_tensor(weights, n_out),
                                   .bias = onednn_weights_bias_tensor(n_out),
                                   .dst = output_tensor(conv, n_out),
                                   .stride = {stride, stride},
                                   .pad = {pad, pad}};
}

static dnnl_status_t append_beside(const struct onednn_tensor *residual, dnnl_post_ops_t post_ops)
{
    onednn_md md = NULL;
    dnnl_status_t status = onednn_md_create(residual, &md);

    if (status == dnnl_success)
        status = dnnl_post_ops_append_binary(post_ops, dnnl_binary_add, md);
    onednn_md_destroy(md);
    return status;
}

static dnnl_status_t append_residual(const struct fa_conv *conv, int n_out, enum onednn_operation operation,
                                     dnnl_post_ops_t post_ops)
{
    const struct onednn_tensor residual = output_tensor(conv, n_out);

    return operation == ONEDNN_FORWARD ? onednn_append_sum(post_ops) : append_beside(&residual, post_ops);
}

/* What forward does to the sum of products and the bias: it adds the residual, then comes the ReLU. */
static dnnl_status_t append_post_ops(const struct fa_conv *conv, int n_out, enum onednn_operation operation,
                                     dnnl_primitive_attr_t attributes)
{
    dnnl_post_ops_t post_ops;
    dnnl_status_t status = dnnl_post_ops_create(&post_ops);

    if (status != dnnl_success)
        return status;
    if (conv->desc.residual)
        status = append_residual(conv, n_out, operation, post_ops);
    if (status == dnnl_success && conv->desc.relu)
        status = onednn_append_relu(post_ops);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attributes, post_ops);
    dnnl_post_ops_destroy(post_ops);
    return status;
}

static fa_status make_attributes(const struct fa_conv *conv, int n_out, enum onednn_operation operation,
                                 dnnl_primitive_attr_t *out)
{
    dnnl_status_t status = dnnl_primitive_attr_clone(out, onednn_of(conv->backend)->plain);

    FA_TRY(onednn_check(status, "copying attributes"));
    if (operation == ONEDNN_FORWARD || operation == ONEDNN_FORWARD_BESIDE)
        status = append_post_ops(conv, n_out, operation, *out);
    if (status != dnnl_success)
        dnnl_primitive_attr_destroy(*out);
    return onednn_check(status, "fusing the residual and the ReLU");
}

static const char *implementation_name(const_dnnl_primitive_desc_t desc)
{
    const char *text = "";

    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &text);
    if (strstr(text, "wino") != NULL)
        return "winograd";
    return strncmp(text, "ref", 3) == 0 ? "reference" : "direct";
}

static bool is_reference(const_dnnl_primitive_desc_t desc)
{
    return strcmp(implementation_name(desc), "reference") == 0;
}

/* *out is NULL if oneDNN has nothing of the kind. */
static fa_status create(const struct fa_conv *conv, int n_out, enum onednn_operation operation,
                        dnnl_alg_kind_t algorithm, const_dnnl_primitive_desc_t forward,
                        dnnl_primitive_desc_t *out)
{
    struct onednn_problem problem = problem_of(conv, n_out, operation);
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status;

    *out = NULL;
    problem.algorithm = algorithm;
    problem.forward = forward;
    FA_TRY(make_attributes(conv, n_out, operation, &attributes));
    status = onednn_problem_describe(&problem, onednn_of(conv->backend)->engine, attributes, out);
    dnnl_primitive_attr_destroy(attributes);
    return status == dnnl_unimplemented ? FA_OK : onednn_check(status, "choosing an implementation");
}

static fa_status choose_beside(const struct fa_conv *conv, int n_out, struct onednn_choice *out)
{
    FA_TRY(create(conv, n_out, ONEDNN_FORWARD_BESIDE, dnnl_convolution_direct, NULL, &out->desc));
    if (out->desc != NULL && is_reference(out->desc)) {
        dnnl_primitive_desc_destroy(out->desc);
        out->desc = NULL;
    }
    return FA_OK;
}

fa_status onednn_choose(const struct fa_conv *conv, int n_out, enum onednn_operation operation,
                        const_dnnl_primitive_desc_t forward, struct onednn_choice *out)
{
    *out = (struct onednn_choice){NULL, "direct"};
    if (operation == ONEDNN_FORWARD_BESIDE)
        return choose_beside(conv, n_out, out);
    if (winograd_wanted(conv, operation))
        FA_TRY(create(conv, n_out, operation, dnnl_convolution_winograd, forward, &out->desc));
    if (out->desc == NULL)
        FA_TRY(create(conv, n_out, operation, dnnl_convolution_direct, forward, &out->desc));
    if (out->desc == NULL)
        return onednn_check(dnnl_unimplemented, "choosing an implementation");
    out->name = implementation_name(out->desc);
    return FA_OK;
}
