#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "append.h"
#include "class_table.h"
#include "event_file.h"
#include "fa/clock.h"
#include "fa/file.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"

#define PROGRESS_SECONDS 0.5
#define LINES_MAX_BYTES  ((size_t)1 << 30)
#define CLEAR_LINE       "\r\033[K"

struct fa_journal {
    char *path;                   /* of log.jsonl */
    int lines;                    /* -1 until the run begins */
    bool failed;                  /* and warned of */
    struct fa_event_file *events; /* NULL: not wanted */
    bool terminal, progress_shown;
    enum fa_loss_kind loss;
    int64_t first_step, steps_per_epoch, last_step;
    double started, progress_at;
};

static double sum_of_parts(const double part[FA_LOSS_PARTS])
{
    double sum = 0;

    for (int i = 0; i < FA_LOSS_PARTS; i++)
        sum += part[i];
    return sum;
}

double fa_journal_loss(const struct fa_journal_entry *entry)
{
    return sum_of_parts(entry->loss);
}

/* ---- progress and time left ---- */

static double seconds_left(const struct fa_journal *journal, int64_t step)
{
    double each = (fa_clock_seconds() - journal->started) / (double)(step - journal->first_step);

    return each * (double)(journal->last_step - step);
}

/* 1-based numbers of the epoch and of the step in it, for a count of steps done. */
static int64_t epoch_of(const struct fa_journal *journal, int64_t step)
{
    return (step - 1) / journal->steps_per_epoch + 1;
}

static int64_t iter_of(const struct fa_journal *journal, int64_t step)
{
    return (step - 1) % journal->steps_per_epoch + 1;
}

static void clear_progress(struct fa_journal *journal)
{
    if (journal->progress_shown)
        fputs(CLEAR_LINE, stderr);
    journal->progress_shown = false;
}

void fa_journal_progress(struct fa_journal *journal, const struct fa_journal_entry *entry)
{
    char left[32];
    double now = fa_clock_seconds();

    if (journal == NULL || !journal->terminal || now - journal->progress_at < PROGRESS_SECONDS)
        return;
    fa_clock_duration(seconds_left(journal, entry->step), left, sizeof left);
    fprintf(stderr, CLEAR_LINE "epoch %" PRId64 " [%" PRId64 "/%" PRId64 "]  loss %.4f  %.3f s/step  %s left",
            epoch_of(journal, entry->step), iter_of(journal, entry->step), journal->steps_per_epoch,
            fa_journal_loss(entry), entry->step_s, left);
    fflush(stderr);
    journal->progress_at = now;
    journal->progress_shown = true;
}

/* ---- log.jsonl ---- */

static bool set_number(struct fa_json *object, const char *key, double value)
{
    return fa_json_set(object, key, fa_json_new_number(value));
}

static bool set_text(struct fa_json *object, const char *key, const char *value)
{
    return fa_json_set(object, key, fa_json_new_string(value));
}

static void warn_once(struct fa_journal *journal, const char *why)
{
    if (!journal->failed)
        fa_warn("log.jsonl: a line is lost (%s); later losses are not reported", why);
    journal->failed = true;
}

static fa_status print_line(const struct fa_json *line, char **text)
{
    char *json;
    fa_status status;

    FA_TRY(fa_json_print(line, false, &json));
    status = fa_asprintf(text, "%s\n", json);
    fa_free(json);
    return status;
}

/* Takes line, which is NULL or incomplete where memory was short. */
static void write_line(struct fa_journal *journal, struct fa_json *line, bool complete)
{
    char *text = NULL;

    if (!complete || print_line(line, &text) != FA_OK)
        warn_once(journal, "no memory");
    else if (!fa_append(journal->lines, text, strlen(text)))
        warn_once(journal, strerror(errno));
    fa_event_file_add(journal->events, line);
    fa_free(text);
    fa_json_free(line);
}

static bool set_parts(struct fa_json *line, enum fa_loss_kind kind, const struct fa_journal_entry *entry)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        if (!set_number(line, fa_loss_part_name(kind, i), entry->loss[i]))
            return false;
    return true;
}

