/*
 * sgd.h - the learning rate's schedule, clipping, SGD with momentum and how fast a moving average of the
 * weights follows (doc/method.md 7). The loops themselves are those of flat.h.
 */
#ifndef FA_SGD_H
#define FA_SGD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/params.h"

FA_BEGIN_DECLARATIONS

/* How the regular rate falls, apart from the warm-up. */
enum fa_schedule_kind {
    FA_SCHEDULE_STEP,   /* by a factor after some epochs */
    FA_SCHEDULE_COSINE, /* along half a cosine, from lr to lr_min */
    FA_SCHEDULE_POLY    /* as a power of the part that is left, from lr to lr_min */
};

#define FA_SCHEDULE_FOLLOWS (-1) /* the length of the run decides (fa_schedule_fit) */

struct fa_schedule {
    enum fa_schedule_kind kind;
    double lr; /* after scaling by the batch */
    int64_t
        warmup_steps; /* or FA_SCHEDULE_FOLLOWS; fa_schedule_fit sets it where one of the next two is given */
    double warmup_epochs;   /* 0: not given */
    int64_t warmup_samples; /* likewise */
    double warmup_ratio;    /* 0.001: the first step's lr as a part of the regular one */
    int n_drops;            /* at most 8, or FA_SCHEDULE_FOLLOWS */
    int64_t drop_epoch[8];  /* after so many whole epochs lr is multiplied by drop_factor */
    double drop_factor;
    double lr_min; /* after scaling by the batch */
    double poly_power;
    int64_t n_steps; /* of all epochs; lr_min is reached after them */
};

/* The rate of a step (0-based, counted from the start of training) of which epoch is `epoch` (0-based).
   Cosine and power come from the C library: two may differ in the last bit of a double, which is gone when
   fa_flat_sgd rounds the rate. */
double fa_schedule_lr(const struct fa_schedule *schedule, int64_t step, int64_t epoch);

/* ---- what follows from the length of a run (schedule_length.c) ---- */

/* Sets n_steps, for steps of `batch` images. Where they follow, drops come after two thirds and eleven
   twelfths of the epochs (8 and 11 of 12), and the warm-up is the published 500 steps, but at most a tenth of
   the run. A warm-up in epochs or samples takes the steps that reach it. */
void fa_schedule_fit(struct fa_schedule *schedule, int64_t epochs, int64_t steps_per_epoch, int64_t batch);

/* What will happen, in words: "24 epochs: rate 0.01, 0.001 from epoch 17; warm-up 500 of 6240 steps". */
void fa_schedule_print(const struct fa_schedule *schedule, int64_t epochs, char *text, size_t size);

/* Whether drops or warm-up, as somebody gave them, do not go with the length; why, and what to do. */
bool fa_schedule_is_doubtful(const struct fa_schedule *schedule, int64_t epochs, char *why, size_t size);

/* How the rate grows with the images of a step, over the number for which it was stated. */
enum fa_lr_scaling {
    FA_LR_LINEAR, /* as they do */
    FA_LR_SQRT,   /* as the root of that */
    FA_LR_NONE
};

extern const char *const fa_lr_scaling_names[]; /* "linear", ...; NULL at the end */

/* The factor of the rate for a step of so many images. */
double fa_lr_scale(enum fa_lr_scaling scaling, int64_t n, int64_t reference);

/* The images of a step, the number for which its rate was stated, and the steps of an epoch. */
struct fa_batch {
    int64_t n, reference, steps_per_epoch;
    enum fa_lr_scaling scaling;
};

/* Whether a step's images, and a rate that grew with them, are more than has been shown to work for detectors
   (doc/method.md 7.2): over 256 with less than an epoch of warm-up, or over 8192; why, and what to do. The
   schedule is scaled and fitted. */
bool fa_schedule_is_untried(const struct fa_schedule *schedule, const struct fa_batch *batch, char *why,
                            size_t size);

/* The factor that brings the norm to at most max_norm: min(1, max_norm / (norm + 1e-6)); 1 if max_norm is 0.
 */
double fa_clip_factor(double norm, double max_norm);

struct fa_sgd {
    double scale, lr, momentum, weight_decay;
    bool decay_norm; /* else gammas and betas of norms do not decay */
    double lars;     /* trust in a layer's step (doc/method.md 7.7), 0.001; 0: plain SGD */
};

/* Every trainable parameter by fa_flat_sgd; momentum starts at 0. Fails only with LARS, where a backend's
   memory cannot be read. */
fa_status fa_sgd_update(struct fa_params *params, struct fa_flat *momentum,
                        const struct fa_sgd *sgd) FA_CHECK_RESULT;

/* What stays of a moving average in update number step (0-based): less in the beginning, when the weights
   still go far: min(decay, (1 + step) / (10 + step)). */
double fa_average_decay(double decay, int64_t step);

FA_END_DECLARATIONS

#endif
