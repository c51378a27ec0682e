/*
 * tile.h - large pictures looked at piece by piece: how they are cut, and to which piece an object belongs.
 *
 * Tiles of one size cover the picture evenly; neighbours overlap at least by what is asked for. The border
 * between two of them runs through the middle of their overlap. An object that is no larger than the overlap
 * lies wholly in the tile on whose side of the border its centre is, and of a part that another tile sees the
 * centre is not on that tile's side: so each object belongs to one tile. Boxes are not exact, so what is up
 * to a sixteenth of the overlap beyond the border is kept too. Of a part that comes so near at most an eighth
 * of the overlap is missing, along each axis; non-maximum suppression over all tiles then finds it overlap
 * the whole object. What is larger than the overlap is not lost, but may be found in parts.
 *
 * Merging more than that was tried on eight mosaics of cells. Where a box touches its tile's edge,
 * intersection over the smaller area removes nothing: no box that is cut gets past the border. An IoU of 0.3
 * between tiles takes nearly as many neighbours as doubles. What a weak detector finds twice at borders, it
 * finds twice in a tile.
 */
#ifndef FA_CLI_DETECT_TILE_H
#define FA_CLI_DETECT_TILE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/status.h"

struct fa_tiling {
    int w, h, overlap; /* w 0: pictures are not cut */
};

/* "1333x800+200". FA_EINVAL for other texts, sides outside 32 to 8192, and an overlap below 16 or above half
   of the smaller side. */
fa_status fa_tiling_parse(const char *text, struct fa_tiling *out) FA_CHECK_RESULT;

struct fa_tile {
    int x, y, w, h; /* in the picture; sides are those of the picture where it is smaller */
    float own[4];   /* x1 y1 x2 y2: where the centres of its objects are */
};

size_t fa_tiling_count(const struct fa_tiling *tiling, int w, int h);
void fa_tiling_tile(const struct fa_tiling *tiling, int w, int h, size_t i, struct fa_tile *out);

/* Of a box in pixels of the picture. */
bool fa_tile_owns(const struct fa_tile *tile, const float box[4]);

#endif
