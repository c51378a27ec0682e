/*
 * onednn_conv.c - the three directions of a convolution: prepared once for a shape, run with pointers.
 */
#include <string.h>

#include "fa/memory.h"
#include "fa/trace.h"
#include "onednn.h"

enum { MAX_ARGS = 6 };

/* The scratchpad is the last argument. */
struct operation {
    const char *chosen;
    dnnl_primitive_t primitive; /* NULL if this operation will not be asked for */
    int n_args;
    dnnl_exec_arg_t args[MAX_ARGS];
    struct onednn_filters *filters; /* packed; NULL where they are a gradient */
};

struct onednn_conv {
    struct fa_conv base;
    struct operation operations[ONEDNN_N_OPERATIONS];
};

static const struct argument {
    int name;
    dnnl_query_t query;
} arguments[ONEDNN_N_OPERATIONS][MAX_ARGS] = {
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

/* ---- creation */

static fa_status create_arguments(struct onednn *onednn, const_dnnl_primitive_desc_t desc,
                                  enum onednn_operation which, struct operation *operation)
{
    const struct argument *argument = arguments[which];

    for (int i = 0; i < MAX_ARGS && argument[i].name != 0; i++) {
        const bool is_bias = argument[i].name == DNNL_ARG_BIAS || argument[i].name == DNNL_ARG_DIFF_BIAS;
        const dnnl_memory_desc_t *md = dnnl_primitive_desc_query_md(desc, argument[i].query, is_bias ? 1 : 0);

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
    struct operation *operation = &conv->operations[which];
    const dnnl_memory_desc_t *scratchpad = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);

    if (which != ONEDNN_BACKWARD_WEIGHTS)
        FA_TRY(onednn_weights_packed(weights, dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0),
                                     &operation->filters));
    FA_TRY(onednn_work_reserve(&onednn->scratchpad, dnnl_memory_desc_get_size(scratchpad)));
    FA_TRY(onednn_work_reserve(&onednn->staging, staging_bytes(&conv->base, which)));
    FA_TRY(create_arguments(onednn, desc, which, operation));
    return onednn_check(dnnl_primitive_create(&operation->primitive, desc), "generating code");
}

static fa_status create_operation(struct onednn_conv *conv, enum onednn_operation which)
{
    const_dnnl_primitive_desc_t forward = NULL;
    struct onednn_choice choice;
    fa_status status;

    if (which == ONEDNN_BACKWARD_DATA || which == ONEDNN_BACKWARD_WEIGHTS)
        FA_TRY(onednn_check(
            dnnl_primitive_get_primitive_desc(conv->operations[ONEDNN_FORWARD].primitive, &forward),
            "asking for the forward direction"));
    FA_TRY(onednn_choose(&conv->base, which, forward, &choice));
    if (choice.desc == NULL)
        return FA_OK;
    conv->operations[which].chosen = choice.name;
    status = bind_operation(conv, choice.desc, which);
    dnnl_primitive_desc_destroy(choice.desc);
    return status;
}

static fa_status create_operations(struct onednn_conv *conv)
{
    FA_TRY(create_operation(conv, ONEDNN_FORWARD));
    if (conv->base.desc.residual && strcmp(conv->operations[ONEDNN_FORWARD].chosen, "direct") == 0)
        FA_TRY(create_operation(conv, ONEDNN_FORWARD_BESIDE));
    if (conv->base.desc.backward_data)
        FA_TRY(create_operation(conv, ONEDNN_BACKWARD_DATA));
    if (conv->base.desc.backward_weights)
        FA_TRY(create_operation(conv, ONEDNN_BACKWARD_WEIGHTS));
    return FA_OK;
}

static fa_status name_shape(fa_status status, const struct fa_conv_desc *desc)
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
        return name_shape(status, desc);
    }
    *out = &conv->base;
    return FA_OK;
}

static void destroy_operation(struct operation *operation)
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

/* ---- execution */

/* data: one pointer for each argument but the scratchpad, in their order. */
static dnnl_status_t run_primitive(struct onednn *onednn, struct operation *operation,
                                   const void *const *data)
{
    const int last = operation->n_args - 1;
    dnnl_status_t status = dnnl_success;

    for (int i = 0; i < last && status == dnnl_success; i++)
        status = dnnl_memory_set_data_handle(operation->args[i].memory, (void *)data[i]);
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(operation->args[last].memory, onednn->scratchpad.memory);
    if (status == dnnl_success)
        status =
            dnnl_primitive_execute(operation->primitive, onednn->stream, operation->n_args, operation->args);
    return status == dnnl_success ? dnnl_stream_wait(onednn->stream) : status;
}

