/*
 * training.h - a training run while it lasts: what its parts (start, initialise, step, save) share.
 */
#ifndef FA_TRAINING_H
#define FA_TRAINING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/checkpoint.h"
#include "fa/checkpoint_writer.h"
#include "fa/file.h"
#include "fa/lane.h"
#include "fa/reducer.h"
#include "fa/trainer.h"
#include "journal.h"
#include "rank_times.h"
#include "watchdog/watchdog.h"

/* Where the time of the step went so far. */
struct fa_stopwatch {
    double at;         /* the last look at the clock */
    double reducer_at; /* and at the reducer's own time */
    double phase_s[FA_PHASES];
};

/* The save that was begun last. */
struct fa_save {
    bool is_under_way;
    char name[FA_CHECKPOINT_NAME_MAX];
    int64_t step;
    double pause_s; /* for which the training stood still so far */
};

struct fa_training {
    const struct fa_train_config *config;
    const struct fa_train_run *run;
    struct fa_comm *comm;
    struct fa_model *model;

    /* What a checkpoint holds, and all that the next step depends on. */
    struct fa_training_state state;

    struct fa_schedule schedule; /* lr scaled by the batch */
    int64_t steps_per_epoch, last_step;
    char *checkpoint_path;            /* "<work_dir>/checkpoints" */
    struct fa_directory *checkpoints; /* which that leads to, once it is known where the run begins */
    struct fa_lock *checkpoint_lock;  /* rank 0 */
    struct fa_checkpoint_writer *writer;
    struct fa_save save;
    int64_t saved_step;             /* of the newest checkpoint made or resumed from; -1: none */
    struct fa_checkpoint_best best; /* rank 0 */
    struct fa_journal_past past;    /* up to the step resumed from, and of evaluations up to now */
    char **titles;                  /* of the classes evaluated, where their AP are told; rank 0 */

    char *stop_file;            /* "<work_dir>/stop"; rank 0 */
    struct fa_journal *journal; /* rank 0 */

    struct fa_sampler *sampler;
    struct fa_loader *loader;
    struct fa_reducer *reducer;
    struct fa_batch_slice slice; /* of a step's images: this rank's */
    size_t n_local;              /* how many they are */
    size_t n_lanes;              /* that they run in, in turn */
    struct fa_lane **lanes;
    struct fa_flat *
        *rows;    /* where those add their gradients; NULL: a single one adds to the parameters' own */
    int n_traced; /* steps in the trace */
    const struct fa_sample **samples;
    struct fa_loss *losses; /* a row an image of the batch, and one more */
    struct fa_stopwatch watch;
    struct fa_rank_times rank_times;
};

/* ---- start.c: from arguments to the first step ---- */

/* Collective. Opens everything, and resumes or initialises. Zeroed before; to be
   ended also after a failure. */
fa_status fa_training_start(struct fa_training *training) FA_CHECK_RESULT;
void fa_training_end(struct fa_training *training);

/* Where loaders keep pixels: the memory from which they move fast to the backend's. */
struct fa_pixel_memory fa_training_pixels(const struct fa_training *training);

/* ---- lanes.c ---- */

/* Not collective: the number of lanes may differ between ranks. */
fa_status fa_training_open_lanes(struct fa_training *training) FA_CHECK_RESULT;
void fa_training_close_lanes(struct fa_training *training); /* also after an open that failed */

/* ---- agreement.c ---- */

/* Collective. FA_EINVAL, naming the first difference, unless all ranks train the same model on the same data;
   a warning where hosts differ in what decides over the last bits. */
fa_status fa_training_agree(struct fa_training *training) FA_CHECK_RESULT;

/* Collective. FA_EINVAL unless all ranks begin with the same weights and momentum. */
fa_status fa_training_agree_on_state(struct fa_training *training) FA_CHECK_RESULT;

/* Collective. FA_ENUMERIC, naming the ranks, unless all hold the same weights and momentum. */
fa_status fa_training_compare(struct fa_training *training) FA_CHECK_RESULT;

/* ---- autotune.c ---- */

/* Collective. Takes the algorithms that are stored beside the run, measures what they lack, and stores that.
   Where the run shall go by the static rule it only warns of stored ones. */
fa_status fa_training_autotune(struct fa_training *training) FA_CHECK_RESULT;

/* ---- resume.c ---- */

/* Collective. *resumed says whether the state now is that of a checkpoint. Where one may be there and cannot
   be read, or was there and is gone, it fails (fa_checkpoint_find). */
fa_status fa_training_resume(struct fa_training *training, bool *resumed) FA_CHECK_RESULT;

/* ---- resume_changes.c ---- */

/* Rank 0. Logs every setting that differs from the checkpoint's. */
fa_status fa_training_report_changes(const struct fa_training *training,
                                     const char *directory) FA_CHECK_RESULT;

