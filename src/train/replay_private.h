/*
 * replay_private.h - between the computation of a replay and its file.
 */
#ifndef FA_REPLAY_PRIVATE_H
#define FA_REPLAY_PRIVATE_H

#include "fa/lane.h"
#include "fa/replay.h"

struct fa_replay {
    const struct fa_replay_config *config;
    struct fa_model *model;
    const struct fa_case *given;

    struct fa_lane *lane;
    struct fa_head head; /* cls is the replay's own, and so is reg: */
    fa_real *reg;
    double normalizer;
    struct fa_loss loss;
    fa_real *grad_cls, *grad_reg;
    const struct fa_params *params; /* with their gradient; NULL where no network was run */
    struct fa_detection *detections;
    size_t n_detections;
};

/* The out file. */
fa_status fa_replay_write(const char *path, struct fa_replay *replay) FA_CHECK_RESULT;

#endif
