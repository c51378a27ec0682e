/*
 * cmd_status.c - freeanchor status: what a run does now, or how it ended, from its files alone.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "fa/printable.h"
#include "fa/run_status.h"

static const struct fa_flag flags[] = {{0}};

static const char *const state_names[FA_RUN_STATES] = {[FA_RUN_RUNNING] = "running",
                                                       [FA_RUN_FINISHED] = "finished",
                                                       [FA_RUN_STOPPED] = "stopped",
                                                       [FA_RUN_FAILED] = "failed",
                                                       [FA_RUN_DIED] = "died"};

/* What came from files that somebody else may have written. */
static void print_text(const char *text)
{
    char shown[1024];

    fputs(fa_printable(text, strlen(text), shown, sizeof shown), stdout);
}

static void print_duration(double seconds)
{
    char text[32];

    fa_clock_duration(seconds, text, sizeof text);
    fputs(text, stdout);
}

static double seconds_left(const struct fa_run_status *status)
{
    const struct fa_run_progress *progress = &status->progress;

    if (!progress->is_known || progress->eta_s < 0)
        return -1;
    return fmax(progress->eta_s - fmax(progress->age_s, 0), 0);
}

/* ---- for people ---- */

static void print_state(const char *work_dir, const struct fa_run_status *status)
{
    static const char *const what[FA_RUN_STATES] = {
        [FA_RUN_RUNNING] = "running",
        [FA_RUN_FINISHED] = "finished: all its steps are done",
        [FA_RUN_STOPPED] = "stopped on request; its state is saved: run the same command again to go on",
        [FA_RUN_FAILED] = "failed: ",
        [FA_RUN_DIED] =
            "died without a word: killed, or its host was lost; run the same command again to go on"};

    print_text(work_dir);
    printf(": %s", what[status->state]);
    if (status->state == FA_RUN_FAILED)
        print_text(status->why);
    if (status->state == FA_RUN_RUNNING && status->holder[0] != '\0') {
        printf(", ");
        print_text(status->holder);
    }
    printf("\n");
}

static void print_epoch(const struct fa_run_status *status)
{
    int64_t epoch;

    if (status->steps_per_epoch <= 0)
        return;
    epoch = (status->step > 0 ? status->step - 1 : 0) / status->steps_per_epoch + 1;
    printf(", epoch %" PRId64, epoch);
    if (status->epochs > 0)
        printf(" of %" PRId64, status->epochs);
}

static void print_steps(const struct fa_run_status *status)
{
    const double left_s = seconds_left(status);

    if (status->step < 0) {
        printf("no step yet\n");
        return;
    }
    printf("step %" PRId64, status->step);
    if (status->last_step > 0)
        printf(" of %" PRId64 " (%.1f %%)", status->last_step,
               100 * (double)status->step / (double)status->last_step);
    print_epoch(status);
    if (status->state == FA_RUN_RUNNING && left_s >= 0) {
        printf("; ");
        print_duration(left_s);
        printf(" left");
    }
    printf("\n");
}

static void print_progress(const struct fa_run_progress *progress)
{
    if (!progress->is_known)
        return;
    printf("loss %.4f, learning rate %.3e, %.3g s a step, at step %" PRId64 "\n", progress->loss,
           progress->lr, progress->step_s, progress->step);
}

static void print_save(const struct fa_run_save *save)
{
    if (save->name[0] == '\0') {
        printf("nothing is saved yet\n");
        return;
    }
    printf("saved ");
    print_text(save->name);
    if (save->step >= 0)
        printf(", step %" PRId64, save->step);
    if (save->age_s >= 0) {
        printf(", ");
        print_duration(save->age_s);
        printf(" ago");
    }
    printf("\n");
}

static void print_evaluation(const struct fa_run_status *status)
{
    if (status->best.name[0] != '\0') {
        printf("best bbox_mAP %.4f, of ", status->best.ap);
        print_text(status->best.name);
        printf("\n");
    }
    if (status->is_evaluated && status->last_ap < 0)
        printf("last evaluation at step %" PRId64 ": no ground truth, so no AP\n", status->evaluated_step);
    else if (status->is_evaluated)
        printf("last bbox_mAP %.4f, at step %" PRId64 "\n", status->last_ap, status->evaluated_step);
}

