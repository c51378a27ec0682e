/*
 * training_step.h - the step that is measured: one synthetic image through forward, loss, backward, clip and
 * SGD, as src/train/step.c does it on one rank. Its phases are spans of the trace.
 */
#ifndef FA_BENCH_TRAINING_STEP_H
#define FA_BENCH_TRAINING_STEP_H

#include "fa/image.h"
#include "fa/lane.h"
#include "fa/reducer.h"
#include "fa/trainer.h"
#include "profile.h"
#include "readiness.h"

struct fa_training_step {
    const struct fa_train_config *config;
    struct fa_model *model;
    int h, w;
    struct fa_picture picture;
    struct fa_frame frame; /* the picture as it is fed to the network */
    float *boxes;
    int32_t *labels;
    struct fa_objects objects;
    struct fa_lane *lane, *own_lane; /* own_lane: NULL if lane is borrowed */
    struct fa_flat *momentum;

    /* To be set between steps; NULL and false at first. */
    fa_lane_ready_fn ready; /* of backward, where neither of the next two is given */
    void *ready_context;
    struct fa_readiness_record *record; /* of backward, where there is no reducer */
    struct fa_reducer *reducer;         /* adds up the gradients of all ranks; NULL: they are not */
    bool overlaps;                      /* the reducer works during backward, not after it */
};

struct fa_step_times {
    double step_s, forward_s, loss_s;
    double backward_s; /* with the reduction */
    double update_s;   /* clip and SGD */
};

/* Gives the model random weights. config, model and lane outlive the step; lane NULL: one of its own. Closed
   after a failure too. */
fa_status fa_training_step_open(const struct fa_train_config *config, struct fa_model *model,
                                struct fa_lane *lane, int h, int w, size_t n_objects,
                                struct fa_training_step *step) FA_CHECK_RESULT;
void fa_training_step_close(struct fa_training_step *step);

/* FA_ENUMERIC if the loss is not finite: its time would mean nothing. */
fa_status fa_training_step_run(struct fa_training_step *step, struct fa_step_times *times) FA_CHECK_RESULT;

/* Member by member: the medians of phases need not come from one step. */
fa_status fa_step_times_median(const struct fa_step_times *times, size_t n,
                               struct fa_step_times *median) FA_CHECK_RESULT;

struct fa_step_measure {
    struct fa_step_times first; /* builds the plan and warms up */
    struct fa_step_times median;
    double fastest_s; /* of the steps; what noise of the machine adds is in the others */
    size_t peak_rss;  /* bytes, after the steps */
    struct fa_profile profile;
    struct fa_readiness_record readiness;
};

/* One step and then n, traced. Freed after a failure too. */
fa_status fa_training_step_measure(struct fa_training_step *step, size_t n,
                                   struct fa_step_measure *measure) FA_CHECK_RESULT;
void fa_step_measure_free(struct fa_step_measure *measure);

#endif
