/*
 * replay_private.h - between the computation of a replay and its file.
 */
#ifndef FA_REPLAY_PRIVATE_H
#define FA_REPLAY_PRIVATE_H

#include "fa/replay.h"

struct fa_replay {
    const struct fa_replay_config *config;
    struct fa_model *model;
    const struct fa_case *given;

    struct fa_pyramid pyramid;
    float *anchors;
    struct fa_loss_workspace *workspace;
    struct fa_head_view head;
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
