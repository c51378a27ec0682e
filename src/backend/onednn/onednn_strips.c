/*
 * onednn_strips.c - gradients of filters in bf16 that are our own (strips/strips.h): oneDNN turns whole maps
 * where ours turns strips of them.
 */
#include "onednn.h"

#include "../strips/strips.h"

static struct strips_conv strips_conv_of(const struct fa_conv *conv)
{
    const struct fa_conv_desc *desc = &conv->desc;

    return (struct strips_conv){.product = onednn_of(conv->backend)->strips,
                                .n_threads = conv->backend->n_threads,
                                .in_channels = desc->in.c,
                                .out_channels = desc->out_channels,
                                .in_height = desc->in.h,
                                .in_width = desc->in.w,
                                .out_height = conv->out.h,
                                .out_width = conv->out.w,
                                .kernel = desc->kernel,
                                .stride = desc->stride,
                                .pad = desc->pad};
}

size_t onednn_strips_gradient_bytes(const struct fa_conv *conv)
{
    const struct strips_conv strips = strips_conv_of(conv);

    return strips_gradient_bytes(&strips);
}

void onednn_strips_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst,
                                    bool add, float *sum)
{
    const struct strips_conv strips = strips_conv_of(conv);
    const size_t n_filters = ((const struct onednn_weights *)conv->weights)->gradient.n_elem;

    strips_gradient(&strips, src, diff_dst, add, sum, sum + n_filters, onednn_of(conv->backend)->work.memory);
}
