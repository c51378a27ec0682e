/*
 * onednn_choice.c - what computes a convolution: a static rule from shape and instruction set, so that every
 * rank and every run chooses alike, unless the backend's table lists what was measured.
 *
 * Winograd's algorithm and gradients of filters in bf16 from strips are our own (winograd/winograd.h,
 * strips/strips.h), all else is oneDNN's. How many times as fast as oneDNN's direct convolution Winograd's
 * algorithm is, on one core, 256 to 256 channels; in brackets with AVX2 alone:
 *
 *                            100x168     50x84       25x42       13x21       10x16       7x11
 *   forward, data            2.8 (3.0)   2.1 (3.1)   1.6 (2.6)   1.2 (1.5)   1.3 (1.8)   0.9 (0.9)
 *   gradient of filters      3.5 (3.4)   3.2 (3.5)   1.5 (2.6)   1.0 (1.5)   0.9 (1.5)   0.6 (0.6)
 *
 * Bringing the filters to their points, once for each load, takes another 2 to 5 ms, as long as forward at
 * 13x21: levels that share filters share that, too.
 *
 * In bf16, Winograd's algorithm still multiplies floats, in larger tiles: it is 1.4 to 1.7 times as fast as
 * oneDNN, which multiplies numbers of bf16 twice as fast as floats by AVX512-BF16 where that is fast, from
 * 25x42 on, and its gradients of filters are from 50x84 on. By AMX oneDNN is many times as fast, and
 * Winograd's algorithm seldom pays.
 */
#include <limits.h>
#include <string.h>

#include "../strips/strips.h"
#include "onednn.h"

/* Tiles from which on it pays. */
enum { LEAST_TILES = 24, LEAST_TILES_UNTRAINED = 12, LEAST_TILES_BF16 = 30, LEAST_TILES_BF16_GRADIENT = 100 };

static bool reads_image(const struct fa_conv_desc *desc)
{
    return desc->in.c <= ONEDNN_IMAGE_CHANNELS;
}

static bool may_be_winograd(const struct fa_conv_desc *desc)
{
    return desc->kernel == 3 && desc->stride == 1 && desc->pad == 1 && desc->groups == 1 &&
           !reads_image(desc) && desc->out_channels > ONEDNN_IMAGE_CHANNELS;
}

static bool may_be_strips(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                          enum fa_conv_direction direction)
{
    return onednn_of(backend)->strips != NULL && direction == FA_CONV_BACKWARD_WEIGHTS && desc->groups == 1 &&
           !reads_image(desc);
}

const char *onednn_method_name(const struct fa_backend *backend, enum onednn_method method)
{
    switch (method) {
    case ONEDNN_STRIPS:
        return strips_name(onednn_of(backend)->strips);
    case ONEDNN_WINOGRAD:
        return "winograd";
    default:
        return "direct";
    }
}

static bool may_be(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                   enum fa_conv_direction direction, enum onednn_method method)
{
    switch (method) {
    case ONEDNN_WINOGRAD:
        return may_be_winograd(desc);
    case ONEDNN_STRIPS:
        return may_be_strips(backend, desc, direction);
    default:
        return method == ONEDNN_ITSELF;
    }
}

size_t onednn_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                              enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX])
{
    size_t n = 0;

    for (int method = 0; method < ONEDNN_METHODS; method++)
        if (may_be(backend, desc, direction, (enum onednn_method)method))
            strcpy(names[n++], onednn_method_name(backend, (enum onednn_method)method));
    return n;
}

static int least_tiles(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    const struct onednn *onednn = onednn_of(conv->backend);

    if (onednn->multiplies_by_amx)
        return INT_MAX;
    if (onednn->is_bf16)
        return direction == FA_CONV_BACKWARD_WEIGHTS ? LEAST_TILES_BF16_GRADIENT : LEAST_TILES_BF16;
    return fa_conv_is_trained(&conv->desc) ? LEAST_TILES : LEAST_TILES_UNTRAINED;
}

/* By vectors oneDNN's gradients of 3x3 filters are as fast. */
static bool strips_pay(const struct fa_conv *conv)
{
    return onednn_of(conv->backend)->multiplies_by_amx || conv->desc.kernel == 1 || conv->desc.stride > 1;
}

static bool pays(const struct fa_conv *conv, enum fa_conv_direction direction, enum onednn_method method)
{
    switch (method) {
    case ONEDNN_STRIPS:
        return strips_pay(conv);
    case ONEDNN_WINOGRAD:
        return onednn_winograd_tiles(conv) >= least_tiles(conv, direction);
    default:
        return true;
    }
}

static bool is_wanted(const struct fa_conv *conv, enum fa_conv_direction direction, enum onednn_method method)
{
    const char *asked = fa_conv_asked_algorithm(conv->backend, &conv->desc, direction);

    if (asked != NULL)
        return strcmp(asked, onednn_method_name(conv->backend, method)) == 0;
    return pays(conv, direction, method);
}

/* Of those that may be and are wanted, the last. */
enum onednn_method onednn_method_of(const struct fa_conv *conv, enum fa_conv_direction direction)
{
    enum onednn_method chosen = ONEDNN_ITSELF;

    for (int m = 0; m < ONEDNN_METHODS; m++) {
        const enum onednn_method method = (enum onednn_method)m;

        if (may_be(conv->backend, &conv->desc, direction, method) && is_wanted(conv, direction, method))
            chosen = method;
    }
    return chosen;
}

/* Does oneDNN compute it by its slow loops? */
static bool is_reference(const_dnnl_primitive_desc_t desc)
{
    const char *text = "";

    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &text);
    return strncmp(text, "ref", 3) == 0;
}

static fa_status choose_beside(const struct fa_conv *conv, struct onednn_choice *out)
{
    FA_TRY(onednn_describe(conv, ONEDNN_FORWARD_BESIDE, NULL, &out->desc));
    if (out->desc != NULL && is_reference(out->desc)) {
        dnnl_primitive_desc_destroy(out->desc);
        out->desc = NULL;
    }
    return FA_OK;
}

fa_status onednn_choose(const struct fa_conv *conv, enum onednn_operation operation,
                        const_dnnl_primitive_desc_t forward, struct onednn_choice *out)
{
    *out = (struct onednn_choice){NULL, onednn_method_name(conv->backend, ONEDNN_ITSELF)};
    if (operation == ONEDNN_FORWARD_BESIDE)
        return choose_beside(conv, out);
    FA_TRY(onednn_describe(conv, operation, forward, &out->desc));
    if (out->desc == NULL)
        return onednn_check(dnnl_unimplemented, "choosing an implementation");
    if (is_reference(out->desc))
        out->name = "reference";
    return FA_OK;
}
