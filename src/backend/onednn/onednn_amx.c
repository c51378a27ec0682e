/*
 * onednn_amx.c - gradients of filters in bf16 by the tiles of AMX, which are our own (amx/amx.h): oneDNN
 * turns whole maps where ours turns strips of them.
 */
#include "onednn.h"

#include "../amx/amx.h"

static struct amx_conv amx_of(const struct fa_conv *conv)
{
    const struct fa_conv_desc *desc = &conv->desc;

    return (struct amx_conv){.n_threads = conv->backend->n_threads,
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

size_t onednn_amx_gradient_bytes(const struct fa_conv *conv)
{
    const struct amx_conv amx = amx_of(conv);

    return amx_gradient_bytes(&amx);
}

void onednn_amx_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst, bool add,
                                 float *sum)
{
    const struct amx_conv amx = amx_of(conv);
    const size_t n_filters = ((const struct onednn_weights *)conv->weights)->gradient.n_elem;

    amx_gradient(&amx, src, diff_dst, add, sum, sum + n_filters, onednn_of(conv->backend)->work.memory);
}
