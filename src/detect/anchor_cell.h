/*
 * anchor_cell.h - the shapes of anchors, of which the grid is made.
 */
#ifndef FA_DETECT_ANCHOR_CELL_H
#define FA_DETECT_ANCHOR_CELL_H

#include "fa/pyramid.h"

/* The anchors of the cell at the origin, centred there: ratio outer, scale inner. */
void fa_anchor_cell(int stride, const struct fa_anchor_design *design, float cell[FA_CELL_ANCHORS][4]);

#endif
