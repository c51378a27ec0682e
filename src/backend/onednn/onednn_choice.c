/*
 * onednn_choice.c - which algorithm computes a convolution: a static rule from shape and instruction set, so
 * that every rank and every run chooses alike.
 *
 * Winograd (4x4 outputs from 6x6 inputs) needs a quarter of the multiplications of a 3x3 convolution with
 * stride 1, but moves more memory. Measured with AVX-512 on one core, 256 to 256 channels, against direct:
 * 100x168 2.3 to 2.7 times as fast in each direction, 50x84 2.2 to 2.9, 25x42 1.2 to 1.7, 13x21 0.6 to 0.9,
 * 7x11 0.3. Where nothing is trained the filters are transformed once per load, and 13x21 wins as well.
 */
#include <string.h>

#include "onednn.h"

enum { LEAST_TILES_TRAINING = 48, LEAST_TILES_INFERENCE = 20 };

static bool is_trained(const struct fa_conv_desc *desc)
{
    return desc->backward_data || desc->backward_weights;
}

static bool winograd_applies(const struct fa_conv *conv)
{
    const struct fa_conv_desc *desc = &conv->desc;

    return desc->kernel == 3 && desc->stride == 1 && desc->pad == 1 &&
           ((const struct onednn_weights *)conv->weights)->groups == 1;
}

static bool winograd_wanted(const struct fa_conv *conv)
{
    const int n_tiles = (conv->out.h + 3) / 4 * ((conv->out.w + 3) / 4);

    switch (conv->backend->algorithm) {
    case FA_CONV_DIRECT:
        return false;
    case FA_CONV_WINOGRAD:
        return winograd_applies(conv);
    case FA_CONV_AUTO:
        break;
    }
    return winograd_applies(conv) &&
           n_tiles >= (is_trained(&conv->desc) ? LEAST_TILES_TRAINING : LEAST_TILES_INFERENCE);
}

static fa_status describe(const struct fa_conv *conv, enum fa_conv_direction direction,
                          dnnl_alg_kind_t algorithm, dnnl_convolution_desc_t *out)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)conv->weights;
    const dnnl_prop_kind_t kind = is_trained(&conv->desc) ? dnnl_forward_training : dnnl_forward_inference;
    const dnnl_dims_t stride = {conv->desc.stride, conv->desc.stride}, pad = {conv->desc.pad, conv->desc.pad};
    dnnl_memory_desc_t src, dst, filters, bias;
    dnnl_status_t status = dnnl_invalid_arguments;

    FA_TRY(onednn_activation_md(conv->backend, conv->desc.in, &src));
    FA_TRY(onednn_activation_md(conv->backend, conv->out, &dst));
    FA_TRY(onednn_weights_any_md(weights, &filters));
    FA_TRY(onednn_weights_bias_md(weights, &bias));
    switch (direction) {
    case FA_CONV_FORWARD:
        status = dnnl_convolution_forward_desc_init(out, kind, algorithm, &src, &filters, &bias, &dst, stride,
                                                    pad, pad);
        break;
    case FA_CONV_BACKWARD_DATA:
        status =
            dnnl_convolution_backward_data_desc_init(out, algorithm, &src, &filters, &dst, stride, pad, pad);
        break;
    case FA_CONV_BACKWARD_WEIGHTS:
        status = dnnl_convolution_backward_weights_desc_init(out, algorithm, &src, &filters, &bias, &dst,
                                                             stride, pad, pad);
        break;
    }
    return onednn_check(status, "describing the operation");
}

/* What forward does to the sum of products besides the bias: adds what dst holds, then the ReLU. */
static dnnl_status_t append_post_ops(const struct fa_conv_desc *desc, dnnl_primitive_attr_t attributes)
{
    dnnl_post_ops_t post_ops;
    dnnl_status_t status = dnnl_post_ops_create(&post_ops);

    if (status != dnnl_success)
        return status;
    if (desc->residual)
        status = dnnl_post_ops_append_sum(post_ops, 1.0f);
    if (status == dnnl_success && desc->relu)
        status = dnnl_post_ops_append_eltwise(post_ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attributes, post_ops);
    dnnl_post_ops_destroy(post_ops);
    return status;
}

static fa_status make_attributes(const struct fa_conv *conv, enum fa_conv_direction direction,
                                 dnnl_primitive_attr_t *out)
{
    dnnl_status_t status = dnnl_primitive_attr_clone(out, onednn_of(conv->backend)->plain);

    FA_TRY(onednn_check(status, "copying attributes"));
    if (direction == FA_CONV_FORWARD)
        status = append_post_ops(&conv->desc, *out);
    if (status != dnnl_success)
        dnnl_primitive_attr_destroy(*out);
    return onednn_check(status, "fusing the sum and the ReLU");
}

static const char *implementation_name(const_dnnl_primitive_desc_t desc)
{
    const char *text = "";

    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &text);
    if (strstr(text, "wino") != NULL)
        return "winograd";
    return strncmp(text, "ref", 3) == 0 ? "reference" : "direct";
}

static fa_status create(const struct fa_conv *conv, enum fa_conv_direction direction,
                        dnnl_alg_kind_t algorithm, const_dnnl_primitive_desc_t forward,
                        dnnl_primitive_desc_t *out)
{
    dnnl_convolution_desc_t description;
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status;

    FA_TRY(describe(conv, direction, algorithm, &description));
    FA_TRY(make_attributes(conv, direction, &attributes));
    *out = NULL;
    status =
        dnnl_primitive_desc_create(out, &description, attributes, onednn_of(conv->backend)->engine, forward);
    dnnl_primitive_attr_destroy(attributes);
    if (status == dnnl_unimplemented && algorithm == dnnl_convolution_winograd)
        return FA_OK; /* with *out NULL: the caller goes on to direct */
    return onednn_check(status, "choosing an implementation");
}

fa_status onednn_choose(const struct fa_conv *conv, enum fa_conv_direction direction,
                        const_dnnl_primitive_desc_t forward, struct onednn_primitive_choice *out)
{
    out->desc = NULL;
    if (winograd_wanted(conv))
        FA_TRY(create(conv, direction, dnnl_convolution_winograd, forward, &out->desc));
    if (out->desc == NULL)
        FA_TRY(create(conv, direction, dnnl_convolution_direct, forward, &out->desc));
    out->name = implementation_name(out->desc);
    return FA_OK;
}
