#include "fa/anchors.h"

#include <math.h>

#include "anchor_cell.h"

void fa_anchor_cell(int stride, const struct fa_anchor_design *given, float cell[FA_CELL_ANCHORS][4])
{
    const struct fa_anchor_design *design = fa_anchors_meant(given);

    for (int r = 0; r < 3; r++) {
        float h_ratio = sqrtf(design->ratio[r]), w_ratio = 1.0f / h_ratio;

        for (int k = 0; k < 3; k++) {
            float scale = (float)(design->scale * pow(2.0, k / 3.0));
            float w = (float)stride * w_ratio * scale, h = (float)stride * h_ratio * scale;
            float *anchor = cell[3 * r + k];

            anchor[0] = -0.5f * w;
            anchor[1] = -0.5f * h;
            anchor[2] = 0.5f * w;
            anchor[3] = 0.5f * h;
        }
    }
}

static void level_anchors(int stride, const struct fa_anchor_design *design, int h, int w, float *anchors)
{
    float cell[FA_CELL_ANCHORS][4];

    fa_anchor_cell(stride, design, cell);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int a = 0; a < FA_CELL_ANCHORS; a++, anchors += 4) {
                anchors[0] = (float)(x * stride) + cell[a][0];
                anchors[1] = (float)(y * stride) + cell[a][1];
                anchors[2] = (float)(x * stride) + cell[a][2];
                anchors[3] = (float)(y * stride) + cell[a][3];
            }
}

void fa_anchors_make(const struct fa_pyramid *pyramid, const struct fa_anchor_design *design, float *anchors)
{
    for (int level = 0; level < FA_LEVELS; level++)
        level_anchors(pyramid->stride[level], design, pyramid->h[level], pyramid->w[level],
                      anchors + 4 * pyramid->first[level]);
}
