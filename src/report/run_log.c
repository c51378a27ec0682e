#include "run_log.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "run_log_parts.h"

#define LOG_MAX_BYTES ((size_t)1 << 30)

const char *const fa_log_phase_names[FA_LOG_PHASES] = {"data",     "forward", "loss", "backward",
                                                       "exchange", "update",  "rest"};

double fa_log_number(const struct fa_json *line, const char *key)
{
    double value = NAN;

    fa_json_to_double(fa_json_get(line, key), &value);
    return value;
}

/* AP is -1 where there is nothing to find. */
static double share(const struct fa_json *line, const char *key)
{
    const double value = fa_log_number(line, key);

    return value >= 0 ? value : NAN;
}

/* ---- rows ---- */

fa_status fa_log_grow(void *rows, size_t n, size_t size)
{
    return (n & (n - 1)) == 0 ? fa_realloc(rows, n == 0 ? 1 : 2 * n, size) : FA_OK;
}

static bool is_loss_part(const char *key)
{
    return strstr(key, "loss") != NULL && strcmp(key, "loss") != 0 && strcmp(key, "loss_time") != 0 &&
           strlen(key) < FA_LOG_NAME;
}

static void name_parts(const struct fa_json *line, struct fa_run_log *log)
{
    int n = 0;

    for (const struct fa_json *c = fa_json_first(line); c != NULL && n < FA_LOG_PARTS; c = fa_json_next(c))
        if (fa_json_kind(c) == FA_JSON_NUMBER && is_loss_part(fa_json_key(c)))
            snprintf(log->part_name[n++], FA_LOG_NAME, "%s", fa_json_key(c));
}

static void take_phases(const struct fa_json *line, struct fa_log_step *step)
{
    static const char *const keys[FA_LOG_PHASES - 1] = {"data_time",     "forward_time", "loss_time",
                                                        "backward_time", "comm_time",    "update_time"};
    double rest = step->time;

    for (int p = 0; p < FA_LOG_PHASES - 1; p++) {
        step->phase[p] = fa_log_number(line, keys[p]);
        rest -= isfinite(step->phase[p]) ? step->phase[p] : 0;
    }
    step->phase[FA_LOG_PHASES - 1] = rest > 0 ? rest : 0;
}

static fa_status add_step(const struct fa_json *line, struct fa_run_log *log)
{
    struct fa_log_step step = {.step = fa_log_number(line, "step"),
                               .samples = fa_log_number(line, "samples"),
                               .epoch = fa_log_number(line, "epoch"),
                               .iter = fa_log_number(line, "iter"),
                               .lr = fa_log_number(line, "lr"),
                               .memory_mib = fa_log_number(line, "memory"),
                               .grad_norm = fa_log_number(line, "grad_norm"),
                               .loss = fa_log_number(line, "loss"),
                               .time = fa_log_number(line, "time"),
                               .bag_probability = fa_log_number(line, "bag_probability"),
                               .matched_iou = fa_log_number(line, "matched_iou")};

    if (!(step.step > 0))
        return FA_OK;
    if (log->part_name[0][0] == '\0')
        name_parts(line, log);
    for (int i = 0; i < FA_LOG_PARTS; i++)
        step.part[i] = log->part_name[i][0] != '\0' ? fa_log_number(line, log->part_name[i]) : NAN;
    take_phases(line, &step);
    while (log->n_steps > 0 && log->steps[log->n_steps - 1].step >= step.step)
        log->n_steps--;
    FA_TRY(fa_log_grow(&log->steps, log->n_steps, sizeof *log->steps));
    log->steps[log->n_steps++] = step;
    return FA_OK;
}

static fa_status add_evaluation(const struct fa_json *line, struct fa_run_log *log)
{
    const struct fa_log_evaluation evaluation = {.step = fa_log_number(line, "step"),
                                                 .epoch = fa_log_number(line, "epoch"),
                                                 .n_images = fa_log_number(line, "iter"),
                                                 .ap = share(line, "bbox_mAP"),
                                                 .ap50 = share(line, "bbox_mAP_50"),
                                                 .ap75 = share(line, "bbox_mAP_75"),
                                                 .ap_small = share(line, "bbox_mAP_s"),
                                                 .ap_medium = share(line, "bbox_mAP_m"),
                                                 .ap_large = share(line, "bbox_mAP_l"),
                                                 .f1 = share(line, "bbox_F1"),
                                                 .score_threshold = share(line, "score_threshold"),
                                                 .val_loss = fa_log_number(line, "val_loss")};

    if (!(evaluation.step > 0))
        return FA_OK;
    while (log->n_evaluations > 0 && log->evaluations[log->n_evaluations - 1].step >= evaluation.step)
        log->n_evaluations--;
    FA_TRY(fa_log_grow(&log->evaluations, log->n_evaluations, sizeof *log->evaluations));
    log->evaluations[log->n_evaluations++] = evaluation;
    return fa_log_add_class_aps(fa_json_get(line, "class_AP"), &evaluation, log);
}

