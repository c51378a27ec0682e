/*
 * resume.c - a run goes on where a checkpoint stands, or refuses to where it would not be the same run.
 */
#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint_private.h"
#include "fa/activity.h"
#include "fa/kept_results.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "training.h"

static fa_status check_identity(const struct fa_training *t, const char *directory,
                                const struct fa_progress *progress)
{
    if (progress->seed != t->config->seed)
        return fa_fail(
            FA_EINVAL,
            "%s: was trained with seed %llu and this run has %llu; set train.seed to the former, or begin "
            "anew with --resume none",
            directory, (unsigned long long)progress->seed, (unsigned long long)t->config->seed);
    if (progress->category_hash != t->run->train_data->category_hash)
        return fa_fail(FA_EINVAL,
                       "%s: was trained on other classes than the training data has; give the data that it "
                       "was trained on, or begin anew with --resume none",
                       directory);
    if (progress->content_hash != t->run->train_data->content_hash)
        return fa_fail(FA_EINVAL,
                       "%s: was trained on other images or annotations; give the data that it was trained "
                       "on, several datasets in their order, or start from its weights with --resume none "
                       "--init-from %s",
                       directory, directory);
    return FA_OK;
}

/* The order of samples depends on the batch and on the number of images, so neither may change on the way. */
static fa_status check_position(const struct fa_training *t, const char *directory,
                                const struct fa_progress *progress)
{
    if (progress->samples % t->config->batch != 0 || progress->samples / t->config->batch != progress->step)
        return fa_fail(
            FA_EINVAL,
            "%s: made %lld steps with %lld images and this run has %d a step; resume with the same "
            "train.batch, or start from its weights with --resume none --init-from %s",
            directory, (long long)progress->step, (long long)progress->samples, t->config->batch, directory);
    if (progress->epoch != progress->step / t->steps_per_epoch)
        return fa_fail(
            FA_EINVAL,
            "%s: was trained on another number of images: step %lld ended epoch %lld there, and %lld steps "
            "are an epoch here; give the data that it was trained on, or begin anew with --resume none",
            directory, (long long)progress->step, (long long)progress->epoch, (long long)t->steps_per_epoch);
    return FA_OK;
}

static fa_status check_anchors(const struct fa_training *t, const char *directory,
                               const struct fa_weights_meta *meta)
{
    const struct fa_anchor_design *is = fa_anchors_meant(&fa_model_config(t->model)->anchors);
    struct fa_anchor_design was;

    FA_TRY(fa_prefix(fa_model_weights_anchors(meta, &was), "%s", directory));
    if (memcmp(was.ratio, is->ratio, sizeof was.ratio) == 0 && was.scale == is->scale)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%s: was trained with other anchors; set model.anchor_ratios back to [%g, %g, %g] and "
                   "model.anchor_scale to %g, or begin anew",
                   directory, (double)was.ratio[0], (double)was.ratio[1], (double)was.ratio[2], was.scale);
}

/* Names and shapes of tensors do not tell all of this. */
static fa_status check_model(const struct fa_training *t, const char *directory,
                             const struct fa_weights_meta *was)
{
    const struct fa_weights_meta *is = &t->run->meta;

    if (was->model != NULL && is->model != NULL && strcmp(was->model, is->model) != 0)
        return fa_fail(FA_EINVAL,
                       "%s: belongs to another model, %s, and this run has %s; set the model.* keys back, or "
                       "begin anew with --resume none",
                       directory, was->model, is->model);
    FA_TRY(check_anchors(t, directory, was));
    if (memcmp(was->coder_std, is->coder_std, sizeof was->coder_std) != 0)
        return fa_fail(FA_EINVAL,
                       "%s: was trained with another model.coder_std; set it back to [%g, %g, %g, %g]",
                       directory, was->coder_std[0], was->coder_std[1], was->coder_std[2], was->coder_std[3]);
    if (memcmp(was->mean, is->mean, sizeof was->mean) != 0 ||
        memcmp(was->std, is->std, sizeof was->std) != 0 || was->to_rgb != is->to_rgb)
        return fa_fail(FA_EINVAL,
                       "%s: was trained on images with another data.mean, data.std or data.to_rgb; set them "
                       "back to what config.json there has",
                       directory);
    return FA_OK;
}

/* Rank 0. Where run is not "", a checkpoint that names another is not what this run left. */
static fa_status check_manifest(const struct fa_training *t, const char *directory, const char *run)
{
    struct fa_checkpoint_manifest manifest;
    fa_status status;

    FA_TRY(fa_checkpoint_manifest_read(directory, &manifest));
    if (run[0] != '\0' && manifest.run[0] != '\0' && strcmp(run, manifest.run) != 0)
        status = fa_fail(FA_EINVAL,
                         "%s: is the newest checkpoint there, and another run made it; move it elsewhere, or "
                         "give --resume with the one to go on from",
                         directory);
    else
        status = check_model(t, directory, &manifest.meta);
    fa_checkpoint_manifest_clear(&manifest);
    return status;
}

/* Rank 0. */
static fa_status check_newest(const struct fa_training *t, const char *directory)
{
    char run[FA_RUN_ID_SIZE];

    FA_TRY(fa_training_read_id(t->run->work_dir->path, run));
    return check_manifest(t, directory, run);
}

