#include "fa/pyramid.h"

const struct fa_anchor_design fa_anchors_of_reference = {
    .finest_level = 3, .ratio = {0.5f, 1, 2}, .scale = 4};

const struct fa_anchor_design *fa_anchors_meant(const struct fa_anchor_design *design)
{
    return design->scale > 0 ? design : &fa_anchors_of_reference;
}

void fa_pyramid_make(int finest_level, int h, int w, struct fa_pyramid *pyramid)
{
    size_t first = 0;

    for (int level = 0; level < FA_LEVELS; level++) {
        const int stride = 1 << (finest_level + level);

        if (finest_level + level <= FA_COARSEST_FEATURE) { /* as the backbone's feature of this stride */
            pyramid->h[level] = h / stride;
            pyramid->w[level] = w / stride;
        } else { /* convolutions of stride 2 with padding round up */
            pyramid->h[level] = (pyramid->h[level - 1] + 1) / 2;
            pyramid->w[level] = (pyramid->w[level - 1] + 1) / 2;
        }
        pyramid->stride[level] = stride;
        pyramid->first[level] = first;
        first += (size_t)pyramid->h[level] * (size_t)pyramid->w[level] * FA_CELL_ANCHORS;
    }
    pyramid->n_anchors = first;
}
