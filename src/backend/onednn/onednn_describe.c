/*
 * onednn_describe.c - a convolution in oneDNN's words: tensors, strides, and what is fused into it.
 */
#include "onednn.h"

static dnnl_prop_kind_t kind_of(const struct fa_conv *conv, enum onednn_operation operation)
{
    if (operation == ONEDNN_BACKWARD_DATA)
        return dnnl_backward_data;
    if (operation == ONEDNN_BACKWARD_WEIGHTS)
        return dnnl_backward_weights;
    return fa_conv_is_trained(&conv->desc) ? dnnl_forward_training : dnnl_forward_inference;
}

static struct onednn_problem problem_of(const struct fa_conv *conv, enum onednn_operation operation)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)conv->weights;
    const int stride = conv->desc.stride, pad = conv->desc.pad;

    return (struct onednn_problem){.kind = kind_of(conv, operation),
                                   .src = onednn_activation_tensor(conv->backend, conv->desc.in),
                                   .filters = operation == ONEDNN_BACKWARD_WEIGHTS
                                                  ? onednn_weights_gradient_tensor(weights)
                                                  : onednn_weights_any_tensor(weights),
                                   .bias = onednn_weights_bias_tensor(weights),
                                   .dst = onednn_activation_tensor(conv->backend, conv->out),
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

static dnnl_status_t append_residual(const struct fa_conv *conv, enum onednn_operation operation,
                                     dnnl_post_ops_t post_ops)
{
    const struct onednn_tensor residual = onednn_activation_tensor(conv->backend, conv->out);

    return operation == ONEDNN_FORWARD ? onednn_append_sum(post_ops) : append_beside(&residual, post_ops);
}

/* What forward does to the sum of products and the bias: it adds the residual, then comes the ReLU. */
static dnnl_status_t append_post_ops(const struct fa_conv *conv, enum onednn_operation operation,
                                     dnnl_primitive_attr_t attributes)
{
    dnnl_post_ops_t post_ops;
    dnnl_status_t status = dnnl_post_ops_create(&post_ops);

    if (status != dnnl_success)
        return status;
    if (conv->desc.residual)
        status = append_residual(conv, operation, post_ops);
    if (status == dnnl_success && conv->desc.relu)
        status = onednn_append_relu(post_ops);
    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_post_ops(attributes, post_ops);
    dnnl_post_ops_destroy(post_ops);
    return status;
}

static fa_status make_attributes(const struct fa_conv *conv, enum onednn_operation operation,
                                 dnnl_primitive_attr_t *out)
{
    dnnl_status_t status = dnnl_primitive_attr_clone(out, onednn_of(conv->backend)->plain);

    FA_TRY(onednn_check(status, "copying attributes"));
    if (operation == ONEDNN_FORWARD || operation == ONEDNN_FORWARD_BESIDE)
        status = append_post_ops(conv, operation, *out);
    if (status != dnnl_success)
        dnnl_primitive_attr_destroy(*out);
    return onednn_check(status, "fusing the residual and the ReLU");
}

fa_status onednn_describe(const struct fa_conv *conv, enum onednn_operation operation,
                          const_dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *out)
{
    struct onednn_problem problem = problem_of(conv, operation);
    dnnl_primitive_attr_t attributes;
    dnnl_status_t status;

    *out = NULL;
    problem.forward = forward;
    FA_TRY(make_attributes(conv, operation, &attributes));
    status = onednn_problem_describe(&problem, onednn_of(conv->backend)->engine, attributes, out);
    dnnl_primitive_attr_destroy(attributes);
    return status == dnnl_unimplemented ? FA_OK : onednn_check(status, "choosing an implementation");
}
