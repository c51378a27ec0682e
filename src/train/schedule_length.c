/*
 * schedule_length.c - what of a schedule follows from the length of the run, and what it comes to, in words.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/sgd.h"
#include "fa/text.h"

enum { WARMUP_STEPS = 500, WARMUP_SHARE = 10 };
enum { TRIED_ON_DETECTORS = 256, TRIED_AT_ALL = 8192 }; /* images of a step: doc/method.md 7.2 */

/* Two thirds and eleven twelfths of the run, as 8 and 11 of 12; fewer where a run is too short for two. */
static void follow_epochs(struct fa_schedule *schedule, int64_t epochs)
{
    const int64_t drops[] = {2 * epochs / 3, 11 * epochs / 12};

    schedule->n_drops = 0;
    for (int i = 0; i < 2; i++)
        if (drops[i] > 0 && drops[i] < epochs && (i == 0 || drops[i] > drops[i - 1]))
            schedule->drop_epoch[schedule->n_drops++] = drops[i];
}

static int64_t fit_warmup(const struct fa_schedule *schedule, int64_t steps_per_epoch, int64_t batch)
{
    const int64_t share = schedule->n_steps / WARMUP_SHARE;

    if (schedule->warmup_epochs > 0)
        return (int64_t)ceil(schedule->warmup_epochs * (double)steps_per_epoch -
                             1e-6); /* 1.1 * 10 is above 11 */
    if (schedule->warmup_samples > 0)
        return (schedule->warmup_samples + batch - 1) / batch;
    if (schedule->warmup_steps == FA_SCHEDULE_FOLLOWS)
        return share < WARMUP_STEPS ? share : WARMUP_STEPS;
    return schedule->warmup_steps;
}

void fa_schedule_fit(struct fa_schedule *schedule, int64_t epochs, int64_t steps_per_epoch, int64_t batch)
{
    schedule->n_steps = epochs * steps_per_epoch;
    if (schedule->n_drops == FA_SCHEDULE_FOLLOWS)
        follow_epochs(schedule, epochs);
    schedule->warmup_steps = fit_warmup(schedule, steps_per_epoch, batch);
}

/* ---- in words ---- */

static void print_drops(const struct fa_schedule *schedule, char *text, size_t size)
{
    double lr = schedule->lr;

    fa_text_add(text, size, "rate %g", lr);
    for (int i = 0; i < schedule->n_drops; i++) {
        lr *= schedule->drop_factor;
        fa_text_add(text, size, ", %g from epoch %lld", lr, (long long)schedule->drop_epoch[i] + 1);
    }
}

void fa_schedule_print(const struct fa_schedule *schedule, int64_t epochs, char *text, size_t size)
{
    text[0] = '\0';
    fa_text_add(text, size, "%lld epoch%s: ", (long long)epochs, epochs == 1 ? "" : "s");
    if (schedule->kind == FA_SCHEDULE_STEP)
        print_drops(schedule, text, size);
    else
        fa_text_add(text, size, "rate %g, down to %g along a %s", schedule->lr, schedule->lr_min,
                    schedule->kind == FA_SCHEDULE_COSINE ? "cosine" : "power");
    if (schedule->warmup_steps > 0)
        fa_text_add(text, size, "; warm-up %lld of %lld steps", (long long)schedule->warmup_steps,
                    (long long)schedule->n_steps);
}

static bool drops_too_late(const struct fa_schedule *schedule, int64_t epochs, char *why, size_t size)
{
    const int64_t last = schedule->drop_epoch[schedule->n_drops - 1];

    if (last < epochs)
        return false;
    fa_text_add(why, size,
                "train.lr_steps drops the rate after epoch %lld, which a run of %lld never reaches; set "
                "train.lr_steps=auto, and it follows train.epochs",
                (long long)last, (long long)epochs);
    return true;
}

/* The lowest rate takes a twelfth of the run as published; much more of it learns next to nothing. */
static bool drops_too_early(const struct fa_schedule *schedule, int64_t epochs, char *why, size_t size)
{
    const int64_t last = schedule->drop_epoch[schedule->n_drops - 1];

    if (schedule->n_drops < 2 || 3 * (epochs - last) <= epochs)
        return false;
    fa_text_add(
        why, size,
        "train.lr_steps drops the rate for the last time after epoch %lld of %lld, so that %lld run at "
        "the lowest; set train.lr_steps=auto, and it follows train.epochs",
        (long long)last, (long long)epochs, (long long)(epochs - last));
    return true;
}

bool fa_schedule_is_doubtful(const struct fa_schedule *schedule, int64_t epochs, char *why, size_t size)
{
    why[0] = '\0';
    if (schedule->kind == FA_SCHEDULE_STEP && schedule->n_drops > 0 &&
        (drops_too_late(schedule, epochs, why, size) || drops_too_early(schedule, epochs, why, size)))
        return true;
    if (schedule->n_steps == 0 || 2 * schedule->warmup_steps <= schedule->n_steps)
        return false;
    fa_text_add(
        why, size,
        "the warm-up, %lld steps, takes more than half of the run's %lld; no more than a tenth is usual",
        (long long)schedule->warmup_steps, (long long)schedule->n_steps);
    return true;
}

bool fa_schedule_is_untried(const struct fa_schedule *schedule, const struct fa_batch *batch, char *why,
                            size_t size)
{
    why[0] = '\0';
    if (batch->n <= batch->reference || batch->scaling == FA_LR_NONE)
        return false;
    if (batch->n > TRIED_AT_ALL)
        fa_text_add(why, size,
                    "a step of %lld images at rate %g is beyond the %d up to which accuracy is known to last "
                    "when the rate grows with the batch (doc/method.md 7.2); a smaller train.batch is safer",
                    (long long)batch->n, schedule->lr, TRIED_AT_ALL);
    else if (batch->n > TRIED_ON_DETECTORS && schedule->warmup_steps < batch->steps_per_epoch)
        fa_text_add(
            why, size,
            "a step of %lld images at rate %g is beyond the %d that detectors are known to learn with at a "
            "rate that grows with the batch (doc/method.md 7.2) unless the warm-up takes an epoch, %lld "
            "steps, "
            "or more",
            (long long)batch->n, schedule->lr, TRIED_ON_DETECTORS, (long long)batch->steps_per_epoch);
    return why[0] != '\0';
}
