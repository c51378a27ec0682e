#include "fa/box.h"

#include <math.h>

#include "overlap.h"

float fa_box_iou(const float a[4], const float b[4])
{
    float area_a = (a[2] - a[0]) * (a[3] - a[1]);
    float area_b = (b[2] - b[0]) * (b[3] - b[1]);

    return fa_iou_of_areas(fa_intersection(a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]), area_a, area_b);
}

void fa_box_encode(const struct fa_box_coder *coder, const float anchor[4], const float object[4],
                   float target[4])
{
    for (int k = 0; k < 2; k++) {
        float anchor_centre = (anchor[k] + anchor[k + 2]) * 0.5f, anchor_size = anchor[k + 2] - anchor[k];
        float centre = (object[k] + object[k + 2]) * 0.5f, size = object[k + 2] - object[k];

        target[k] = (centre - anchor_centre) / anchor_size / coder->std[k];
        target[k + 2] = logf(size / anchor_size) / coder->std[k + 2];
    }
}

void fa_box_decode(const struct fa_box_coder *coder, const float anchor[4], const float delta[4],
                   float box[4])
{
    for (int k = 0; k < 2; k++) {
        float anchor_centre = (anchor[k] + anchor[k + 2]) * 0.5f, anchor_size = anchor[k + 2] - anchor[k];
        float log_size =
            fa_smaller(fa_larger(delta[k + 2] * coder->std[k + 2], -FA_BOX_LOG_CLIP), FA_BOX_LOG_CLIP);
        float centre = anchor_centre + anchor_size * (delta[k] * coder->std[k]);
        float size = anchor_size * expf(log_size);

        box[k] = centre - size * 0.5f;
        box[k + 2] = centre + size * 0.5f;
    }
}

void fa_box_clip(float w, float h, float box[4])
{
    const float limit[4] = {w, h, w, h};

    for (int k = 0; k < 4; k++)
        box[k] = fa_smaller(fa_larger(box[k], 0.0f), limit[k]);
}
