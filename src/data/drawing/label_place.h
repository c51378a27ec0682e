/*
 * label_place.h - where labels go, so that none covers another, nor an object that would be hidden by it, as
 * long as there is room.
 *
 * A label belongs at its box: above it, inside, below, moved along its edges or beside it, in this order. It
 * always lies in the picture. Where every such place is taken, the one that hides least is: a label weighs
 * more than an object.
 */
#ifndef FA_DATA_LABEL_PLACE_H
#define FA_DATA_LABEL_PLACE_H

#include <stdint.h>

#include "fa/status.h"
#include "images/picture.h"

/* What labels and small objects have taken of a picture, in square cells. */
struct fa_label_map {
    int w, h; /* of the picture */
    int cell; /* pixels along a side */
    int columns, rows;
    uint8_t *taken; /* how much it weighs to cover the cell */
};

fa_status fa_label_map_create(int w, int h, int cell, struct fa_label_map *out) FA_CHECK_RESULT;
void fa_label_map_clear(struct fa_label_map *map);

/* An object that labels are not to hide. box: x0 y0 x1 y1, of which anything may lie outside of the picture.
 */
void fa_label_map_avoid(struct fa_label_map *map, const int box[4]);

/* A place for a label of w by h pixels, not larger than the picture, which is taken from now on. box: as
   above. */
struct fa_window fa_label_place(struct fa_label_map *map, const int box[4], int w, int h);

#endif
