/*
 * onednn_winograd.c - convolutions by Winograd's algorithm, which is our own (winograd/winograd.h), between
 * activations as oneDNN has them.
 */
#include "onednn.h"

/* The convolution whose products a direction is. */
static struct winograd_conv products_of(const struct fa_conv *conv, enum winograd_direction direction)
{
    const struct onednn *onednn = onednn_of(conv->backend);
    const int in = conv->desc.in.c, out = conv->desc.out_channels;
    const bool is_forward = direction == WINOGRAD_FORWARD;

    return (struct winograd_conv){.kernels = onednn->is_bf16 ? winograd_kernels_of_bf16()
                                                             : winograd_kernels_of(onednn->block),
                                  .n_threads = conv->backend->n_threads,
                                  .layout = onednn->is_bf16 ? WINOGRAD_POSITIONS : WINOGRAD_BLOCKS,
                                  .in_channels = is_forward ? in : out,
                                  .out_channels = is_forward ? out : in,
                                  .height = conv->out.h,
                                  .width = conv->out.w};
}

size_t onednn_winograd_bytes(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    const struct winograd_conv forward = products_of(conv, WINOGRAD_FORWARD);
    const struct winograd_conv backward = products_of(conv, WINOGRAD_BACKWARD);

    if (direction == FA_CONV_BACKWARD_WEIGHTS)
        return winograd_gradient_bytes(&forward);
    return winograd_products_bytes(direction == FA_CONV_FORWARD ? &forward : &backward);
}

int onednn_winograd_tiles(const struct fa_conv *conv)
{
    const struct winograd_conv products = products_of(conv, WINOGRAD_FORWARD);

    return winograd_tiles(&products);
}

static void *work_of(const struct fa_conv *conv)
{
    return onednn_of(conv->backend)->work.memory;
}

/* The filters at their points, since the last load. */
static fa_status packed_filters(const struct fa_conv *conv, const struct winograd_conv *products,
                                enum winograd_direction direction, const float **packed)
{
    struct onednn_weights *weights = (struct onednn_weights *)conv->weights;

    FA_TRY(winograd_packed(products, weights->oihw, weights->scale, direction,
                           &onednn_of(conv->backend)->store, &weights->winograd[direction]));
    *packed = weights->winograd[direction];
    return FA_OK;
}

fa_status onednn_winograd_forward(const struct fa_conv *conv, const void *src, const void *residual,
                                  void *dst)
{
    const struct winograd_conv products = products_of(conv, WINOGRAD_FORWARD);
    const struct winograd_finish finish = {.bias = ((const struct onednn_weights *)conv->weights)->bias,
                                           .added = residual,
                                           .relu = conv->desc.relu};
    const float *packed;

    FA_TRY(packed_filters(conv, &products, WINOGRAD_FORWARD, &packed));
    winograd_products(&products, src, packed, &finish, dst, work_of(conv));
    return FA_OK;
}

fa_status onednn_winograd_backward_data(const struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                        const void *relu_output, void *diff_src)
{
    const struct winograd_conv products = products_of(conv, WINOGRAD_BACKWARD);
    const struct winograd_finish finish = {.added = accumulate ? diff_src : NULL, .positive = relu_output};
    const float *packed;

    FA_TRY(packed_filters(conv, &products, WINOGRAD_BACKWARD, &packed));
    winograd_products(&products, diff_dst, packed, &finish, diff_src, work_of(conv));
    return FA_OK;
}

void onednn_winograd_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst,
                                      bool add, float *sum)
{
    const struct winograd_conv products = products_of(conv, WINOGRAD_FORWARD);
    const size_t n_filters = ((const struct onednn_weights *)conv->weights)->gradient.n_elem;

    winograd_gradient(&products, src, diff_dst, add, sum, sum + n_filters, work_of(conv));
}
