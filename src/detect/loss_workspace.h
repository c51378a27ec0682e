/*
 * loss_workspace.h - the scratch of one image's loss; it only grows, so a training step soon allocates
 * nothing.
 */
#ifndef FA_DETECT_LOSS_WORKSPACE_H
#define FA_DETECT_LOSS_WORKSPACE_H

#include <stddef.h>

#include "box_block.h"
#include "fa/loss.h"
#include "positive.h"
#include "ranking.h"

struct fa_loss_workspace {
    int n_threads;
    size_t room_anchors, room_objects, room_bags, room_members, room_tables; /* what there is place for */
    size_t room_assigned, room_candidates;
    float *predicted;                      /* (anchors, 4) */
    double (*block_loss)[FA_LOSS_PARTS];   /* (blocks of anchors) */
    float *best_iou;                       /* (objects) */
    struct fa_ranking *bags;               /* (objects) */
    struct fa_ranked *bag_items;           /* (objects, bag) */
    struct fa_bag_member *members;         /* (bag) */
    struct fa_bag_gradient *bag_gradients; /* (objects, bag) */
    float *tables;                         /* (threads, FA_BOX_BLOCK, classes): box probabilities */
    fa_real *rows;                         /* (threads, classes) */
    int32_t *assigned;                     /* (anchors): to which object, or negative */
    float *assigned_iou;                   /* (anchors): with that */
    struct fa_ranked *candidates;          /* (positions), then (positions, anchors of one) */
};

/* Content is lost where an array has to grow. After a failure the workspace is still good for a new try. */
fa_status fa_loss_workspace_reserve(struct fa_loss_workspace *workspace, size_t n_anchors, size_t n_objects,
                                    size_t bag, size_t num_classes) FA_CHECK_RESULT;

/* The same for losses that keep who has claimed an anchor. */
fa_status fa_loss_workspace_reserve_claims(struct fa_loss_workspace *workspace, size_t n_anchors,
                                           size_t n_positions, size_t per_position) FA_CHECK_RESULT;

#endif
