/*
 * winograd.h - convolutions of 3x3 with stride 1 and padding 1 by Winograd's minimal filtering (doc/method.md
 * 2.8), in floats: F(4x4, 3x3) for maps of floats, a quarter of the multiplications, and F(6x6, 3x3) for maps
 * of bf16, a fifth of them, whose rounding is a thousand times what the larger tile adds.
 *
 * A tile is 4x4 outputs, which need 6x6 inputs; both become 36 numbers, its points, at each of which a
 * convolution is one product over channels. One of 6x6 outputs needs 8x8 inputs and has 64 points. With B^T,
 * G and A^T as in transforms.h:
 *
 *     forward               Y  = A^T [ (G g G^T) . (B^T d B) ] A      summed over input channels
 *     gradient of inputs    the same, with filters turned by half a circle, inputs and outputs exchanged
 *     gradient of filters   dg = G^T [ (A dY A^T) . (B^T d B) ] G     summed over tiles
 *
 * Maps are blocked: channel c of position (y, x) is at ((c / lanes * height + y) * width + x) * lanes +
 * c % lanes; lanes beyond the last channel are zero. Or the channels of a position all lie side by side, and
 * are read and written where they lie. Or they lie in planes, of which a few tiles side by side are turned
 * into such blocks on their way to points, and back. Products want the channels of outputs in panels of two
 * blocks.
 *
 *   filters.c       filters at their points
 *   products.c      forward, and the gradient of inputs: which thread does which tiles
 *   gradient.c      the gradient of filters
 *   turn.h          the tiles that are taken at once
 *   points.h        where points lie
 *   kernels.h       the loops over vectors
 *   loops/          those, compiled for each set of instructions and kind of map
 *
 * Every number is computed by one thread in one order, so results do not depend on how many there are.
 */
#ifndef FA_WINOGRAD_H
#define FA_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

#include "../store.h"

enum { WINOGRAD_TAPS = 9 };

struct winograd_kernels;

/* By the best instructions that this processor has: for maps of floats, in blocks of 8 or 16 channels; and of
   bf16, with filters in blocks of 16 where there is AVX512-BF16, else of 8. */
const struct winograd_kernels *winograd_kernels_of(int lanes);
const struct winograd_kernels *winograd_kernels_of_bf16(void);

/* How a map lies. */
enum winograd_layout {
    WINOGRAD_BLOCKS,    /* blocked floats */
    WINOGRAD_PLANES,    /* CHW, floats */
    WINOGRAD_POSITIONS, /* HWC, of bf16: computed in float, and rounded once to be stored */
    WINOGRAD_LAYOUTS
};

/* A convolution, or what one is the gradient of. */
struct winograd_conv {
    const struct winograd_kernels *kernels;
    int n_threads;
    enum winograd_layout layout;   /* of all maps */
    int in_channels, out_channels; /* of blocked maps, also whole blocks */
    int height, width;             /* of inputs and outputs */
};

/* What becomes of a sum of products; NULL: nothing. */
struct winograd_finish {
    const float *bias;    /* of all channels, but for planes also of the lanes beyond the last */
    const void *added;    /* a map that is added; may be the result */
    const void *positive; /* a map: the result is zero where that is not above zero */
    bool relu;            /* negative results become zero */
};

/* Of the map of outputs. */
int winograd_tiles(const struct winograd_conv *conv);

/* Filters at their points: bytes, and made from OIHW. Forward takes those of WINOGRAD_FORWARD; the gradient
   of inputs those of WINOGRAD_BACKWARD, of the convolution whose inputs are the gradients of outputs. */
enum winograd_direction { WINOGRAD_FORWARD, WINOGRAD_BACKWARD, WINOGRAD_DIRECTIONS };

size_t winograd_filters_bytes(const struct winograd_conv *conv);

/* scale: of each output channel that oihw has; NULL: 1. */
void winograd_pack(const struct winograd_conv *conv, const float *oihw, const float *scale,
                   enum winograd_direction direction, float *packed);

/* The filters at their points in *packed, which the store gives for it unless it is there. */
fa_status winograd_packed(const struct winograd_conv *conv, const float *oihw, const float *scale,
                          enum winograd_direction direction, struct fa_store *store,
                          float **packed) FA_CHECK_RESULT;

/* dst = finish(src convolved with the filters). */
size_t winograd_products_bytes(const struct winograd_conv *conv);
void winograd_products(const struct winograd_conv *conv, const void *src, const float *packed,
                       const struct winograd_finish *finish, void *dst, void *work);

/* Writes the gradient of filters, or adds it, in blocks of lanes input channels by lanes output channels,
   [out block][in block] [tap][in lane][out lane], and that of the bias, with the lanes beyond the last
   channel; of planes OIHW, and the bias, NULL, is left to the caller. */
size_t winograd_gradient_bytes(const struct winograd_conv *conv);
void winograd_gradient(const struct winograd_conv *conv, const void *src, const void *diff_dst, bool add,
                       float *filters, float *bias, void *work);

#endif
