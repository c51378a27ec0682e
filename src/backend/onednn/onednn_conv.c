/*
 * onednn_conv.c - the three directions of a convolution, prepared once for a shape.
 */
#include <string.h>

#include "fa/memory.h"
#include "onednn.h"

static const struct argument {
    int name;
    dnnl_query_t query;
} arguments[ONEDNN_N_OPERATIONS][ONEDNN_MAX_ARGS] = {
    [ONEDNN_FORWARD] = {{DNNL_ARG_SRC, dnnl_query_src_md},
                        {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                        {DNNL_ARG_BIAS, dnnl_query_weights_md},
                        {DNNL_ARG_DST, dnnl_query_dst_md},
                        {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md}},
    [ONEDNN_BACKWARD_DATA] = {{DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                              {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                              {DNNL_ARG_DIFF_SRC, dnnl_query_diff_src_md},
                              {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md}},
    [ONEDNN_BACKWARD_WEIGHTS] = {{DNNL_ARG_SRC, dnnl_query_src_md},
                                 {DNNL_ARG_DIFF_DST, dnnl_query_diff_dst_md},
                                 {DNNL_ARG_DIFF_WEIGHTS, dnnl_query_diff_weights_md},
                                 {DNNL_ARG_DIFF_BIAS, dnnl_query_diff_weights_md},
                                 {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md}},
    [ONEDNN_FORWARD_BESIDE] = {{DNNL_ARG_SRC, dnnl_query_src_md},
                               {DNNL_ARG_WEIGHTS, dnnl_query_weights_md},
                               {DNNL_ARG_BIAS, dnnl_query_weights_md},
                               {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, dnnl_query_dst_md},
                               {DNNL_ARG_DST, dnnl_query_dst_md},
                               {DNNL_ARG_SCRATCHPAD, dnnl_query_scratchpad_md}},
};

static fa_status create_arguments(struct onednn *onednn, const_dnnl_primitive_desc_t desc,
                                  enum onednn_operation which, struct onednn_prepared *operation)
{
    const struct argument *argument = arguments[which];

    for (int i = 0; i < ONEDNN_MAX_ARGS && argument[i].name != 0; i++) {
        const bool is_bias = argument[i].name == DNNL_ARG_BIAS || argument[i].name == DNNL_ARG_DIFF_BIAS;
        const onednn_md md = dnnl_primitive_desc_query_md(desc, argument[i].query, is_bias ? 1 : 0);

        operation->args[i].arg = argument[i].name;
        FA_TRY(
            onednn_check(dnnl_memory_create(&operation->args[i].memory, md, onednn->engine, DNNL_MEMORY_NONE),
                         "describing an argument"));
        operation->n_args = i + 1;
    }
    return FA_OK;
}

/* For results that are then added to others: the gradient of an activation, or of filters and bias. */
static size_t staging_bytes(const struct fa_conv *conv, enum onednn_operation which)
{
    if (which == ONEDNN_BACKWARD_DATA)
        return onednn_activation_bytes(conv->backend, conv->desc.in);
    if (which == ONEDNN_BACKWARD_WEIGHTS)
        return onednn_gradient_bytes((const struct onednn_weights *)conv->weights);
    return 0;
}

static fa_status bind_operation(struct onednn_conv *conv, const_dnnl_primitive_desc_t desc,
                                enum onednn_operation which)
{
    struct onednn *onednn = onednn_of(conv->base.backend);
    struct onednn_weights *weights = (struct onednn_weights *)conv->base.weights;
    struct onednn_prepared *operation = &conv->operations[which];
    const onednn_md scratchpad = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);

    if (which != ONEDNN_BACKWARD_WEIGHTS)
        FA_TRY(onednn_weights_packed(weights, dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0),
                                     &operation->filters));
    operation->scratchpad_bytes = (dnnl_memory_desc_get_size(scratchpad) + 63) / 64 * 64;
    FA_TRY(
        onednn_work_reserve(&onednn->work, operation->scratchpad_bytes + staging_bytes(&conv->base, which)));
    FA_TRY(create_arguments(onednn, desc, which, operation));
    return onednn_check(dnnl_primitive_create(&operation->primitive, desc), "generating code");
}

static fa_status create_primitive(struct onednn_conv *conv, enum onednn_operation which,
                                  const_dnnl_primitive_desc_t forward)
{
    struct onednn_choice choice;
    fa_status status;

    FA_TRY(onednn_choose(&conv->base, which, forward, &choice));
    if (choice.desc == NULL)
        return FA_OK;
    conv->operations[which].chosen = choice.name;
    status = bind_operation(conv, choice.desc, which);
    dnnl_primitive_desc_destroy(choice.desc);
    return status;
}

static fa_status create_forward(struct onednn_conv *conv)
{
    FA_TRY(create_primitive(conv, ONEDNN_FORWARD, NULL));
    if (conv->base.desc.residual && strcmp(conv->operations[ONEDNN_FORWARD].chosen, "direct") == 0)
        return create_primitive(conv, ONEDNN_FORWARD_BESIDE, NULL);
    return FA_OK;
}

static fa_status create_backward(struct onednn_conv *conv, enum onednn_operation which)
{
    struct onednn_choice forward;
    fa_status status;

    FA_TRY(onednn_choose(&conv->base, ONEDNN_FORWARD, NULL, &forward));
    status = create_primitive(conv, which, forward.desc);
    dnnl_primitive_desc_destroy(forward.desc);
    return status;
}

/* One of our own needs no more than working memory. */
static fa_status reserve(struct onednn *onednn, struct onednn_prepared *operation, size_t n_bytes)
{
    operation->chosen = onednn_method_name(&onednn->base, operation->method);
    return onednn_work_reserve(&onednn->work, n_bytes);
}

static fa_status create_operation(struct onednn_conv *conv, enum fa_conv_direction direction)
{
    struct onednn *onednn = onednn_of(conv->base.backend);
    struct onednn_prepared *operation = &conv->operations[direction];

    operation->method = onednn_method_of(&conv->base, direction);
    if (operation->method == ONEDNN_WINOGRAD)
        return reserve(onednn, operation, onednn_winograd_bytes(&conv->base, direction));
    if (operation->method == ONEDNN_STRIPS)
        return reserve(onednn, operation, onednn_strips_gradient_bytes(&conv->base));
    if (direction == FA_CONV_FORWARD)
        return create_forward(conv);
    return create_backward(conv, (enum onednn_operation)direction);
}

static fa_status create_operations(struct onednn_conv *conv)
{
    FA_TRY(create_operation(conv, FA_CONV_FORWARD));
    if (conv->base.desc.backward_data)
        FA_TRY(create_operation(conv, FA_CONV_BACKWARD_DATA));
    if (conv->base.desc.backward_weights)
        FA_TRY(create_operation(conv, FA_CONV_BACKWARD_WEIGHTS));
    return FA_OK;
}

fa_status onednn_name_shape(fa_status status, const struct fa_conv_desc *desc)
{
    return fa_prefix(status, "convolution %dx%d, %d to %d channels in %d groups, stride %d, of %dx%d",
                     desc->kernel, desc->kernel, desc->in.c, desc->out_channels, desc->groups, desc->stride,
                     desc->in.h, desc->in.w);
}

fa_status onednn_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                             struct fa_weights *weights, struct fa_conv **out)
{
    struct onednn_conv *conv;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *conv, &conv));
    conv->base = (struct fa_conv){backend, weights, *desc, fa_conv_output_shape(desc)};
    onednn_use_threads(onednn_of(backend));
    status = create_operations(conv);
    if (status != FA_OK) {
        onednn_conv_destroy(&conv->base);
        return onednn_name_shape(status, desc);
    }
    *out = &conv->base;
    return FA_OK;
}

static void destroy_operation(struct onednn_prepared *operation)
{
    if (operation->primitive != NULL)
        dnnl_primitive_destroy(operation->primitive);
    for (int i = 0; i < operation->n_args; i++)
        dnnl_memory_destroy(operation->args[i].memory);
}

void onednn_conv_destroy(struct fa_conv *base)
{
    struct onednn_conv *conv = (struct onednn_conv *)base;

    for (int i = 0; i < ONEDNN_N_OPERATIONS; i++)
        destroy_operation(&conv->operations[i]);
    fa_free(conv);
}

const char *onednn_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    return ((const struct onednn_conv *)conv)->operations[direction].chosen;
}
