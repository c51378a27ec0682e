/*
 * schedule.c - the learning rate of a step: a regular rate that falls as the run goes on, and a linear
 * warm-up before (doc/method.md 7.2).
 */
#include <math.h>

#include "fa/sgd.h"

const char *const fa_lr_scaling_names[] = {
    [FA_LR_LINEAR] = "linear", [FA_LR_SQRT] = "sqrt", [FA_LR_NONE] = "none", NULL};

double fa_lr_scale(enum fa_lr_scaling scaling, int64_t n, int64_t reference)
{
    const double times = (double)n / (double)reference;

    if (scaling == FA_LR_NONE)
        return 1;
    return scaling == FA_LR_SQRT ? sqrt(times) : times;
}

static double after_drops(const struct fa_schedule *schedule, int64_t epoch)
{
    double lr = schedule->lr;

    for (int i = 0; i < schedule->n_drops; i++)
        if (schedule->drop_epoch[i] <= epoch)
            lr *= schedule->drop_factor;
    return lr;
}

/* The part of the run that lies before the step; 1 for a step after its end. */
static double progress(const struct fa_schedule *schedule, int64_t step)
{
    return step < schedule->n_steps ? (double)step / (double)schedule->n_steps : 1;
}

static double between(double from, double to, double part)
{
    return from + (to - from) * part;
}

static double regular(const struct fa_schedule *schedule, int64_t step, int64_t epoch)
{
    const double left = 1 - progress(schedule, step);

    switch (schedule->kind) {
    case FA_SCHEDULE_COSINE:
        return between(schedule->lr_min, schedule->lr, (1 - cos(acos(-1) * left)) / 2);
    case FA_SCHEDULE_POLY:
        return between(schedule->lr_min, schedule->lr, pow(left, schedule->poly_power));
    case FA_SCHEDULE_STEP:
        break;
    }
    return after_drops(schedule, epoch);
}

double fa_schedule_lr(const struct fa_schedule *schedule, int64_t step, int64_t epoch)
{
    double lr = regular(schedule, step, epoch);

    if (step < schedule->warmup_steps) {
        double ahead = 1 - (double)step / (double)schedule->warmup_steps;

        lr *= 1 - ahead * (1 - schedule->warmup_ratio);
    }
    return lr;
}
