/*
 * lane_private.h - what a lane owns, and what its sources share.
 */
#ifndef FA_LANE_PRIVATE_H
#define FA_LANE_PRIVATE_H

#include "fa/anchor_cache.h"
#include "fa/head_ops.h"
#include "fa/lane.h"

enum {
    FA_LANE_WORKS = 64, /* sizes whose work is kept */
    FA_LANE_PIECES = 32
};

/* The work of one plan (fa_workspace_take), by one configuration. */
struct fa_lane_work {
    uint64_t plan;
    void *config; /* NULL: nobody's */
    size_t config_bytes;
    uint64_t last_used;
    size_t n_pieces; /* 0: not recorded yet */
    struct fa_lane_piece {
        struct fa_recording *recording;
        size_t n_final; /* parameters whose gradient is final after it */
    } piece[FA_LANE_PIECES];
};

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

    struct fa_head_scratch *head_scratch; /* of the backend; NULL until it is needed */

    struct fa_lane_work work[FA_LANE_WORKS];
    uint64_t clock;                /* of their use */
    struct fa_lane_work *recorded; /* while it is */
    fa_status cut_failed;          /* of its pieces */

    /* ---- of the image that is on its way ---- */
    struct fa_loss loss;          /* where the host computed it */
    const struct fa_loss *result; /* where it is, or will be */
    struct fa_ticket ticket;      /* of its end */
    size_t n_final;               /* parameters whose gradient is final ... */
    struct fa_ticket final;       /* ... once this is reached */
    const struct fa_lane_observer *observer;
};

void fa_lane_phase_ended(const struct fa_lane_observer *observer, enum fa_lane_phase phase);

/* ---- recorded.c ---- */

/* What work depends on, beside what the host has prepared for it. */
struct fa_lane_key {
    uint64_t plan;
    const void *config;
    size_t config_bytes;
};

/* Asks the lane's queue for work on an image that the workspace has taken: for the same work every time. */
typedef fa_status (*fa_lane_body)(struct fa_lane *lane, void *context);

/* Asks for it by the body, or as it was recorded. */
fa_status fa_lane_ask(struct fa_lane *lane, const struct fa_lane_key *key, fa_lane_body body,
                      void *context) FA_CHECK_RESULT;

/* For fa_workspace_backward; context is the lane. Tells the observer. */
void fa_lane_ready(void *context, size_t n);

void fa_lane_forget_work(struct fa_lane *lane);

/* ---- head.c ---- */

/* The workspace's head for what the backend computes itself; makes the scratch where there is none yet. */
fa_status fa_lane_device_head(struct fa_lane *lane, const struct fa_head *head, int h, int w,
                              struct fa_device_head *out) FA_CHECK_RESULT;

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