/* The phases that mmdetection has no name for. */
static bool set_phases(struct fa_json *line, const struct fa_journal_entry *entry)
{
    return set_number(line, "forward_time", entry->phase_s[FA_PHASE_FORWARD]) &&
           set_number(line, "loss_time", entry->phase_s[FA_PHASE_LOSS]) &&
           set_number(line, "backward_time", entry->phase_s[FA_PHASE_BACKWARD]) &&
           set_number(line, "comm_time", entry->phase_s[FA_PHASE_COMM]) &&
           set_number(line, "update_time", entry->phase_s[FA_PHASE_UPDATE]);
}

static void write_train(struct fa_journal *journal, const struct fa_journal_entry *entry)
{
    struct fa_json *line = fa_json_new_object();

    write_line(journal, line,
               set_text(line, "mode", "train") &&
                   set_number(line, "epoch", (double)epoch_of(journal, entry->step)) &&
                   set_number(line, "iter", (double)iter_of(journal, entry->step)) &&
                   set_number(line, "lr", entry->lr) &&
                   set_number(line, "memory", (double)(int64_t)(entry->memory_bytes / (1 << 20))) &&
                   set_number(line, "data_time", entry->phase_s[FA_PHASE_DATA]) &&
                   set_parts(line, journal->loss, entry) &&
                   set_number(line, "loss", fa_journal_loss(entry)) &&
                   set_number(line, "grad_norm", entry->grad_norm) &&
                   set_number(line, "time", entry->step_s) && set_number(line, "step", (double)entry->step) &&
                   set_number(line, "samples", (double)entry->samples) &&
                   set_number(line, "eta_s", seconds_left(journal, entry->step)) &&
                   (journal->loss != FA_LOSS_FREEANCHOR ||
                    set_number(line, "bag_probability", entry->bag_probability)) &&
                   set_number(line, "matched_iou", entry->matched_iou) &&
                   set_number(line, "objects", entry->objects) && set_phases(line, entry));
}

static bool set_best_f1(struct fa_json *line, const struct fa_operating_point *best)
{
    return best->score < 0 ||
           (set_number(line, "bbox_F1", best->f1) && set_number(line, "bbox_F1_precision", best->precision) &&
            set_number(line, "bbox_F1_recall", best->recall) &&
            set_number(line, "score_threshold", best->score));
}

/* Where there is no ground truth, null. */
static bool set_classes(struct fa_json *line, const struct fa_journal_evaluation *evaluation)
{
    const struct fa_metrics *metrics = evaluation->metrics;
    struct fa_json *object;

    if (evaluation->titles == NULL)
        return true;
    object = fa_json_new_object();
    for (size_t i = 0; i < metrics->n_classes && object != NULL; i++)
        if (!set_number(object, evaluation->titles[i],
                        metrics->class_ap[i] < 0 ? (double)NAN : metrics->class_ap[i])) {
            fa_json_free(object);
            object = NULL;
        }
    return fa_json_set(line, "class_AP", object);
}

/* "val_loss" and its parts: the words alone are those of steps, which plots of mmdetection would mix up. */
static bool set_val_loss(struct fa_json *line, enum fa_loss_kind kind, const struct fa_loss *loss)
{
    char key[64];

    for (int i = 0; loss != NULL && i < FA_LOSS_PARTS; i++) {
        snprintf(key, sizeof key, "val_%s", fa_loss_part_name(kind, i));
        if (!set_number(line, key, loss->part[i]))
            return false;
    }
    return loss == NULL || set_number(line, "val_loss", sum_of_parts(loss->part));
}

static void write_val(struct fa_journal *journal, const struct fa_journal_evaluation *evaluation)
{
    const struct fa_metrics *metrics = evaluation->metrics;
    const int64_t step = evaluation->step;
    struct fa_json *line = fa_json_new_object();
    char six[96];

    snprintf(six, sizeof six, "%.4f %.4f %.4f %.4f %.4f %.4f", metrics->ap, metrics->ap50, metrics->ap75,
             metrics->ap_small, metrics->ap_medium, metrics->ap_large);
    write_line(journal, line,
               set_text(line, "mode", "val") && set_number(line, "epoch", (double)epoch_of(journal, step)) &&
                   set_number(line, "iter", (double)evaluation->n_images) &&
                   set_number(line, "lr", evaluation->lr) && set_number(line, "bbox_mAP", metrics->ap) &&
                   set_number(line, "bbox_mAP_50", metrics->ap50) &&
                   set_number(line, "bbox_mAP_75", metrics->ap75) &&
                   set_number(line, "bbox_mAP_s", metrics->ap_small) &&
                   set_number(line, "bbox_mAP_m", metrics->ap_medium) &&
                   set_number(line, "bbox_mAP_l", metrics->ap_large) &&
                   set_text(line, "bbox_mAP_copypaste", six) && set_number(line, "step", (double)step) &&
                   set_best_f1(line, &metrics->best_f1) &&
                   set_val_loss(line, journal->loss, evaluation->loss) && set_classes(line, evaluation));
}

