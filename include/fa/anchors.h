/*
 * anchors.h - RetinaNet's anchor grid over P3..P7 (spec section 3).
 */
#ifndef FA_ANCHORS_H
#define FA_ANCHORS_H

#include <stddef.h>

#include "fa/status.h"

#define FA_LEVELS       5
#define FA_CELL_ANCHORS 9

struct fa_pyramid {
    int stride[FA_LEVELS], h[FA_LEVELS], w[FA_LEVELS];
    size_t first[FA_LEVELS]; /* index of the level's first anchor */
    size_t n_anchors;
};

/* Level sizes of a padded image of h by w, multiples of 32: /8, /16, /32, then halves rounded up. */
void fa_pyramid_make(int h, int w, struct fa_pyramid *pyramid);

/* anchors: n_anchors rows x1 y1 x2 y2 float32, order level, y, x, ratio (0.5 1 2), scale; bit-equal to the
 * reference. */
void fa_anchors_make(const struct fa_pyramid *pyramid, float *anchors);

#endif
