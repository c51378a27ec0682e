/*
 * box.h - boxes: intersection over union, regression targets and back (doc/method.md 4).
 *
 * A box is [x1 y1 x2 y2] in continuous pixels: width is x2 - x1, no "+ 1". A delta is [dx dy dw dh], each
 * divided by its std. Arrays are rows of 4 float32 and belong to the caller. Every operation is rounded to
 * float32 by itself, so results are bit-equal to the reference. Nothing allocates; callable from any thread.
 */
#ifndef FA_BOX_H
#define FA_BOX_H

#include <stddef.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* The limit of dw and dh, times their std, when a box is decoded: ln(1000 / 16). */
#define FA_BOX_LOG_CLIP 4.135166556742355f

struct fa_box_coder {
    float std[4]; /* all > 0; FreeAnchor 0.1 0.1 0.2 0.2, RetinaNet 1 1 1 1 */
};

/* inter / max(union, 1e-6). */
float fa_box_iou(const float a[4], const float b[4]);

/* target carries anchor onto object; both need positive width and height. */
void fa_box_encode(const struct fa_box_coder *coder, const float anchor[4], const float object[4],
                   float target[4]);

/* box is anchor carried by delta, dw and dh limited to +-ln(1000/16), not clipped to an image. box may be
 * delta. */
void fa_box_decode(const struct fa_box_coder *coder, const float anchor[4], const float delta[4],
                   float box[4]);

/* Into [0, w] x [0, h]. */
void fa_box_clip(float w, float h, float box[4]);

FA_END_DECLARATIONS

#endif
