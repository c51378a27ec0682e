/*
 * filters.c - filters at their points.
 */
#include <string.h>

#include "fa/trace.h"
#include "points.h"

size_t winograd_filters_bytes(const struct winograd_conv *conv)
{
    return points_of(conv) * panel_point(conv, in_lanes(conv)) * sizeof(float);
}

/* What is packed. */
struct filters {
    const float *oihw, *scale;
    enum winograd_direction direction;
};

/* The taps that the convolution has from a block of inputs to one of outputs, in PyTorch's order:
   [in lane][tap][out lane]. */
static void gather_taps(const struct winograd_conv *conv, const struct filters *filters, size_t first_out,
                        size_t first_in, float *taps)
{
    const bool is_forward = filters->direction == WINOGRAD_FORWARD;
    const size_t lanes = lanes_of(conv), n_out = (size_t)conv->out_channels, n_in = (size_t)conv->in_channels;

    if (first_out + lanes > n_out || first_in + lanes > n_in)
        memset(taps, 0, lanes * WINOGRAD_TAPS * lanes * sizeof *taps);
    for (size_t out = first_out; out < first_out + lanes && out < n_out; out++)
        for (size_t in = first_in; in < first_in + lanes && in < n_in; in++) {
            const size_t o = is_forward ? out : in, i = is_forward ? in : out;
            const float *from = filters->oihw + (o * (is_forward ? n_in : n_out) + i) * WINOGRAD_TAPS;
            const float scale = filters->scale != NULL ? filters->scale[o] : 1;
            float *to = taps + (in - first_in) * WINOGRAD_TAPS * lanes + (out - first_out);

            for (size_t k = 0; k < WINOGRAD_TAPS; k++)
                to[k * lanes] = from[is_forward ? k : WINOGRAD_TAPS - 1 - k] * scale;
        }
}

void winograd_pack(const struct winograd_conv *conv, const float *oihw, const float *scale,
                   enum winograd_direction direction, float *packed)
{
    const struct filters filters = {oihw, scale, direction};
    const size_t lanes = lanes_of(conv), n_in = in_lanes(conv);

#pragma omp parallel for num_threads(conv->n_threads) collapse(2) schedule(static)
    for (int out = 0; out < out_blocks(conv); out++)
        for (int in = 0; in < in_blocks(conv); in++) {
            const size_t first_out = (size_t)out * lanes, first_in = (size_t)in * lanes;
            float taps[MOST_LANES * WINOGRAD_TAPS * MOST_LANES];

            gather_taps(conv, &filters, first_out, first_in, taps);
            conv->kernels->pack(taps, packed + within_panels(conv, n_in, out) + first_in * 2 * lanes,
                                panel_point(conv, n_in));
        }
}

fa_status winograd_packed(const struct winograd_conv *conv, const float *oihw, const float *scale,
                          enum winograd_direction direction, struct fa_store *store, float **packed)
{
    int span;

    if (*packed != NULL)
        return FA_OK;
    FA_TRY(fa_store_take(store, winograd_filters_bytes(conv), packed));
    span = fa_span_begin("pack filters");
    winograd_pack(conv, oihw, scale, direction, *packed);
    fa_span_end(span);
    return FA_OK;
}