/* ---- run_id.c ---- */

/* The id in the directory's config.json; "" where there is none. */
fa_status fa_training_read_id(const char *work_dir, char id[FA_RUN_ID_SIZE]) FA_CHECK_RESULT;

/* Collective. The id of the run: that of config.json where it goes on, else a new one. */
fa_status fa_training_identify(struct fa_training *training, bool resumed) FA_CHECK_RESULT;

/* Rank 0. config.json: the resolved configuration, and the run's id. */
fa_status fa_training_write_config(const struct fa_training *training) FA_CHECK_RESULT;

/* ---- full_disk.c ---- */

/* Tries something; *lacks_room: it failed for want of room on a disk, the same on all ranks. */
typedef fa_status (*fa_attempt_fn)(struct fa_training *training, bool *lacks_room);

/* Collective. The state must not be lost: where all that is missing is room on a disk, says so, waits, and
   tries again. A second request to stop ends the process meanwhile. */
fa_status fa_training_insist(struct fa_training *training, fa_attempt_fn attempt) FA_CHECK_RESULT;

/* ---- initialise.c ---- */

/* Collective. The weights of a run that starts from nothing. */
fa_status fa_training_initialise(struct fa_training *training) FA_CHECK_RESULT;

/* FA_EINVAL, saying what to set, unless there is something to start from. */
fa_status fa_training_can_initialise(const struct fa_training *training) FA_CHECK_RESULT;

/* ---- step.c ---- */

/* Collective. One update; state.progress moves on, entry says what it was like. *stop: some rank was asked to
   stop before the step; then nothing was done. As fa_training_diagnose says if a loss or the gradient is not
   finite; the parameters are then those before the step. */
fa_status fa_training_step(struct fa_training *training, struct fa_journal_entry *entry,
                           bool *stop) FA_CHECK_RESULT;

/* ---- trace.c: the first steps of this rank as a trace; what fails is a warning ---- */

void fa_training_trace_begin(const struct fa_training *training);
void fa_training_trace_step(struct fa_training *training); /* after each step */
void fa_training_trace_end(struct fa_training *training); /* writes what there is; nothing where none began */

/* ---- forecast.c ---- */

/* Says, before the first step, what checkpoints will take of their disk. */
void fa_training_tell_room(const struct fa_training *training);

/* ---- save.c ---- */

/* Collective. Saves the state in the background, then removes all but the newest checkpoints and the best.
   The training stands still until the save before is over, if one is under way, and for a copy. A failure is
   a warning: the checkpoint before stays, and training can go on, since all ranks know of it. */
void fa_training_save_begin(struct fa_training *training);
void fa_training_save_poll(struct fa_training *training); /* often; brings the save forward */
void fa_training_save_wait(struct fa_training *training); /* collective: until none is under way */

/* Collective. Completes the save under way, if any, after a run that ended with status, which it returns with
   its message. */
fa_status fa_training_save_end(struct fa_training *training, fa_status status) FA_CHECK_RESULT;

/* Collective. Saves the state and waits for it, also for room on the disk; a failure is one. */
fa_status fa_training_save(struct fa_training *training) FA_CHECK_RESULT;

/* Collective. What the state's evaluation gave: the best one that was saved, for which it waits, is kept. */
void fa_training_note_metrics(struct fa_training *training, const struct fa_metrics *metrics);

/* ---- keep_results.c ---- */

/* Rank 0. What the state's evaluation found stays in the work directory (fa/kept_results.h); a failure is a
   warning. */
void fa_training_keep_results(const struct fa_training *training, const struct fa_metrics *metrics,
                              size_t n_images, const struct fa_coco_result *results, size_t n);

/* The score thresholds of the state's evaluation, as kept, to be cleared; none where it was not evaluated. */
struct fa_thresholds fa_training_kept_thresholds(const struct fa_training *training);

/* ---- diagnose.c ---- */

/* Collective. For a step whose loss or gradient is not finite, before the update and with its samples at
   hand: finds the images at fault, keeps them as case files in the working directory, and the weights.
   FA_EINVAL, naming the first of them and how to replay it: it would be met by every start, so settings are
   to change. FA_ENUMERIC if no single image is at fault. The gradient is spoilt. */
fa_status fa_training_diagnose(struct fa_training *training, double normalizer) FA_CHECK_RESULT;

/* ---- stop.c: requests to stop, by a signal or a file ---- */

/* SIGTERM, SIGUSR1, SIGUSR2, and SIGINT and SIGHUP unless they are ignored; until fa_stop_ignore. */
void fa_stop_listen(void);
void fa_stop_ignore(void); /* back to what was before */

/* By a signal, or, if path is not NULL, by a file of that name. */
bool fa_stop_requested(const char *path);

#endif
