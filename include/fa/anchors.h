/*
 * anchors.h - RetinaNet's anchor grid over the pyramid (doc/method.md 3). Callable from any thread.
 */
#ifndef FA_ANCHORS_H
#define FA_ANCHORS_H

#include "fa/declarations.h"
#include "fa/pyramid.h"

FA_BEGIN_DECLARATIONS

/* anchors: n_anchors rows x1 y1 x2 y2 float32 in pixels of the padded image, order level, y, x, ratio, scale;
   bit-equal to the reference. */
void fa_anchors_make(const struct fa_pyramid *pyramid, const struct fa_anchor_design *design, float *anchors);

FA_END_DECLARATIONS

#endif
