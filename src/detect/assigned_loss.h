/*
 * assigned_loss.h - what losses share that decide before training which anchors belong to which object: the
 * focal loss of all logits and the L1 loss of positive anchors' deltas, block by block of anchors
 * (doc/method.md 5).
 */
#ifndef FA_DETECT_ASSIGNED_LOSS_H
#define FA_DETECT_ASSIGNED_LOSS_H

#include <stdint.h>

#include "box_block.h"
#include "fa/loss.h"

enum { FA_ANCHOR_NEGATIVE = -1, FA_ANCHOR_IGNORED = -2 };

/* Who belongs to whom in an image; read by several threads at once. */
struct fa_assignment {
    /* assigned[k]: the index of the object for which anchor k of the block is positive, or one of the above.
     */
    void (*of_block)(const struct fa_assignment *assignment, const struct fa_box_block *anchors,
                     int32_t assigned[FA_BOX_BLOCK]);

    /* ---- for that function ---- */
    const struct fa_loss_config *config;
    const struct fa_objects *objects;
    const float *best_iou;   /* of every object with any anchor of the image */
    const int32_t *assigned; /* of every anchor of the image */
};

/* The positive anchors, at least 1. */
double fa_assigned_share(const struct fa_assignment *assignment, const struct fa_head_view *head,
                         const struct fa_loss_workspace *workspace);

/* As fa_loss_compute, objects being checked and the workspace reserved. What the assignment has of the
   workspace is gone after it. */
void fa_assigned_loss(const struct fa_assignment *assignment, const struct fa_loss_config *config,
                      const struct fa_head_view *head, const struct fa_objects *objects, double normalizer,
                      struct fa_loss_workspace *workspace, struct fa_loss *loss, fa_real *grad_cls,
                      fa_real *grad_reg);

#endif
