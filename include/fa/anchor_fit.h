/*
 * anchor_fit.h - how well the best of all anchors covers a box, without making or looking at all of them.
 *
 * Anchors of one shape stand on a grid, and the overlap of box and anchor is a product of one overlap along x
 * and one along y, each largest where the centres are nearest. So one anchor of a shape and level is the
 * best, and 45 are looked at, however large the image is. Callable from any thread.
 */
#ifndef FA_ANCHOR_FIT_H
#define FA_ANCHOR_FIT_H

#include "fa/declarations.h"
#include "fa/pyramid.h"

FA_BEGIN_DECLARATIONS

/* Of every level, the anchors of the cell at the origin. */
struct fa_anchor_shapes {
    float cell[FA_LEVELS][FA_CELL_ANCHORS][4];
};

void fa_anchor_shapes_make(const struct fa_anchor_design *design, struct fa_anchor_shapes *shapes);

/* The largest IoU of a box, x1 y1 x2 y2 in pixels of the padded image, with an anchor of this pyramid. */
float fa_anchor_best_iou(const struct fa_anchor_shapes *shapes, const struct fa_pyramid *pyramid,
                         const float box[4]);

FA_END_DECLARATIONS

#endif
