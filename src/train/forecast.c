/*
 * forecast.c - what the checkpoints of a run will take of their disk, told before the first step.
 */
#include "fa/log.h"
#include "training.h"

/* How many multiples of interval lie in (from, to]; of 0: none. */
static int64_t multiples(int64_t from, int64_t to, int64_t interval)
{
    return interval > 0 ? to / interval - from / interval : 0;
}

/* At most so many: a save in the middle may coincide with one at the end of an epoch. */
static int64_t saves_to_come(const struct fa_training *t)
{
    const struct fa_train_config *c = t->config;
    const int64_t step = t->state.progress.step, last = t->last_step, epoch = t->steps_per_epoch;
    int64_t n = multiples(step / epoch, last / epoch, c->checkpoint_interval) +
                multiples(step, last, c->checkpoint_steps);

    if (last > step && multiples(last - 1, last, c->checkpoint_steps) == 0 &&
        (last % epoch != 0 || multiples(last / epoch - 1, last / epoch, c->checkpoint_interval) == 0))
        n++; /* the last one is always due */
    return n;
}

/* Of one; what its manifest takes does not count. */
static double bytes_of_state(const struct fa_training *t)
{
    const struct fa_params *params = t->state.params;
    const size_t n_rows = t->state.average != NULL ? 2 : 1; /* as long as the momentum */

    return (double)(params->n_elem + n_rows * params->n_trainable) * sizeof(float);
}

void fa_training_tell_room(const struct fa_training *t)
{
    const int keep = t->config->keep_checkpoints;
    const int64_t n = saves_to_come(t), n_kept = keep > 0 && keep + 1 < n ? keep + 1 : n;
    const double gib = 1 << 30, each = bytes_of_state(t), all = each * (double)n_kept;
    uint64_t free_bytes;

    if (n == 0 || fa_directory_free_bytes(t->checkpoint_path, &free_bytes) != FA_OK)
        return;
    fa_log(
        (double)free_bytes < all ? FA_LOG_WARN : FA_LOG_INFO,
        "checkpoints of %.1f MiB each: up to %lld more are kept in %s, %.2f GiB, where %.2f GiB are free; %s",
        each / (1 << 20), (long long)n_kept, t->checkpoint_path, all / gib, (double)free_bytes / gib,
        keep > 0 ? "train.keep_checkpoints says how many"
                 : "train.keep_checkpoints=N keeps the newest N and the best alone");
}