/* What it was doing at last is of no interest where all was done. */
static void print_rank(const struct fa_run_rank *rank, bool is_finished, double watched_s)
{
    printf("rank %d", rank->rank);
    if (!rank->is_known) {
        printf(": has said nothing\n");
        return;
    }
    printf(" on ");
    print_text(rank->host);
    if (rank->is_silent)
        printf(": no sign of life in %.0f s; at last", watched_s);
    else
        printf(":");
    printf(" %s", rank->state);
    if (!is_finished) {
        printf(", ");
        print_text(rank->doing);
    }
    printf("\n");
}

static void print_status(const char *work_dir, const struct fa_run_status *status)
{
    print_state(work_dir, status);
    print_steps(status);
    print_progress(&status->progress);
    print_save(&status->save);
    print_evaluation(status);
    for (int r = 0; r < status->n_ranks; r++)
        print_rank(&status->ranks[r], status->state == FA_RUN_FINISHED, status->watched_s);
}

/* ---- for programs ---- */

/* What is not known is null. */
static void report_known(struct fa_invocation *invocation, const char *key, bool is_known, double value)
{
    fa_report_number(invocation, key, is_known ? value : (double)NAN);
}

static struct fa_json *rank_json(const struct fa_run_rank *rank)
{
    struct fa_json *object = fa_json_new_object();

    if (object == NULL)
        return NULL;
    fa_json_set(object, "rank", fa_json_new_number(rank->rank));
    fa_json_set(object, "host", fa_json_new_string(rank->host));
    fa_json_set(object, "state", fa_json_new_string(rank->state));
    fa_json_set(object, "doing", fa_json_new_string(rank->doing));
    fa_json_set(object, "silent", fa_json_new_bool(rank->is_silent));
    return object;
}

static void report_ranks(struct fa_invocation *invocation, const struct fa_run_status *status)
{
    struct fa_json *ranks = fa_json_new_array();

    for (int r = 0; r < status->n_ranks && ranks != NULL; r++)
        fa_json_append(ranks, rank_json(&status->ranks[r]));
    fa_json_set(invocation->report, "ranks", ranks);
}

static void report_progress(struct fa_invocation *invocation, const struct fa_run_status *status)
{
    const struct fa_run_progress *progress = &status->progress;
    const double left_s = seconds_left(status);

    report_known(invocation, "step", status->step >= 0, (double)status->step);
    report_known(invocation, "steps", status->last_step > 0, (double)status->last_step);
    report_known(invocation, "steps_per_epoch", status->steps_per_epoch > 0, (double)status->steps_per_epoch);
    report_known(invocation, "epochs", status->epochs > 0, (double)status->epochs);
    report_known(invocation, "eta_s", status->state == FA_RUN_RUNNING && left_s >= 0, left_s);
    report_known(invocation, "loss", progress->is_known, progress->loss);
    report_known(invocation, "lr", progress->is_known, progress->lr);
    report_known(invocation, "step_s", progress->is_known, progress->step_s);
}

static void report(struct fa_invocation *invocation, const struct fa_run_status *status)
{
    const struct fa_run_save *save = &status->save;

    fa_report_string(invocation, "state", state_names[status->state]);
    if (status->state == FA_RUN_FAILED)
        fa_report_string(invocation, "why", status->why);
    fa_report_string(invocation, "holder", status->holder);
    report_progress(invocation, status);
    fa_report_string(invocation, "checkpoint", save->name);
    report_known(invocation, "saved_step", save->step >= 0, (double)save->step);
    report_known(invocation, "save_age_s", save->name[0] != '\0' && save->age_s >= 0, save->age_s);
    fa_report_string(invocation, "best_checkpoint", status->best.name);
    report_known(invocation, "best_bbox_mAP", status->best.ap >= 0, status->best.ap);
    report_known(invocation, "bbox_mAP", status->last_ap >= 0, status->last_ap);
    report_ranks(invocation, status);
}

/* ---- the whole ---- */

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    const char *work_dir = fa_arguments_nth(given, NULL, 0), *extra = fa_arguments_nth(given, NULL, 1);
    struct fa_run_status status;

    if (work_dir == NULL)
        return fa_fail(FA_EINVAL, "no run given; freeanchor status W, the work directory of a run");
    if (extra != NULL)
        return fa_fail(FA_EINVAL, "unexpected argument %s; it tells of one run at a time", extra);
    FA_TRY(fa_run_status_read(work_dir, &status));
    print_status(work_dir, &status);
    report(invocation, &status);
    fa_run_status_clear(&status);
    return FA_OK;
}

const struct fa_command fa_command_status = {
    .name = "status",
    .operands = "W",
    .summary = "what a run does now, or how it ended, from the files in its work directory",
    .flags = flags,
    .run = run};
