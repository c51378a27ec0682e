/*
 * assign.h - which anchors belong to which object, by overlap alone (doc/method.md 5).
 */
#ifndef FA_DETECT_ASSIGN_H
#define FA_DETECT_ASSIGN_H

#include <stdint.h>

#include "assigned_loss.h"
#include "fa/loss.h"

/* assigned[k]: the index of the object for which anchor k of the block is positive, or FA_ANCHOR_NEGATIVE or
   FA_ANCHOR_IGNORED. best_iou: of every object with any anchor of the image. */
void fa_anchors_assign(const struct fa_focal *config, const struct fa_box_block *anchors,
                       const struct fa_objects *objects, const float *best_iou,
                       int32_t assigned[FA_BOX_BLOCK]);

#endif
