#include "fa/pyramid.h"

static const int finest_stride = 8;

const struct fa_anchor_design fa_anchors_of_reference = {.ratio = {0.5f, 1, 2}, .scale = 4};

const struct fa_anchor_design *fa_anchors_meant(const struct fa_anchor_design *design)
{
    return design->scale > 0 ? design : &fa_anchors_of_reference;
}

void fa_pyramid_make(int h, int w, struct fa_pyramid *pyramid)
{
    size_t first = 0;

    for (int level = 0; level < FA_LEVELS; level++) {
        if (level < 3) { /* P3, P4, P5 are the backbone's C3, C4, C5 */
            pyramid->h[level] = h / (finest_stride << level);
            pyramid->w[level] = w / (finest_stride << level);
        } else { /* convolutions of stride 2 with padding round up */
            pyramid->h[level] = (pyramid->h[level - 1] + 1) / 2;
            pyramid->w[level] = (pyramid->w[level - 1] + 1) / 2;
        }
        pyramid->stride[level] = finest_stride << level;
        pyramid->first[level] = first;
        first += (size_t)pyramid->h[level] * (size_t)pyramid->w[level] * FA_CELL_ANCHORS;
    }
    pyramid->n_anchors = first;
}