static fa_status run(struct fa_conv *conv, enum onednn_operation which, const void *const *data)
{
    static const char *const what[] = {"forward", "backward to data", "backward to weights", "forward"};
    struct onednn *onednn = onednn_of(conv->backend);
    struct operation *operation = &((struct onednn_conv *)conv)->operations[which];

    onednn_use_threads(onednn);
    return name_shape(onednn_check(run_primitive(onednn, operation, data), what[which]), &conv->desc);
}

static fa_status forward_beside(struct fa_conv *conv, const float *src, const float *residual, float *dst)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)conv->weights;
    struct onednn_filters *packed = ((struct onednn_conv *)conv)->operations[ONEDNN_FORWARD_BESIDE].filters;

    FA_TRY(onednn_filters_refresh(weights, packed));
    return run(conv, ONEDNN_FORWARD_BESIDE,
               (const void *[]){src, packed->data, weights->bias, residual, dst});
}

static void copy_residual(const struct fa_conv *conv, const float *residual, float *dst)
{
    const int span = fa_span_begin("copy residual");

    onednn_copy_n(onednn_of(conv->backend), onednn_activation_elements(conv->backend, conv->out), residual,
                  dst);
    fa_span_end(span);
}

fa_status onednn_conv_forward(struct fa_conv *conv, const fa_real *src, const fa_real *residual, fa_real *dst)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)conv->weights;
    const struct operation *operations = ((struct onednn_conv *)conv)->operations;
    struct onednn_filters *packed = operations[ONEDNN_FORWARD].filters;

    if (residual != NULL && residual != dst) {
        if (operations[ONEDNN_FORWARD_BESIDE].primitive != NULL)
            return forward_beside(conv, src, residual, dst);
        copy_residual(conv, residual, dst);
    }
    FA_TRY(onednn_filters_refresh(weights, packed));
    return run(conv, ONEDNN_FORWARD, (const void *[]){src, packed->data, weights->bias, dst});
}

/* Completes the gradient of an activation: from src, if it is not in place, and its ReLU, if it has one. */
static void add_masked(const struct fa_conv *conv, const float *src, const float *relu_output, float *dst)
{
    const int span = fa_span_begin("add and mask");

    onednn_add_masked_n(onednn_of(conv->backend), onednn_activation_elements(conv->backend, conv->desc.in),
                        src, relu_output, dst);
    fa_span_end(span);
}

fa_status onednn_conv_backward_data(struct fa_conv *conv, const fa_real *diff_dst, bool accumulate,
                                    const fa_real *relu_output, fa_real *diff_src)
{
    struct onednn_filters *packed = ((struct onednn_conv *)conv)->operations[ONEDNN_BACKWARD_DATA].filters;
    float *result = accumulate ? onednn_of(conv->backend)->staging.memory : diff_src;

    FA_TRY(onednn_filters_refresh((const struct onednn_weights *)conv->weights, packed));
    FA_TRY(run(conv, ONEDNN_BACKWARD_DATA, (const void *[]){diff_dst, packed->data, result}));
    if (accumulate || relu_output != NULL)
        add_masked(conv, accumulate ? result : NULL, relu_output, diff_src);
    return FA_OK;
}

static void add_gradients(const struct fa_conv *conv, const float *from, float *sum)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)conv->weights;
    const int span = fa_span_begin("add gradients");

    onednn_add_masked_n(onednn_of(conv->backend), onednn_gradient_bytes(weights) / sizeof *sum, from, NULL,
                        sum);
    fa_span_end(span);
}

/* The first gradient since the last clear goes straight to its place, later ones are added. */
fa_status onednn_conv_backward_weights(struct fa_conv *conv, const fa_real *src, const fa_real *diff_dst)
{
    struct onednn_gradient *gradient = &((struct onednn_weights *)conv->weights)->gradient;
    const bool is_first = gradient->data == NULL;
    float *filters;

    if (is_first)
        FA_TRY(onednn_gradient_begin((struct onednn_weights *)conv->weights));
    filters = is_first ? gradient->data : onednn_of(conv->backend)->staging.memory;
    FA_TRY(run(conv, ONEDNN_BACKWARD_WEIGHTS,
               (const void *[]){src, diff_dst, filters, filters + gradient->n_elem}));
    if (!is_first)
        add_gradients(conv, filters, gradient->data);
    return FA_OK;
}
