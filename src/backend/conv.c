/*
 * conv.c - weights and convolutions: shapes and arguments checked, then the backend's table. Every piece of
 * work is a span of the trace.
 */
#include <assert.h>

#include "fa/trace.h"
#include "ops.h"

/* ---- weights ---- */

fa_status fa_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                            struct fa_weights **out)
{
    assert(desc->out_channels > 0 && desc->in_channels > 0 && desc->groups > 0 && desc->kernel > 0);
    assert(desc->out_channels % desc->groups == 0 && desc->in_channels % desc->groups == 0);
    *out = NULL;
    if (backend->ops->weights_fold == NULL)
        FA_TRY(fa_fold_scratch_grow(&backend->fold, backend->n_threads, desc));
    FA_TRY(backend->ops->weights_create(backend, desc, out));
    (*out)->backend = backend;
    (*out)->desc = *desc;
    return FA_OK;
}

void fa_weights_destroy(struct fa_weights *weights)
{
    if (weights != NULL)
        weights->backend->ops->weights_destroy(weights);
}

fa_status fa_weights_fold(struct fa_weights *weights, const struct fa_layer_values *values)
{
    const struct fa_backend_ops *ops = weights->backend->ops;

    assert(values->filters != NULL &&
           (values->gamma == NULL || (values->mean != NULL && values->var != NULL)));
    return (ops->weights_fold != NULL ? ops->weights_fold : fa_host_weights_fold)(weights, values);
}

fa_status fa_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                          const fa_real *bias)
{
    const int span = fa_backend_span_begin(weights->backend, "load filters");
    fa_status status;

    assert(oihw != NULL && bias != NULL);
    status = weights->backend->ops->weights_load(weights, oihw, scale, bias);
    fa_backend_span_end(weights->backend, span);
    return status;
}

void fa_weights_forget(struct fa_weights *weights)
{
    if (weights->backend->ops->weights_forget != NULL)
        weights->backend->ops->weights_forget(weights);
}

fa_status fa_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                struct fa_weights_sum **out)
{
    assert(weights->backend->first == backend->first);
    *out = NULL;
    if (backend->ops->weights_unfold == NULL)
        FA_TRY(fa_fold_scratch_grow(&backend->fold, backend->n_threads, &weights->desc));
    FA_TRY(backend->ops->weights_sum_create(backend, weights, out));
    (*out)->backend = backend;
    (*out)->weights = weights;
    return FA_OK;
}

void fa_weights_sum_destroy(struct fa_weights_sum *sum)
{
    if (sum != NULL)
        sum->backend->ops->weights_sum_destroy(sum);
}

void fa_weights_sum_clear(struct fa_weights_sum *sum)
{
    sum->backend->ops->weights_sum_clear(sum);
}

void fa_weights_sum_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                           const struct fa_layer_grads *grads)
{
    const struct fa_backend_ops *ops = sum->backend->ops;

    (ops->weights_unfold != NULL ? ops->weights_unfold : fa_host_weights_unfold)(sum, values, grads);
}

void fa_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw, fa_real *bias)
{
    assert(first >= 0 && n >= 0 && n <= sum->weights->desc.out_channels - first);
    assert(oihw != NULL && bias != NULL);
    sum->backend->ops->weights_sum_read(sum, first, n, oihw, bias);
}

/* ---- convolution ---- */

/* 0 or less if the kernel does not fit. */
static int output_size(const struct fa_conv_desc *desc, int in)
{
    int slack = in + 2 * desc->pad - desc->kernel;

    return slack < 0 ? 0 : slack / desc->stride + 1;
}

struct fa_shape fa_conv_output_shape(const struct fa_conv_desc *desc)
{
    return (struct fa_shape){desc->out_channels, output_size(desc, desc->in.h),
                             output_size(desc, desc->in.w)};
}

double fa_conv_macs(const struct fa_conv_desc *desc)
{
    struct fa_shape out = fa_conv_output_shape(desc);
    double macs_per_output = (double)(desc->in.c / desc->groups) * desc->kernel * desc->kernel;

    return (double)out.c * out.h * out.w * macs_per_output;
}

static void check_desc(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                       const struct fa_weights *weights)
{
    struct fa_shape out = fa_conv_output_shape(desc);

    assert(weights->backend->first == backend->first);
    assert(weights->desc.in_channels == desc->in.c && weights->desc.out_channels == desc->out_channels);
    assert(weights->desc.groups == desc->groups && weights->desc.kernel == desc->kernel);
    assert(desc->stride > 0 && desc->pad >= 0);
    assert(desc->in.h > 0 && desc->in.w > 0 && out.h > 0 && out.w > 0);
    (void)backend, (void)weights, (void)out; /* a build without assertions */
}

fa_status fa_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                         struct fa_weights *weights, struct fa_conv **out)
{
    check_desc(backend, desc, weights);
    *out = NULL;
    FA_TRY(backend->ops->conv_create(backend, desc, weights, out));
    (*out)->backend = backend;
    (*out)->weights = weights;
    (*out)->desc = *desc;
    (*out)->out = fa_conv_output_shape(desc);
    return FA_OK;
}

void fa_conv_destroy(struct fa_conv *conv)
{
    if (conv != NULL)
        conv->backend->ops->conv_destroy(conv);
}

const char *fa_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    return conv->backend->ops->conv_chosen(conv, direction);
}

fa_status fa_conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst)
{
    const int span = fa_backend_span_begin(conv->backend, "conv forward");
    fa_status status;

    assert(src != NULL && dst != NULL && src != dst);
    assert((residual != NULL) == conv->desc.residual);
    status = conv->backend->ops->conv_forward(conv, src, residual, dst);
    fa_backend_span_end(conv->backend, span);
    return status;
}

fa_status fa_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                const void *relu_output, void *diff_src)
{
    const int span = fa_backend_span_begin(conv->backend, "conv backward data");
    fa_status status;

    assert(conv->desc.backward_data);
    assert(diff_dst != NULL && diff_src != NULL && diff_dst != diff_src);
    status = conv->backend->ops->conv_backward_data(conv, diff_dst, accumulate, relu_output, diff_src);
    fa_backend_span_end(conv->backend, span);
    return status;
}

fa_status fa_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                   struct fa_weights_sum *sum)
{
    const int span = fa_backend_span_begin(conv->backend, "conv backward weights");
    fa_status status;

    assert(conv->desc.backward_weights && sum->weights == conv->weights);
    assert(src != NULL && diff_dst != NULL);
    status = conv->backend->ops->conv_backward_weights(conv, src, diff_dst, sum);
    fa_backend_span_end(conv->backend, span);
    return status;
}
