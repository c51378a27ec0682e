/*
 * onednn_conv_run.c - the three directions of a convolution, run with pointers: one part of its output
 * channels after the other.
 */
#include <string.h>

#include "fa/trace.h"
#include "onednn.h"

/* ---- one part ---- */

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

static fa_status run(const struct fa_conv *conv, struct onednn_part *part, enum onednn_operation which,
                     const void *const *data)
{
    static const char *const what[] = {"forward", "backward to data", "backward to weights", "forward"};
    struct onednn *onednn = onednn_of(conv->backend);

    onednn_use_threads(onednn);
    return onednn_name_shape(onednn_check(run_primitive(onednn, &part->operations[which], data), what[which]),
                             &conv->desc);
}

/* Bytes of an output, or of its gradient, before the part's channels. Only blocked layouts come in parts. */
static size_t output_offset(const struct fa_conv *conv, const struct onednn_part *part)
{
    return (size_t)part->first * (size_t)conv->out.h * (size_t)conv->out.w *
           onednn_element_bytes(onednn_of(conv->backend));
}

/* For a result of the operation that is then added to another. */
static void *staging(const struct fa_conv *base, enum onednn_operation which)
{
    const struct onednn_conv *conv = (const struct onednn_conv *)base;

    return (char *)onednn_of(base->backend)->work.memory + conv->scratchpad_bytes[which];
}

static fa_status packed_filters(const struct fa_conv *conv, struct onednn_part *part,
                                enum onednn_operation which, const void **filters)
{
    struct onednn_filters *packed = part->operations[which].filters;

    FA_TRY(onednn_filters_refresh((const struct onednn_weights *)conv->weights, packed));
    *filters = packed->data;
    return FA_OK;
}

/* ---- forward ---- */

static fa_status forward_beside(const struct fa_conv *conv, struct onednn_part *part, const void *src,
                                const void *residual, void *dst)
{
    const float *bias = ((const struct onednn_weights *)conv->weights)->bias + part->first;
    const void *filters;

    FA_TRY(packed_filters(conv, part, ONEDNN_FORWARD_BESIDE, &filters));
    return run(conv, part, ONEDNN_FORWARD_BESIDE, (const void *[]){src, filters, bias, residual, dst});
}

static fa_status forward(const struct fa_conv *conv, struct onednn_part *part, const void *src, void *dst)
{
    const float *bias = ((const struct onednn_weights *)conv->weights)->bias + part->first;
    const void *filters;

    FA_TRY(packed_filters(conv, part, ONEDNN_FORWARD, &filters));
    return run(conv, part, ONEDNN_FORWARD, (const void *[]){src, filters, bias, dst});
}

static bool can_sum_beside(const struct onednn_conv *conv)
{
    for (int p = 0; p < conv->n_parts; p++)
        if (conv->parts[p].operations[ONEDNN_FORWARD_BESIDE].primitive == NULL)
            return false;
    return true;
}

static void copy_residual(const struct fa_conv *conv, const void *residual, void *dst)
{
    const int span = fa_span_begin("copy residual");

    onednn_copy(onednn_of(conv->backend), onednn_activation_bytes(conv->backend, conv->out), residual, dst);
    fa_span_end(span);
}

fa_status onednn_conv_forward(struct fa_conv *base, const void *src, const void *residual, void *dst)
{
    const struct onednn_conv *conv = (const struct onednn_conv *)base;
    const bool is_elsewhere = residual != NULL && residual != dst;
    const bool is_beside = is_elsewhere && can_sum_beside(conv);
    const char *added = residual;
    char *sums = dst;

    if (is_elsewhere && !is_beside)
        copy_residual(base, residual, dst);
    for (int p = 0; p < conv->n_parts; p++) {
        struct onednn_part *part = &conv->parts[p];
        const size_t offset = output_offset(base, part);

        FA_TRY(is_beside ? forward_beside(base, part, src, added + offset, sums + offset)
                         : forward(base, part, src, sums + offset));
    }
    return FA_OK;
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

static fa_status part_backward_data(const struct fa_conv *conv, struct onednn_part *part,
                                    const void *diff_dst, bool accumulate, const void *relu_output,
                                    void *diff_src)
{
    void *result = accumulate ? staging(conv, ONEDNN_BACKWARD_DATA) : diff_src;
    const void *filters;

    FA_TRY(packed_filters(conv, part, ONEDNN_BACKWARD_DATA, &filters));
    FA_TRY(run(conv, part, ONEDNN_BACKWARD_DATA, (const void *[]){diff_dst, filters, result}));
    if (accumulate || relu_output != NULL)
        add_masked(conv, accumulate ? result : NULL, relu_output, diff_src);
    return FA_OK;
}

fa_status onednn_conv_backward_data(struct fa_conv *base, const void *diff_dst, bool accumulate,
                                    const void *relu_output, void *diff_src)
{
    const struct onednn_conv *conv = (const struct onednn_conv *)base;
    const char *gradient = diff_dst;

    for (int p = 0; p < conv->n_parts; p++)
        FA_TRY(part_backward_data(base, &conv->parts[p], gradient + output_offset(base, &conv->parts[p]),
                                  accumulate || p > 0, p == conv->n_parts - 1 ? relu_output : NULL,
                                  diff_src));
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
static void clear_scratchpad(const struct fa_conv *base)
{
    const struct onednn_conv *conv = (const struct onednn_conv *)base;
    const struct onednn *onednn = onednn_of(base->backend);

    if (onednn->is_bf16 && base->desc.in.w == 1)
        memset(onednn->work.memory, 0, conv->scratchpad_bytes[ONEDNN_BACKWARD_WEIGHTS]);
}

/* The first gradient since the last clear goes straight to its place, later ones are added. */
fa_status onednn_conv_backward_weights(struct fa_conv *base, const void *src, const void *diff_dst,
                                       struct fa_weights_sum *base_sum)
{
    const struct onednn_conv *conv = (const struct onednn_conv *)base;
    const struct onednn_gradient *gradient = &((const struct onednn_weights *)base->weights)->gradient;
    struct onednn_weights_sum *sum = (struct onednn_weights_sum *)base_sum;
    const bool is_first = sum->data == NULL;
    const char *from = diff_dst;
    float *result;

    if (is_first)
        FA_TRY(onednn_weights_sum_begin(sum));
    result = is_first ? sum->data : staging(base, ONEDNN_BACKWARD_WEIGHTS);
    clear_scratchpad(base);
    for (int p = 0; p < conv->n_parts; p++) {
        const size_t first = (size_t)conv->parts[p].first;

        FA_TRY(run(base, &conv->parts[p], ONEDNN_BACKWARD_WEIGHTS,
                   (const void *[]){src, from + output_offset(base, &conv->parts[p]),
                                    result + onednn_along(&gradient->order.out, first),
                                    result + gradient->n_elem + first}));
    }
    if (!is_first)
        add_gradients(base, result, sum->data);
    return FA_OK;
}