/* Without an epoch, so that plots of mmdetection pass over it. */
static void write_save(struct fa_journal *journal, const struct fa_journal_save *save)
{
    struct fa_json *line = fa_json_new_object();

    write_line(journal, line,
               set_text(line, "mode", "save") && set_text(line, "checkpoint", save->name) &&
                   set_number(line, "pause_time", save->pause_s) &&
                   set_number(line, "durable_time", save->durable_s) &&
                   set_number(line, "bytes", (double)save->n_bytes) &&
                   set_number(line, "step", (double)save->step));
}

/* One number of each rank, in their order. */
static bool set_ranks(struct fa_json *line, const char *key, const struct fa_journal_ranks *ranks,
                      enum fa_rank_part part)
{
    struct fa_json *array = fa_json_new_array();
    bool complete = array != NULL;

    for (int r = 0; r < ranks->n_ranks && complete; r++)
        complete =
            fa_json_append(array, fa_json_new_number(ranks->seconds[r * (int)FA_RANK_PARTS + (int)part]));
    if (complete)
        return fa_json_set(line, key, array);
    fa_json_free(array);
    return false;
}

/* Without an epoch, as that of a save. */
static void write_ranks(struct fa_journal *journal, const struct fa_journal_ranks *ranks)
{
    struct fa_json *line = fa_json_new_object();

    write_line(journal, line,
               set_text(line, "mode", "ranks") && set_number(line, "step", (double)ranks->step) &&
                   set_number(line, "steps", (double)ranks->n_steps) &&
                   set_ranks(line, "data_time", ranks, FA_RANK_DATA) &&
                   set_ranks(line, "compute_time", ranks, FA_RANK_COMPUTE) &&
                   set_ranks(line, "comm_time", ranks, FA_RANK_EXCHANGE));
}

/* The host of each rank. */
static bool set_hosts(struct fa_json *line, const struct fa_journal_start *start)
{
    struct fa_json *array;
    bool complete = true;

    if (start->hosts == NULL)
        return true;
    array = fa_json_new_array();
    for (int r = 0; r < start->n_ranks && array != NULL && complete; r++)
        complete = fa_json_append(array, fa_json_new_string(start->hosts[r]));
    if (complete)
        return fa_json_set(line, "hosts", array);
    fa_json_free(array);
    return false;
}

/* The first line of a run: what it was started with. It has no mode, which is how readers tell it apart. */
static void write_start(struct fa_journal *journal, const struct fa_journal_start *start)
{
    struct fa_json *line = fa_json_new_object();
    char seed[24], now[20];

    snprintf(seed, sizeof seed, "%" PRIu64, start->seed);
    fa_clock_stamp(now, sizeof now);
    write_line(journal, line,
               set_text(line, "started", now) && set_text(line, "seed", seed) &&
                   set_number(line, "ranks", start->n_ranks) && set_hosts(line, start) &&
                   set_number(line, "resumed_at_step", (double)start->step) &&
                   set_number(line, "resumed_at_samples", (double)start->samples) &&
                   set_text(line, "config", start->config != NULL ? start->config : ""));
}

/* ---- both ---- */

/* ", bag_probability: 0.250" where there are bags. */
static const char *describe_bags(const struct fa_journal *journal, const struct fa_journal_entry *entry,
                                 char *text, size_t size)
{
    text[0] = '\0';
    if (journal->loss == FA_LOSS_FREEANCHOR)
        snprintf(text, size, ", bag_probability: %.3f", entry->bag_probability);
    return text;
}