/* Rank 0. */
static fa_status learn_of_the_past(struct fa_training *t, const char *directory)
{
    FA_TRY(fa_checkpoint_best_read(t->checkpoint_path, &t->best));
    return fa_training_report_changes(t, directory);
}

static fa_status read_checkpoint(struct fa_training *t, const char *directory)
{
    fa_status status;

    FA_TRY(fa_checkpoint_read(t->comm, directory, &t->state));
    fa_model_params_changed(t->model);
    status = check_identity(t, directory, &t->state.progress);
    if (status == FA_OK)
        status = check_position(t, directory, &t->state.progress);
    FA_TRY(fa_comm_agree(t->comm, status));
    t->saved_step = t->state.progress.step;
    fa_info("resuming from %s: epoch %lld, step %lld, %lld samples", directory,
            (long long)t->state.progress.epoch, (long long)t->state.progress.step,
            (long long)t->state.progress.samples);
    return fa_comm_agree(t->comm, fa_comm_rank(t->comm) == 0 ? learn_of_the_past(t, directory) : FA_OK);
}

/* Rank 0. A disk that is not mounted looks like an empty one, but for what the journal says. */
static fa_status check_never_saved(const struct fa_training *t)
{
    bool saved;

    FA_TRY(fa_journal_tells_of_saves(t->journal, &saved));
    if (!saved)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "%s: holds no checkpoint, though log.jsonl tells of some that were saved; is its disk "
                   "mounted? Give --resume none to begin anew",
                   t->checkpoint_path);
}

static fa_status resume_newest(struct fa_training *t, bool *resumed)
{
    char *directory;
    fa_status status;

    FA_TRY(fa_checkpoint_find(t->comm, t->checkpoint_path, &directory));
    *resumed = directory != NULL;
    if (*resumed)
        status = fa_comm_agree(t->comm, fa_comm_rank(t->comm) == 0 ? check_newest(t, directory) : FA_OK);
    else
        status = fa_comm_agree(t->comm, fa_comm_rank(t->comm) == 0 ? check_never_saved(t) : FA_OK);
    if (status == FA_OK && *resumed)
        status = read_checkpoint(t, directory);
    fa_free(directory);
    return status;
}

static fa_status samples_of(const char *directory, int64_t *samples)
{
    struct fa_checkpoint_manifest manifest;

    FA_TRY(fa_checkpoint_manifest_read(directory, &manifest));
    *samples = manifest.progress.samples;
    fa_checkpoint_manifest_clear(&manifest);
    return FA_OK;
}

/* Later checkpoints would be taken for newer ones by the next --resume auto. */
static fa_status refuse_newer(struct fa_training *t, const char *directory)
{
    char *newest;
    int64_t samples = 0;
    fa_status status;

    FA_TRY(fa_checkpoint_find(t->comm, t->checkpoint_path, &newest));
    if (newest == NULL)
        return FA_OK;
    status = samples_of(newest, &samples);
    if (status == FA_OK && samples > t->state.progress.samples)
        status =
            fa_fail(FA_EINVAL,
                    "%s: is newer than %s; give another --work-dir to branch off, or remove the newer ones",
                    newest, directory);
    fa_free(newest);
    return fa_comm_agree(t->comm, status);
}

static fa_status resume_from(struct fa_training *t, const char *directory)
{
    FA_TRY(fa_comm_agree(t->comm, fa_comm_rank(t->comm) == 0 ? check_manifest(t, directory, "") : FA_OK));
    FA_TRY(read_checkpoint(t, directory));
    return refuse_newer(t, directory);
}

static fa_status resume_named(struct fa_training *t, bool *resumed)
{
    char *directory;
    fa_status status;

    FA_TRY(fa_checkpoint_find_named(t->comm, t->run->resume_directory, &directory));
    status = resume_from(t, directory);
    fa_free(directory);
    *resumed = status == FA_OK;
    return status;
}

static fa_status put_aside(const struct fa_directory *work_dir, const char *name)
{
    enum fa_entry_kind kind;
    char *aside;

    FA_TRY(fa_directory_look(work_dir, name, &kind));
    if (kind == FA_ENTRY_ABSENT)
        return FA_OK;
    FA_TRY(fa_directory_put_aside(work_dir, name, &aside));
    fa_info("%s/%s of an earlier run is now %s", fa_directory_path(work_dir), name, aside);
    fa_free(aside);
    return FA_OK;
}

/* A run that begins anew keeps what an earlier one left, under names where nobody looks for it. */
static fa_status put_run_aside(const struct fa_training *t)
{
    static const char *const names[] = {"checkpoints", "log.jsonl", "weights.h5", FA_KEPT_DIRECTORY};

    FA_TRY(fa_training_can_initialise(t)); /* else a run that is refused would have moved them */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        FA_TRY(put_aside(t->run->work_dir->directory, names[i]));
    return FA_OK;
}

fa_status fa_training_resume(struct fa_training *t, bool *resumed)
{
    fa_activity_begin("resuming");
    *resumed = false;
    switch (t->run->resume) {
    case FA_RESUME_AUTO:
        return resume_newest(t, resumed);
    case FA_RESUME_DIRECTORY:
        return resume_named(t, resumed);
    case FA_RESUME_NONE:
        break;
    }
    return fa_comm_agree(t->comm, fa_comm_rank(t->comm) == 0 ? put_run_aside(t) : FA_OK);
}
