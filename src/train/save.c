/*
 * save.c - the checkpoints of a run: what they are called, and which of them stay.
 */
#include <stdio.h>

#include "fa/activity.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "training.h"

/* "epoch_3", or "step_1200" in the middle of an epoch. */
static void name_state(const struct fa_training *t, char name[FA_CHECKPOINT_NAME_MAX])
{
    const struct fa_progress *progress = &t->state.progress;
    bool whole = progress->step % t->steps_per_epoch == 0;

    snprintf(name, FA_CHECKPOINT_NAME_MAX, "%s_%lld", whole ? "epoch" : "step",
             (long long)(whole ? progress->epoch : progress->step));
}

/* Collective. A checkpoint that cannot be removed takes room and does no other harm. */
static void prune(struct fa_training *t)
{
    const char *best = t->best.name[0] != '\0' ? t->best.name : NULL;

    if (fa_checkpoint_prune(t->comm, t->checkpoints, t->config->keep_checkpoints, best) != FA_OK &&
        fa_comm_rank(t->comm) == 0)
        fa_warn("old checkpoints are not all removed: %s", fa_message());
}

fa_status fa_training_save(struct fa_training *t)
{
    char name[FA_CHECKPOINT_NAME_MAX], *path = NULL;
    fa_status status;

    fa_activity_begin("checkpoint");
    name_state(t, name);
    status = fa_comm_agree(t->comm, fa_path_join(t->checkpoints, name, &path));
    if (status == FA_OK)
        status = fa_checkpoint_write(t->comm, path, &t->state);
    if (status == FA_OK) {
        fa_info("saved %s", path);
        t->saved_step = t->state.progress.step;
        prune(t);
    }
    fa_free(path);
    return status;
}

void fa_training_save_if_possible(struct fa_training *t)
{
    char name[FA_CHECKPOINT_NAME_MAX];

    name_state(t, name);
    if (fa_training_save(t) != FA_OK && fa_comm_rank(t->comm) == 0)
        fa_warn("checkpoint %s is not complete, training goes on: %s", name, fa_message());
}

void fa_training_note_ap(struct fa_training *t, double ap)
{
    if (fa_comm_rank(t->comm) != 0 || t->saved_step != t->state.progress.step || !(ap > t->best.ap))
        return;
    name_state(t, t->best.name);
    t->best.ap = ap;
    if (fa_checkpoint_best_write(t->checkpoints, &t->best) != FA_OK)
        fa_warn("the next run will not know the best checkpoint: %s", fa_message());
}
