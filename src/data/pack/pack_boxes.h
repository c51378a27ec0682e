/*
 * pack_boxes.h - which boxes of an annotation file go into a dataset, and how.
 */
#ifndef FA_DATA_PACK_BOXES_H
#define FA_DATA_PACK_BOXES_H

#include <stdbool.h>

#include "fa/shard.h"

enum fa_box_verdict {
    FA_BOX_KEPT,
    FA_BOX_CLIPPED,
    FA_BOX_DROPPED,
    FA_BOX_REFUSED, /* --fix error */
};

struct fa_box_check {
    enum fa_box_verdict verdict;
    const char *complaint; /* static text; NULL for FA_BOX_KEPT */
    double bbox[4];        /* x y w h as packed; only for a box that is kept or clipped */
};

/* A box (x y w h) of an image of w x h pixels. It may reach outside by a rounding of 1e-3 pixels. */
struct fa_box_check fa_check_box(const double bbox[4], int w, int h, enum fa_pack_fix fix);

static inline bool fa_box_is_packed(const struct fa_box_check *check)
{
    return check->verdict == FA_BOX_KEPT || check->verdict == FA_BOX_CLIPPED;
}

#endif
