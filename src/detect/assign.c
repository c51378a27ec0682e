#include "assign.h"

#include <stdbool.h>

/* What is known of the anchors of a block while objects go by. */
struct candidates {
    float largest[FA_BOX_BLOCK];   /* IoU with any object so far */
    int32_t nearest[FA_BOX_BLOCK]; /* the first object of that IoU */
    int32_t claimed[FA_BOX_BLOCK]; /* by the last object whose best anchor this is; negative: by none */
};

static void offer_object(const struct fa_box_block *anchors, int32_t object, const float *iou, bool claims,
                         float best, struct candidates *candidates)
{
    for (size_t k = 0; k < anchors->n; k++) {
        if (iou[k] > candidates->largest[k]) {
            candidates->largest[k] = iou[k];
            candidates->nearest[k] = object;
        }
        if (claims && iou[k] == best)
            candidates->claimed[k] = object;
    }
}

static int32_t verdict(const struct fa_focal *config, const struct candidates *candidates, size_t k)
{
    if (candidates->claimed[k] >= 0)
        return candidates->claimed[k];
    if (candidates->largest[k] >= (float)config->positive_iou)
        return candidates->nearest[k];
    return candidates->largest[k] < (float)config->negative_iou ? FA_ANCHOR_NEGATIVE : FA_ANCHOR_IGNORED;
}

void fa_anchors_assign(const struct fa_focal *config, const struct fa_box_block *anchors,
                       const struct fa_objects *objects, const float *best_iou,
                       int32_t assigned[FA_BOX_BLOCK])
{
    struct candidates candidates;
    float iou[FA_BOX_BLOCK];

    for (size_t k = 0; k < anchors->n; k++) {
        candidates.largest[k] = 0;
        candidates.nearest[k] = candidates.claimed[k] = FA_ANCHOR_NEGATIVE;
    }
    for (size_t i = 0; i < objects->n; i++) {
        const float *object = objects->boxes + 4 * i;

        if (best_iou[i] > 0 && !fa_box_block_meets(anchors, object))
            continue;
        fa_box_block_iou(anchors, object, iou);
        offer_object(anchors, (int32_t)i, iou, best_iou[i] >= (float)config->min_positive_iou, best_iou[i],
                     &candidates);
    }
    for (size_t k = 0; k < anchors->n; k++)
        assigned[k] = verdict(config, &candidates, k);
}
