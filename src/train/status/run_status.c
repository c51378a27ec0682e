#include "fa/run_status.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "status_parts.h"

#define DEFAULT_SILENCE_S 60 /* where config.json does not tell */

double fa_status_age(const char *work_dir, const char *name)
{
    struct stat file;
    char *path;
    bool is_there;

    if (fa_path_join(work_dir, name, &path) != FA_OK)
        return -1;
    is_there = stat(path, &file) == 0;
    fa_free(path);
    return is_there ? fmax(difftime(time(NULL), file.st_mtime), 0) : -1;
}

/* ---- is it a work directory? ---- */

static bool has(const char *work_dir, const char *name)
{
    return fa_status_age(work_dir, name) >= 0;
}

static fa_status has_checkpoints(const char *work_dir, bool *any)
{
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(work_dir, "checkpoints", &path));
    status = fa_checkpoint_any(path, any);
    fa_free(path);
    return status;
}

static fa_status check_work_dir(const char *work_dir)
{
    char **names;
    size_t n;
    bool any;

    if (!fa_directory_exists(work_dir))
        return fa_file_exists(work_dir)
                   ? fa_fail(FA_EINVAL, "%s: is a file; name the work directory of a run", work_dir)
                   : fa_fail(FA_EMISSING, "%s: there is no such directory", work_dir);
    if (has(work_dir, "train.log") || has(work_dir, "log.jsonl") || has(work_dir, ".ranks"))
        return FA_OK;
    FA_TRY(has_checkpoints(work_dir, &any));
    if (any)
        return FA_OK;
    FA_TRY(fa_directory_list(work_dir, &n, &names));
    fa_free(names);
    if (n == 0)
        return fa_fail(FA_EINVAL, "%s: is empty; no run has begun there", work_dir);
    return fa_fail(FA_EINVAL,
                   "%s: is not the work directory of a run: it has neither train.log nor log.jsonl, nor "
                   "checkpoints",
                   work_dir);
}

/* ---- the files ---- */

static void read_config(const char *work_dir, double *silence_s, int64_t *max_steps,
                        struct fa_run_status *out)
{
    struct fa_json *config = NULL;
    const struct fa_json *train;

    *silence_s = DEFAULT_SILENCE_S;
    *max_steps = 0;
    if (fa_json_read_in(work_dir, "config.json", &config) != FA_OK)
        return;
    train = fa_json_get(config, "train");
    fa_json_to_int(fa_json_get(train, "epochs"), &out->epochs);
    fa_json_to_int(fa_json_get(train, "max_steps"), max_steps);
    fa_json_to_double(fa_json_get(fa_json_get(config, "watchdog"), "silence_s"), silence_s);
    fa_json_free(config);
}

/* Where the log does not reach back to the run's beginning. */
static void count_steps(int64_t max_steps, struct fa_run_status *out)
{
    if (out->last_step > 0 || out->steps_per_epoch <= 0 || out->epochs <= 0 ||
        out->epochs > INT64_MAX / out->steps_per_epoch)
        return;
    out->last_step = out->epochs * out->steps_per_epoch;
    if (max_steps > 0 && max_steps < out->last_step)
        out->last_step = max_steps;
}

/* "latest" names it, and its manifest is written last. */
static fa_status read_latest(const char *checkpoints, struct fa_run_save *save)
{
    char *path, *directory = NULL;
    fa_status status;

    FA_TRY(fa_path_join(checkpoints, "latest", &path));
    status = fa_checkpoint_follow(path, &directory);
    fa_free(path);
    if (status == FA_OK && directory != NULL) {
        save->age_s = fa_status_age(directory, "manifest.json");
        snprintf(save->name, sizeof save->name, "%s", strrchr(directory, '/') + 1);
    }
    fa_free(directory);
    return status == FA_ENOMEM ? status : FA_OK;
}

static fa_status read_checkpoints(const char *work_dir, struct fa_run_status *out)
{
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(work_dir, "checkpoints", &path));
    status = read_latest(path, &out->save);
    if (status == FA_OK && fa_checkpoint_best_read(path, &out->best) != FA_OK)
        fa_checkpoint_best_clear(&out->best);
    fa_free(path);
    return status;
}

static enum fa_run_state state_of(bool is_running, enum fa_run_ending ending)
{
    static const enum fa_run_state said[] = {[FA_ENDING_UNSAID] = FA_RUN_DIED,
                                             [FA_ENDING_FINISHED] = FA_RUN_FINISHED,
                                             [FA_ENDING_STOPPED] = FA_RUN_STOPPED,
                                             [FA_ENDING_FAILED] = FA_RUN_FAILED};

    return is_running ? FA_RUN_RUNNING : said[ending];
}

static fa_status read_all(const char *work_dir, struct fa_run_status *out)
{
    bool is_held, moves;
    double silence_s;
    int64_t max_steps;
    enum fa_run_ending ending;

    FA_TRY(fa_lock_look(work_dir, &is_held, out->holder, sizeof out->holder));
    read_config(work_dir, &silence_s, &max_steps, out);
    FA_TRY(fa_status_read_ranks(work_dir, is_held, silence_s, &moves, out));
    if (is_held && out->watched_s > 0) /* it may have ended meanwhile */
        FA_TRY(fa_lock_look(work_dir, &is_held, out->holder, sizeof out->holder));
    fa_status_read_journal(work_dir, out);
    ending = fa_status_read_log(work_dir, out);
    count_steps(max_steps, out);
    out->state = state_of(is_held || moves, ending);
    return read_checkpoints(work_dir, out);
}

fa_status fa_run_status_read(const char *work_dir, struct fa_run_status *out)
{
    fa_status status;

    *out = (struct fa_run_status){.step = -1, .save.step = -1, .best.ap = -1, .last_ap = -1};
    FA_TRY(check_work_dir(work_dir));
    status = read_all(work_dir, out);
    if (status != FA_OK)
        fa_run_status_clear(out);
    return status;
}

void fa_run_status_clear(struct fa_run_status *status)
{
    fa_free(status->ranks);
    fa_checkpoint_best_clear(&status->best);
    *status = (struct fa_run_status){0};
}
