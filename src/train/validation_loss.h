/*
 * validation_loss.h - the loss of a validation set, computed from what the head says of its images while they
 * are evaluated: as that of one batch of all images, so that it compares with the losses of steps, and added
 * up in the order of the images, so that any number of ranks gives the same bits.
 */
#ifndef FA_VALIDATION_LOSS_H
#define FA_VALIDATION_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "fa/comm.h"
#include "fa/lane.h"
#include "fa/loader.h"

/* Of one image; ranks send these. */
struct fa_image_loss {
    uint64_t record;
    double share;        /* of the normalizer */
    struct fa_loss loss; /* not divided by it */
};

/* Of an evaluation, on one rank: config and lane, and the rest zeroed. */
struct fa_validation_loss {
    const struct fa_loss_config *config;
    struct fa_lane *lane;
    size_t n, size;
    struct fa_image_loss *images;
    fa_real *grad_cls, *grad_reg; /* which nobody needs */
    size_t n_logits, n_deltas;    /* that there is room for */
};

/* For fa_evaluate_config.saw; context is a struct fa_validation_loss. */
fa_status fa_validation_loss_saw(void *context, const struct fa_sample *sample,
                                 const struct fa_head *head) FA_CHECK_RESULT;

/* Collective, after the evaluation: the same on every rank. */
fa_status fa_validation_loss_mean(struct fa_comm *comm, const struct fa_validation_loss *own,
                                  struct fa_loss *mean) FA_CHECK_RESULT;
void fa_validation_loss_clear(struct fa_validation_loss *loss);

#endif