void fa_journal_train(struct fa_journal *journal, const struct fa_journal_entry *entry)
{
    char left[32], bags[48];

    if (journal == NULL)
        return;
    clear_progress(journal);
    fa_clock_duration(seconds_left(journal, entry->step), left, sizeof left);
    fa_info("Epoch [%" PRId64 "][%" PRId64 "/%" PRId64
            "]  lr: %.3e, eta: %s, time: %.3f, data_time: %.3f, comm_time: %.3f, "
            "memory: %.0f, %s: %.4f, %s: %.4f, loss: %.4f, grad_norm: %.4f%s, matched_iou: %.3f",
            epoch_of(journal, entry->step), iter_of(journal, entry->step), journal->steps_per_epoch,
            entry->lr, left, entry->step_s, entry->phase_s[FA_PHASE_DATA], entry->phase_s[FA_PHASE_COMM],
            entry->memory_bytes / (1 << 20), fa_loss_part_name(journal->loss, 0), entry->loss[0],
            fa_loss_part_name(journal->loss, 1), entry->loss[1], fa_journal_loss(entry), entry->grad_norm,
            describe_bags(journal, entry, bags, sizeof bags), entry->matched_iou);
    write_train(journal, entry);
}

/* ", val_loss: 0.8125" where it was computed. */
static const char *describe_val_loss(const struct fa_loss *loss, char *text, size_t size)
{
    text[0] = '\0';
    if (loss != NULL)
        snprintf(text, size, ", val_loss: %.4f", sum_of_parts(loss->part));
    return text;
}

void fa_journal_val(struct fa_journal *journal, const struct fa_journal_evaluation *evaluation)
{
    const struct fa_metrics *metrics = evaluation->metrics;
    char loss[48];

    if (journal == NULL)
        return;
    clear_progress(journal);
    describe_val_loss(evaluation->loss, loss, sizeof loss);
    if (metrics->ap < 0)
        fa_info("Epoch(val) [%" PRId64 "][%zu]  no ground truth, so no AP%s",
                epoch_of(journal, evaluation->step), evaluation->n_images, loss);
    else
        fa_info("Epoch(val) [%" PRId64 "][%zu]  bbox_mAP: %.4f, bbox_mAP_50: %.4f, bbox_mAP_75: %.4f, "
                "bbox_mAP_s: %.4f, bbox_mAP_m: %.4f, bbox_mAP_l: %.4f%s",
                epoch_of(journal, evaluation->step), evaluation->n_images, metrics->ap, metrics->ap50,
                metrics->ap75, metrics->ap_small, metrics->ap_medium, metrics->ap_large, loss);
    if (evaluation->titles != NULL &&
        fa_class_table_tell(evaluation->titles, metrics->class_ap, metrics->n_classes) != FA_OK)
        fa_warn("%s", fa_message());
    write_val(journal, evaluation);
}

void fa_journal_save(struct fa_journal *journal, const struct fa_journal_save *save)
{
    if (journal == NULL)
        return;
    clear_progress(journal);
    fa_info("saved checkpoint %s  pause_time: %.3f, durable_time: %.3f, size: %.1f MiB", save->name,
            save->pause_s, save->durable_s, (double)save->n_bytes / (1 << 20));
    write_save(journal, save);
}

void fa_journal_ranks(struct fa_journal *journal, const struct fa_journal_ranks *ranks)
{
    if (journal != NULL)
        write_ranks(journal, ranks);
}

void fa_journal_end(struct fa_journal *journal, fa_status status)
{
    if (journal == NULL || status == FA_OK)
        return;
    fa_log_file(status == FA_ESTOPPED ? FA_LOG_INFO : FA_LOG_ERROR, "%s", fa_message());
}

/* ---- where a run goes on ---- */

/* A line, as far as it says anything of the past. */
struct told {
    int64_t step; /* 0 where it has none */
    bool is_evaluation;
    double ap;
};

static struct told read_told(const char *line, size_t n_bytes)
{
    struct told told = {.ap = -1};
    struct fa_json *json;
    const char *mode = "";

    if (fa_json_parse("log.jsonl", line, n_bytes, &json) != FA_OK)
        return told;
    fa_json_to_int(fa_json_get(json, "step"), &told.step);
    fa_json_to_string(fa_json_get(json, "mode"), &mode);
    told.is_evaluation = strcmp(mode, "val") == 0;
    fa_json_to_double(fa_json_get(json, "bbox_mAP"), &told.ap);
    fa_json_free(json);
    return told;
}

