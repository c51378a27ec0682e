/*
 * save.c - the checkpoints of a run: what they are called, which of them stay, and what a save costs.
 */
#include <stdio.h>

#include "fa/activity.h"
#include "fa/clock.h"
#include "fa/log.h"
#include "training.h"

/* "epoch_3", or "step_1200" in the middle of an epoch. */
static void name_state(const struct fa_training *t, char name[FA_CHECKPOINT_NAME_MAX])
{
    const struct fa_progress *progress = &t->state.progress;
    bool whole = progress->step % t->steps_per_epoch == 0;

    snprintf(name, FA_CHECKPOINT_NAME_MAX, "%s_%lld", whole ? "epoch" : "step",
             (long long)(whole ? progress->epoch : progress->step));
}

/* The save that was under way is over: how it ended, which all ranks know. */
static fa_status settle(struct fa_training *t)
{
    struct fa_checkpoint_cost cost;
    fa_status status = fa_checkpoint_writer_outcome(t->writer, &cost);

    t->save.is_under_way = false;
    if (status != FA_OK)
        return status;
    t->saved_step = t->save.step;
    fa_journal_save(t->journal, &(struct fa_journal_save){.name = t->save.name,
                                                          .step = t->save.step,
                                                          .pause_s = t->save.pause_s,
                                                          .durable_s = cost.durable_s,
                                                          .n_bytes = cost.n_bytes});
    return FA_OK;
}

static void settle_or_warn(struct fa_training *t)
{
    if (settle(t) != FA_OK && fa_comm_rank(t->comm) == 0)
        fa_warn("checkpoint %s is not complete, training goes on: %s", t->save.name, fa_message());
}

/* Collective. */
static void stand_still(struct fa_training *t)
{
    const double start = fa_clock_seconds();

    fa_checkpoint_writer_wait(t->writer);
    t->save.pause_s += fa_clock_seconds() - start;
}

void fa_training_save_poll(struct fa_training *t)
{
    if (t->save.is_under_way && fa_checkpoint_writer_poll(t->writer))
        settle_or_warn(t);
}

void fa_training_save_wait(struct fa_training *t)
{
    if (!t->save.is_under_way)
        return;
    stand_still(t);
    settle_or_warn(t);
}

fa_status fa_training_save_end(struct fa_training *t, fa_status status)
{
    char message[FA_MESSAGE_MAX];

    snprintf(message, sizeof message, "%s", fa_message());
    fa_training_save_wait(t);
    return fa_status_forward(status, message);
}

/* None is under way. */
static void begin(struct fa_training *t)
{
    const struct fa_checkpoint_save save = {.root = t->checkpoints,
                                            .name = t->save.name,
                                            .keep = t->config->keep_checkpoints,
                                            .protected_name = t->best.name[0] != '\0' ? t->best.name : NULL};
    const double start = fa_clock_seconds();

    fa_activity_begin("copy for a checkpoint");
    t->save = (struct fa_save){.is_under_way = true, .step = t->state.progress.step};
    name_state(t, t->save.name);
    fa_checkpoint_writer_begin(t->writer, &save, &t->state);
    t->save.pause_s = fa_clock_seconds() - start;
}

void fa_training_save_begin(struct fa_training *t)
{
    fa_training_save_wait(t);
    begin(t);
}

static fa_status save_now(struct fa_training *t, bool *lacks_room)
{
    fa_training_save_begin(t);
    stand_still(t);
    *lacks_room = fa_checkpoint_writer_lacks_room(t->writer);
    return settle(t);
}

fa_status fa_training_save(struct fa_training *t)
{
    return fa_training_insist(t, save_now);
}

void fa_training_note_metrics(struct fa_training *t, const struct fa_metrics *metrics)
{
    struct fa_checkpoint_best best = {.ap = metrics->ap};

    fa_training_save_wait(t);
    if (fa_comm_rank(t->comm) != 0 || t->saved_step != t->state.progress.step || !(metrics->ap > t->best.ap))
        return;
    name_state(t, best.name);
    if (fa_metrics_thresholds(metrics, &best.thresholds) != FA_OK ||
        fa_checkpoint_best_write(t->checkpoints, &best) != FA_OK) {
        fa_warn("the best checkpoint is not noted: %s", fa_message());
        fa_checkpoint_best_clear(&best);
        return;
    }
    fa_checkpoint_best_clear(&t->best);
    t->best = best;
}
