/*
 * draw.h - what those who draw into pictures share.
 */
#ifndef FA_DATA_DRAW_H
#define FA_DATA_DRAW_H

#include "fa/image.h"

/* Columns x0 .. x1 - 1 of rows y0 .. y1 - 1, as far as they lie in the picture. */
void fa_picture_fill(struct fa_picture *picture, int x0, int y0, int x1, int y1, const uint8_t rgb[3]);

#endif
