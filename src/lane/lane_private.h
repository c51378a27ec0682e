/*
 * lane_private.h - what a lane owns, and what its sources share.
 */
#ifndef FA_LANE_PRIVATE_H
#define FA_LANE_PRIVATE_H

#include "fa/anchor_cache.h"
#include "fa/lane.h"

struct fa_lane {
    struct fa_workspace *workspace; /* NULL without a model */
    struct fa_anchor_cache *anchors;
    struct fa_loss_workspace *loss_workspace;
    fa_real *grad_reg;   /* by the head's deltas; the gradient by the logits takes their own place */
    size_t grad_anchors; /* that there is room for */
};

void fa_lane_phase_ended(const struct fa_lane_observer *observer, enum fa_lane_phase phase);

#endif
