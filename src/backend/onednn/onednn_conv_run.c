/*
 * onednn_conv_run.c - the three directions of a convolution, run with pointers.
 */
#include <string.h>

#include "fa/trace.h"
#include "onednn.h"

static struct onednn_prepared *operation_of(const struct fa_conv *conv, enum onednn_operation which)
{
    return &((struct onednn_conv *)conv)->operations[which];
}

/* data: one pointer for each argument but the scratchpad, in their order. */
static dnnl_status_t run_primitive(struct onednn *onednn, struct onednn_prepared *operation,
                                   const void *const *data)
{
    const int last = operation->n_args - 1;
    dnnl_status_t status = dnnl_success;

    for (int i = 0; i < last && status == dnnl_success; i++)
        status = dnnl_memory_set_data_handle(operation->args[i].memory, (void *)data[i]);
    if (status == dnnl_success)
        status = dnnl_memory_set_data_handle(operation->args[last].memory, onednn->work.memory);
    if (status == dnnl_success)
        status =
            dnnl_primitive_execute(operation->primitive, onednn->stream, operation->n_args, operation->args);
    return status == dnnl_success ? dnnl_stream_wait(onednn->stream) : status;
}

static fa_status run(const struct fa_conv *conv, enum onednn_operation which, const void *const *data)
{
    static const char *const what[] = {"forward", "backward to data", "backward to weights", "forward"};
    struct onednn *onednn = onednn_of(conv->backend);

    onednn_use_threads(onednn);
    return onednn_name_shape(
        onednn_check(run_primitive(onednn, operation_of(conv, which), data), what[which]), &conv->desc);
}

/* For a result of the operation that is then added to another. */
static void *staging(const struct fa_conv *conv, enum onednn_operation which)
{
    return (char *)onednn_of(conv->backend)->work.memory + operation_of(conv, which)->scratchpad_bytes;
}

static fa_status packed_filters(const struct fa_conv *conv, enum onednn_operation which, const void **filters)
{
    struct onednn_filters *packed = operation_of(conv, which)->filters;

    FA_TRY(onednn_filters_refresh((const struct onednn_weights *)conv->weights, packed));
    *filters = packed->data;
    return FA_OK;
}

/* ---- forward ---- */

static fa_status forward_beside(const struct fa_conv *conv, const void *src, const void *residual, void *dst)
{
    const float *bias = ((const struct onednn_weights *)conv->weights)->bias;
    const void *filters;

    FA_TRY(packed_filters(conv, ONEDNN_FORWARD_BESIDE, &filters));
    return run(conv, ONEDNN_FORWARD_BESIDE, (const void *[]){src, filters, bias, residual, dst});
}

static fa_status forward(const struct fa_conv *conv, const void *src, void *dst)
{
    const float *bias = ((const struct onednn_weights *)conv->weights)->bias;
    const void *filters;

    FA_TRY(packed_filters(conv, ONEDNN_FORWARD, &filters));
    return run(conv, ONEDNN_FORWARD, (const void *[]){src, filters, bias, dst});
}

static void copy_residual(const struct fa_conv *conv, const void *residual, void *dst)
{
    const int span = fa_span_begin("copy residual");

    onednn_copy(onednn_of(conv->backend), onednn_activation_bytes(conv->backend, conv->out), residual, dst);
    fa_span_end(span);
}

fa_status onednn_conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst)
{
    const bool is_elsewhere = residual != NULL && residual != dst;

    if (operation_of(conv, ONEDNN_FORWARD)->method == ONEDNN_WINOGRAD)
        return onednn_winograd_forward(conv, src, residual, dst);
    if (is_elsewhere && operation_of(conv, ONEDNN_FORWARD_BESIDE)->primitive != NULL)
        return forward_beside(conv, src, residual, dst);
    if (is_elsewhere)
        copy_residual(conv, residual, dst);
    return forward(conv, src, dst);
}

/* ---- backward ---- */

/* Adds to the gradient of an activation, from src, unless it is NULL, and masks it by its ReLU, if it has
 * one. */
static void add_masked(const struct fa_conv *conv, const void *src, const void *relu_output, void *dst)
{
    const int span = fa_span_begin("add and mask");

    conv->backend->ops->add_masked(conv->backend, conv->desc.in, src, relu_output, dst);
    fa_span_end(span);
}

fa_status onednn_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                    const void *relu_output, void *diff_src)
{
    void *result = accumulate ? staging(conv, ONEDNN_BACKWARD_DATA) : diff_src;
    const void *filters;

    if (operation_of(conv, ONEDNN_BACKWARD_DATA)->method == ONEDNN_WINOGRAD)
        return onednn_winograd_backward_data(conv, diff_dst, accumulate, relu_output, diff_src);
    FA_TRY(packed_filters(conv, ONEDNN_BACKWARD_DATA, &filters));
    FA_TRY(run(conv, ONEDNN_BACKWARD_DATA, (const void *[]){diff_dst, filters, result}));
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

/* With stride 2 over a map of one column, oneDNN 2.6.3 reads parts of its scratchpad for AMX that it never
 * wrote. */
static void clear_scratchpad(const struct fa_conv *conv)
{
    const struct onednn *onednn = onednn_of(conv->backend);

    if (onednn->is_bf16 && conv->desc.in.w == 1)
        memset(onednn->work.memory, 0, operation_of(conv, ONEDNN_BACKWARD_WEIGHTS)->scratchpad_bytes);
}

static fa_status backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst, bool add,
                                  float *sum)
{
    const struct onednn_gradient *gradient = &((const struct onednn_weights *)conv->weights)->gradient;
    float *result = add ? staging(conv, ONEDNN_BACKWARD_WEIGHTS) : sum;

    clear_scratchpad(conv);
    FA_TRY(run(conv, ONEDNN_BACKWARD_WEIGHTS,
               (const void *[]){src, diff_dst, result, result + gradient->n_elem}));
    if (add)
        add_gradients(conv, result, sum);
    return FA_OK;
}

/* The first gradient since the last clear goes straight to its place, later ones are added. */
fa_status onednn_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                       struct fa_weights_sum *base)
{
    struct onednn_weights_sum *sum = (struct onednn_weights_sum *)base;
    const bool is_first = sum->data == NULL;

    if (is_first)
        FA_TRY(onednn_weights_sum_begin(sum));
    switch (operation_of(conv, ONEDNN_BACKWARD_WEIGHTS)->method) {
    case ONEDNN_WINOGRAD:
        onednn_winograd_backward_weights(conv, src, diff_dst, !is_first, sum->data);
        return FA_OK;
    case ONEDNN_STRIPS:
        onednn_strips_backward_weights(conv, src, diff_dst, !is_first, sum->data);
        return FA_OK;
    case ONEDNN_ITSELF:
        break;
    }
    return backward_weights(conv, src, diff_dst, !is_first, sum->data);
}
