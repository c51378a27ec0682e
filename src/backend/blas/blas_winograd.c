/*
 * blas_winograd.c - convolutions by Winograd's algorithm (winograd/winograd.h) on activations in planes, and
 * when to take it: a static rule of the shape, unless the backend's table lists what was measured.
 *
 * How many times as fast as im2col and OpenBLAS it is, in CPU seconds on one core with AVX-512, 256 to 256
 * channels:
 *
 *                            50x84   25x42   13x21   7x11   4x6
 *   forward                  3.0     3.7     2.0     1.1    0.6
 *   gradient of inputs       2.4     2.5     1.8     1.1    0.5
 *   gradient of filters      2.3     2.0     1.1     0.4    0.2
 */
#include <cblas.h>
#include <string.h>
#include <strings.h>

#include "blas.h"

/* Squares of 4x4 outputs from which on it pays, the filters' way to their points included. */
enum { LEAST_TILES = 24, LEAST_TILES_UNTRAINED = 12, LEAST_TILES_OF_GRADIENT = 48 };

/* An image has fewer, of which most of a block would be zeros. */
enum { LEAST_CHANNELS = 4 };

/* Like OpenBLAS's: the backend's description names what decides over the bits of a result. */
const struct winograd_kernels *fa_blas_winograd_kernels(void)
{
    static const char *const with_avx512[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
    const char *core = openblas_get_corename();

    for (size_t i = 0; i < sizeof with_avx512 / sizeof with_avx512[0]; i++)
        if (strcasecmp(core, with_avx512[i]) == 0)
            return winograd_kernels_of(16);
    return winograd_kernels_of(8);
}

bool fa_blas_may_be_winograd(const struct fa_conv_desc *desc)
{
    return sizeof(fa_real) == sizeof(float) && desc->kernel == 3 && desc->stride == 1 && desc->pad == 1 &&
           desc->groups == 1 && desc->in.c >= LEAST_CHANNELS && desc->out_channels >= LEAST_CHANNELS;
}

static int least_tiles(const struct fa_conv_desc *desc, enum fa_conv_direction direction)
{
    if (direction == FA_CONV_BACKWARD_WEIGHTS)
        return LEAST_TILES_OF_GRADIENT;
    return fa_conv_is_trained(desc) ? LEAST_TILES : LEAST_TILES_UNTRAINED;
}

bool fa_blas_wants_winograd(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    const int n_tiles = (conv->out.h + 3) / 4 * ((conv->out.w + 3) / 4);
    const char *asked = fa_conv_asked_algorithm(conv->backend, &conv->desc, direction);

    if (!fa_blas_may_be_winograd(&conv->desc))
        return false;
    if (asked != NULL)
        return strcmp(asked, "winograd") == 0;
    return n_tiles >= least_tiles(&conv->desc, direction);
}

/* The convolution whose products a direction is. */
static struct winograd_conv products_of(const struct fa_conv *conv, enum winograd_direction direction)
{
    const int in = conv->desc.in.c, out = conv->desc.out_channels;
    const bool is_forward = direction == WINOGRAD_FORWARD;

    return (struct winograd_conv){.kernels = fa_blas_of(conv->backend)->winograd,
                                  .n_threads = conv->backend->n_threads,
                                  .layout = WINOGRAD_PLANES,
                                  .in_channels = is_forward ? in : out,
                                  .out_channels = is_forward ? out : in,
                                  .height = conv->out.h,
                                  .width = conv->out.w};
}

size_t fa_blas_winograd_bytes(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    const struct winograd_conv forward = products_of(conv, WINOGRAD_FORWARD);
    const struct winograd_conv backward = products_of(conv, WINOGRAD_BACKWARD);

    if (direction == FA_CONV_BACKWARD_WEIGHTS)
        return winograd_gradient_bytes(&forward);
    return winograd_products_bytes(direction == FA_CONV_FORWARD ? &forward : &backward);
}

/* Of floats: nothing here is computed in a build in double precision. */
static fa_status multiply(const struct fa_conv *conv, enum winograd_direction direction, const void *src,
                          const struct winograd_finish *finish, void *dst)
{
    const struct winograd_conv products = products_of(conv, direction);
    struct fa_blas_weights *weights = (struct fa_blas_weights *)conv->weights;
    const void *filters = weights->filters;

    FA_TRY(winograd_packed(&products, filters, NULL, direction, &fa_blas_of(weights->base.backend)->store,
                           &weights->winograd[direction]));
    winograd_products(&products, src, weights->winograd[direction], finish, dst,
                      fa_blas_of(conv->backend)->columns);
    return FA_OK;
}

fa_status fa_blas_winograd_forward(const struct fa_conv *conv, const void *src, const void *residual,
                                   void *dst)
{
    const void *bias = ((const struct fa_blas_weights *)conv->weights)->bias;
    const struct winograd_finish finish = {.bias = bias, .added = residual, .relu = conv->desc.relu};

    return multiply(conv, WINOGRAD_FORWARD, src, &finish, dst);
}

fa_status fa_blas_winograd_backward_data(const struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                         const void *relu_output, void *diff_src)
{
    const struct winograd_finish finish = {.added = accumulate ? diff_src : NULL, .positive = relu_output};

    return multiply(conv, WINOGRAD_BACKWARD, diff_dst, &finish, diff_src);
}

void fa_blas_winograd_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst,
                                       void *diff_filters)
{
    const struct winograd_conv products = products_of(conv, WINOGRAD_FORWARD);

    winograd_gradient(&products, src, diff_dst, true, diff_filters, NULL, fa_blas_of(conv->backend)->columns);
}