/* What comes after the step that the run goes on from will be made again. */
static void forget_after(double step, struct fa_run_log *log)
{
    while (log->n_steps > 0 && log->steps[log->n_steps - 1].step > step)
        log->n_steps--;
    while (log->n_evaluations > 0 && log->evaluations[log->n_evaluations - 1].step > step)
        log->n_evaluations--;
    while (log->n_starts > 0 && log->starts[log->n_starts - 1].step > step)
        log->n_starts--;
    fa_log_forget_class_aps(log, step);
}

static fa_status add_start(const struct fa_json *line, struct fa_run_log *log)
{
    struct fa_log_start start = {.step = fa_log_number(line, "resumed_at_step"),
                                 .ranks = fa_log_number(line, "ranks")};
    const char *at = "", *missed = "", *data = "";

    if (!(start.step >= 0))
        return FA_OK;
    fa_json_to_string(fa_json_get(line, "started"), &at);
    snprintf(start.at, sizeof start.at, "%s", at);
    fa_json_to_string(fa_json_get(line, "missed"), &missed);
    snprintf(log->missed, sizeof log->missed, "%s", missed);
    fa_json_to_string(fa_json_get(line, "data"), &data);
    snprintf(log->data, sizeof log->data, "%s", data);
    forget_after(start.step, log);
    FA_TRY(fa_log_grow(&log->starts, log->n_starts, sizeof *log->starts));
    log->starts[log->n_starts++] = start;
    return fa_log_begin_ranks(fa_json_get(line, "hosts"), log);
}

/* ---- the file ---- */

static fa_status take_line(const struct fa_json *line, struct fa_run_log *log)
{
    const char *mode = "";

    if (!fa_json_to_string(fa_json_get(line, "mode"), &mode))
        return add_start(line, log);
    if (strcmp(mode, "train") == 0)
        return add_step(line, log);
    if (strcmp(mode, "val") == 0)
        return add_evaluation(line, log);
    if (strcmp(mode, "ranks") == 0)
        fa_log_add_ranks(line, log);
    log->n_saves += strcmp(mode, "save") == 0;
    return FA_OK;
}

/* A line that a crash cut off, or that is of somebody else, is passed over. */
static fa_status parse_line(const char *text, size_t n, struct fa_run_log *log)
{
    struct fa_json *line;
    fa_status status = fa_json_parse("log.jsonl", text, n, &line);

    if (status == FA_EFORMAT) {
        log->n_damaged++;
        return FA_OK;
    }
    FA_TRY(status);
    status = take_line(line, log);
    fa_json_free(line);
    return status;
}

fa_status fa_run_log_read(const char *path, struct fa_run_log *out)
{
    char *text;
    size_t n_bytes;
    fa_status status = FA_OK;

    *out = (struct fa_run_log){0};
    if (!fa_file_exists(path))
        return fa_fail(FA_EMISSING, "%s: is not there; give the work directory of a run that has begun",
                       path);
    FA_TRY(fa_file_read(path, LOG_MAX_BYTES, &text, &n_bytes));
    for (size_t at = 0; at < n_bytes && status == FA_OK;) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        const size_t n = end != NULL ? (size_t)(end - text) - at : n_bytes - at;

        if (n > 0)
            status = parse_line(text + at, n, out);
        at += n + 1;
    }
    fa_free(text);
    if (status != FA_OK)
        fa_run_log_clear(out);
    return status;
}

void fa_run_log_clear(struct fa_run_log *log)
{
    fa_free(log->steps);
    fa_free(log->evaluations);
    fa_free(log->starts);
    fa_log_clear_classes(log);
    fa_free(log->ranks);
    *log = (struct fa_run_log){0};
}

/* ---- what follows from it ---- */

double fa_run_log_seconds(const struct fa_run_log *log, double after, double until)
{
    double sum = 0, before = 0;

    for (size_t i = 0; i < log->n_steps; i++) {
        const struct fa_log_step *step = &log->steps[i];

        if (step->step > after && step->step <= until && isfinite(step->time))
            sum += step->time * (step->step - fmax(before, after));
        before = step->step;
    }
    return sum;
}

const struct fa_log_evaluation *fa_run_log_best(const struct fa_run_log *log)
{
    const struct fa_log_evaluation *best = NULL;

    for (size_t i = 0; i < log->n_evaluations; i++)
        if (isfinite(log->evaluations[i].ap) && (best == NULL || log->evaluations[i].ap > best->ap))
            best = &log->evaluations[i];
    return best;
}
