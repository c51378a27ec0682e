/*
 * pyramid.h - the levels of an image, P3 to P7 or P2 to P6, on whose sizes and order data, network and
 * anchors agree (doc/method.md 2, 3). Callable from any thread.
 */
#ifndef FA_PYRAMID_H
#define FA_PYRAMID_H

#include <stddef.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

#define FA_LEVELS           5
#define FA_CELL_ANCHORS     9
#define FA_COARSEST_FEATURE 5  /* C5 of the backbone, whose features are C2 to C5 */
#define FA_SIZE_DIVISOR     32 /* an image is padded to multiples of the backbone's coarsest stride */

struct fa_pyramid {
    int stride[FA_LEVELS], h[FA_LEVELS], w[FA_LEVELS];
    size_t first[FA_LEVELS]; /* index of the level's first anchor */
    size_t n_anchors;
};

/* The finest level of the pyramid, on which the smallest anchors stand, and the shapes of a position's
   anchors: three ratios of height to width, each in three sizes, the smallest of so many strides, the others
   of 2^(1/3) and 2^(2/3) times as many. Zeroed: those of the reference. */
struct fa_anchor_design {
    int finest_level; /* 3: P3 to P7; 2: P2 to P6. Level l has stride 2^l */
    float ratio[3];
    double scale;
};

extern const struct fa_anchor_design fa_anchors_of_reference; /* 3; 0.5, 1, 2; 4 */

/* The design itself, or that of the reference if it is zeroed. */
const struct fa_anchor_design *fa_anchors_meant(const struct fa_anchor_design *design);

/* Of a padded image of h by w, multiples of FA_SIZE_DIVISOR: /4 if it begins there, /8, /16, /32, then halves
   rounded up. */
void fa_pyramid_make(int finest_level, int h, int w, struct fa_pyramid *pyramid);

FA_END_DECLARATIONS

#endif
