/*
 * onednn_choice.c - which algorithm computes a convolution: a static rule from shape and instruction set, so
 * that every rank and every run chooses alike, unless the backend's table lists what was measured.
 *
 * Winograd (4x4 outputs from 6x6 inputs) needs a quarter of the multiplications of a 3x3 convolution with
 * stride 1, but moves more memory. How many times as fast as direct it is, measured with AVX-512 on one core,
 * 256 to 256 channels:
 *
 *                            100x168     50x84       25x42       13x21   10x16   7x11
 *   forward, data            2.3 - 2.7   2.2 - 2.9   1.2 - 2.1   0.9             0.5
 *   gradient of filters      2.3 - 2.7   2.2 - 2.9   1.2 - 2.1   1.5     1.2     0.8
 *   forward, untrained                                           2.2             1.4
 *
 * On small maps transforming the filters in each call counts; their gradient needs none, and where nothing
 * is trained it is done once per load.
 */
#include <string.h>

#include "onednn.h"

/* Squares of 4x4 outputs from which on it pays. */
enum { LEAST_TILES = 48, LEAST_TILES_OF_WEIGHTS = 12, LEAST_TILES_UNTRAINED = 6 };

/* Its working memory grows with the output channels. The head's last convolution, 256 to 720 of 100x168,
 * takes 225 MiB at once and 109 MiB in parts, and as long. Parts follow from channels alone, so that all
 * levels share packed filters. */
enum { MOST_CHANNELS = 512, PART_CHANNELS = 256 };

/* Of floats alone. */
static bool has_winograd_shape(const struct fa_backend *backend, const struct fa_conv_desc *desc)
{
    return onednn_has_winograd && !onednn_of(backend)->is_bf16 && desc->kernel == 3 && desc->stride == 1 &&
           desc->pad == 1;
}

/* A layout in blocks of channels may merge few groups into one convolution without groups: what counts is
   how many are left. */
static bool winograd_applies(const struct fa_conv *conv)
{
    return has_winograd_shape(conv->backend, &conv->desc) &&
           ((const struct onednn_weights *)conv->weights)->groups == 1;
}

size_t onednn_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                              enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX])
{
    (void)direction;
    strcpy(names[0], "direct");
    strcpy(names[1], "winograd");
    return has_winograd_shape(backend, desc) && desc->groups == 1 ? 2 : 1;
}

static int least_tiles(const struct fa_conv *conv, enum onednn_operation operation)
{
    if (!fa_conv_is_trained(&conv->desc))
        return LEAST_TILES_UNTRAINED;
    return operation == ONEDNN_BACKWARD_WEIGHTS ? LEAST_TILES_OF_WEIGHTS : LEAST_TILES;
}

static bool winograd_wanted(const struct fa_conv *conv, enum onednn_operation operation)
{
    const int n_tiles = (conv->out.h + 3) / 4 * ((conv->out.w + 3) / 4);
    const char *asked =
        fa_conv_asked_algorithm(conv->backend, &conv->desc, (enum fa_conv_direction)operation);

    if (!winograd_applies(conv))
        return false;
    return asked == NULL ? n_tiles >= least_tiles(conv, operation) : strcmp(asked, "winograd") == 0;
}

int onednn_part_channels(const struct fa_conv *conv)
{
    const int n_out = conv->desc.out_channels;

    return n_out > MOST_CHANNELS && winograd_applies(conv) && fa_conv_is_trained(&conv->desc) ? PART_CHANNELS
                                                                                              : n_out;
}

static const char *implementation_name(const_dnnl_primitive_desc_t desc)
{
    const char *text = "";

    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &text);
    if (strstr(text, "wino") != NULL)
        return "winograd";
    return strncmp(text, "ref", 3) == 0 ? "reference" : "direct";
}

static bool is_reference(const_dnnl_primitive_desc_t desc)
{
    return strcmp(implementation_name(desc), "reference") == 0;
}

static fa_status choose_beside(const struct fa_conv *conv, int n_out, struct onednn_choice *out)
{
    FA_TRY(onednn_describe(conv, n_out, ONEDNN_FORWARD_BESIDE, dnnl_convolution_direct, NULL, &out->desc));
    if (out->desc != NULL && is_reference(out->desc)) {
        dnnl_primitive_desc_destroy(out->desc);
        out->desc = NULL;
    }
    return FA_OK;
}

fa_status onednn_choose(const struct fa_conv *conv, int n_out, enum onednn_operation operation,
                        const_dnnl_primitive_desc_t forward, struct onednn_choice *out)
{
    *out = (struct onednn_choice){NULL, "direct"};
    if (operation == ONEDNN_FORWARD_BESIDE)
        return choose_beside(conv, n_out, out);
    if (winograd_wanted(conv, operation))
        FA_TRY(onednn_describe(conv, n_out, operation, dnnl_convolution_winograd, forward, &out->desc));
    if (out->desc == NULL)
        FA_TRY(onednn_describe(conv, n_out, operation, dnnl_convolution_direct, forward, &out->desc));
    if (out->desc == NULL)
        return onednn_check(dnnl_unimplemented, "choosing an implementation");
    out->name = implementation_name(out->desc);
    return FA_OK;
}