static void remember(struct fa_journal_past *past, const struct told *told, int64_t step)
{
    if (!told->is_evaluation)
        return;
    past->evaluated = past->evaluated || told->step == step;
    fa_early_stop_note(&past->early_stop, told->step, told->ap);
}

/* The bytes of text up to the first line of a later step, or to one that a crash cut off. */
static size_t bytes_until(const char *text, size_t n_bytes, int64_t step, struct fa_journal_past *past)
{
    size_t kept = 0;
    const char *end;

    while ((end = memchr(text + kept, '\n', n_bytes - kept)) != NULL) {
        const struct told told = read_told(text + kept, (size_t)(end - text) - kept);

        if (told.step > step)
            break;
        remember(past, &told, step);
        kept = (size_t)(end + 1 - text);
    }
    return kept;
}

static fa_status cut_after(const char *path, int fd, int64_t step, struct fa_journal_past *past)
{
    char *text;
    size_t n_bytes, kept;
    fa_status status = FA_OK;

    FA_TRY(fa_file_read(path, LINES_MAX_BYTES, &text, &n_bytes));
    kept = bytes_until(text, n_bytes, step, past);
    if (kept < n_bytes && ftruncate(fd, (off_t)kept) != 0)
        status = fa_fail_errno(FA_EIO, errno, "%s: cannot cut it to %zu bytes", path, kept);
    fa_free(text);
    return status;
}

fa_status fa_journal_tells_of_saves(const struct fa_journal *journal, bool *saves)
{
    static const char save[] = "\"mode\":\"save\"";
    char *text;
    size_t n_bytes;

    *saves = false;
    if (journal == NULL || !fa_file_exists(journal->path))
        return FA_OK;
    FA_TRY(fa_file_read(journal->path, LINES_MAX_BYTES, &text, &n_bytes));
    *saves = memmem(text, n_bytes, save, sizeof save - 1) != NULL;
    fa_free(text);
    return FA_OK;
}

/* What cannot be cut is added to. */
static fa_status open_lines(struct fa_journal *journal, int64_t step, struct fa_journal_past *past)
{
    int fd;

    FA_TRY(fa_file_open_own(journal->path, O_RDWR | O_APPEND | O_CREAT, &fd));
    if (cut_after(journal->path, fd, step, past) != FA_OK)
        fa_warn("steps may appear twice in log.jsonl: %s", fa_message());
    journal->lines = fd;
    return FA_OK;
}

fa_status fa_journal_begin(struct fa_journal *journal, const struct fa_journal_start *start,
                           struct fa_journal_past *past)
{
    *past = (struct fa_journal_past){0};
    if (journal == NULL)
        return FA_OK;
    journal->loss = start->loss;
    journal->first_step = start->step;
    journal->steps_per_epoch = start->steps_per_epoch;
    journal->last_step = start->last_step;
    journal->started = fa_clock_seconds();
    if (start->step > 0)
        fa_info("the run goes on after step %" PRId64 ", %" PRId64 " samples", start->step, start->samples);
    FA_TRY(open_lines(journal, start->step, past));
    if (start->events_in != NULL)
        FA_TRY(fa_event_file_open(start->events_in, start->step, &journal->events));
    write_start(journal, start);
    return FA_OK;
}

/* ---- life ---- */

static fa_status open_log(const char *work_dir)
{
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(work_dir, "train.log", &path));
    status = fa_log_to_file(path);
    fa_free(path);
    return status;
}

fa_status fa_journal_open(const char *work_dir, struct fa_journal **out)
{
    struct fa_journal *journal;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *journal, &journal));
    journal->lines = -1;
    journal->terminal = isatty(STDERR_FILENO);
    status = fa_path_join(work_dir, "log.jsonl", &journal->path);
    if (status == FA_OK)
        status = open_log(work_dir);
    if (status == FA_OK)
        *out = journal;
    else
        fa_journal_close(journal);
    return status;
}

void fa_journal_close(struct fa_journal *journal)
{
    if (journal == NULL)
        return;
    clear_progress(journal);
    if (journal->lines >= 0)
        close(journal->lines);
    fa_event_file_close(journal->events);
    if (fa_log_to_file(NULL) != FA_OK)
        fa_warn("%s", fa_message());
    fa_free(journal->path);
    fa_free(journal);
}
