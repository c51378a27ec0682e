/*
 * schedule.c - the learning rate of a step: drops after whole epochs, a linear warm-up before (spec 7.2).
 */
#include "fa/sgd.h"

double fa_schedule_lr(const struct fa_schedule *schedule, int64_t step, int64_t epoch)
{
    double lr = schedule->lr;

    for (int i = 0; i < schedule->n_drops; i++)
        if (schedule->drop_epoch[i] <= epoch)
            lr *= schedule->drop_factor;
    if (step < schedule->warmup_steps) {
        double ahead = 1 - (double)step / (double)schedule->warmup_steps;

        lr *= 1 - ahead * (1 - schedule->warmup_ratio);
    }
    return lr;
}
