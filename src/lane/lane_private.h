/*
 * lane_private.h - what a lane owns, and what its sources share.
 */
#ifndef FA_LANE_PRIVATE_H
#define FA_LANE_PRIVATE_H

#include "fa/anchor_cache.h"
#include "fa/head_ops.h"
#include "fa/lane.h"

struct fa_lane {
    struct fa_workspace *workspace; /* NULL without a model */
    struct fa_anchor_cache *anchors;
    struct fa_loss_workspace *loss_workspace;

    void *grad_reg; /* by the head's deltas, in the backend's memory; that by the logits takes their place */
    size_t grad_anchors; /* that there is room for */

    /* The head's rows in the host's memory, and the gradient by the deltas; where that is the backend's,
     * NULL. */
    struct fa_head staged;
    fa_real *staged_grad_reg;
    size_t staged_anchors;

    struct fa_device_loss *device_loss; /* NULL until the backend computes one */

    /* ---- of the image that is on its way ---- */
    struct fa_loss loss;          /* where the host computed it */
    const struct fa_loss *result; /* where it is, or will be */
    struct fa_ticket ticket;      /* of its end */
    const struct fa_lane_observer *observer;
};

void fa_lane_phase_ended(const struct fa_lane_observer *observer, enum fa_lane_phase phase);

/* ---- stage.c ---- */

/* The workspace's head in the host's memory: itself, or a copy that holds until the next. */
fa_status fa_lane_stage_head(struct fa_lane *lane, const struct fa_head *head,
                             struct fa_head *out) FA_CHECK_RESULT;

/* Where the host leaves the gradient by the deltas of so many anchors. */
fa_status fa_lane_grad_reg(struct fa_lane *lane, size_t n_anchors, fa_real **out) FA_CHECK_RESULT;

/* Brings the gradient by a staged head, left in its logits and in that place, to the backend's memory. */
void fa_lane_put_gradient(struct fa_lane *lane, const struct fa_head *head);

void fa_lane_unstage(struct fa_lane *lane);

#endif
