#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "journal_lines.h"
#include "journal_past.h"

#define PROGRESS_SECONDS 0.5
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

double fa_journal_sum(const double part[FA_LOSS_PARTS])
{
    double sum = 0;

    for (int i = 0; i < FA_LOSS_PARTS; i++)
        sum += part[i];
    return sum;
}

double fa_journal_loss(const struct fa_journal_entry *entry)
{
    return fa_journal_sum(entry->loss);
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

static struct fa_journal_place place_of(const struct fa_journal *journal, int64_t step)
{
    return (struct fa_journal_place){.loss = journal->loss,
                                     .epoch = epoch_of(journal, step),
                                     .iter = iter_of(journal, step),
                                     .left_s = seconds_left(journal, step)};
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

static void warn_once(struct fa_journal *journal, const char *why)
{
    if (!journal->failed)
        fa_warn("log.jsonl: a line could not be written (%s); further ones go unreported", why);
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

/* Takes the line, which is NULL where memory was short. */
static void write_line(struct fa_journal *journal, struct fa_json *line)
{
    char *text = NULL;

    if (line == NULL || print_line(line, &text) != FA_OK)
        warn_once(journal, "no memory");
    else if (!fa_append(journal->lines, text, strlen(text)))
        warn_once(journal, strerror(errno));
    if (line != NULL)
        fa_event_file_add(journal->events, line);
    fa_free(text);
    fa_json_free(line);
}

/* ---- train.log, and a line for each entry ---- */

/* ", bag_probability: 0.250" where there are bags. */
static const char *describe_bags(const struct fa_journal *journal, const struct fa_journal_entry *entry,
                                 char *text, size_t size)
{
    text[0] = '\0';
    if (fa_loss_has_bags(journal->loss))
        snprintf(text, size, ", bag_probability: %.3f", entry->bag_probability);
    return text;
}

void fa_journal_train(struct fa_journal *journal, const struct fa_journal_entry *entry)
{
    struct fa_journal_place place;
    char left[32], bags[48];

    if (journal == NULL)
        return;
    clear_progress(journal);
    place = place_of(journal, entry->step);
    fa_clock_duration(place.left_s, left, sizeof left);
    fa_info("Epoch [%" PRId64 "][%" PRId64 "/%" PRId64
            "]  lr: %.3e, eta: %s, time: %.3f, data_time: %.3f, comm_time: %.3f, "
            "memory: %.0f, %s: %.4f, %s: %.4f, loss: %.4f, grad_norm: %.4f%s, matched_iou: %.3f",
            place.epoch, place.iter, journal->steps_per_epoch, entry->lr, left, entry->step_s,
            entry->phase_s[FA_PHASE_DATA], entry->phase_s[FA_PHASE_COMM], entry->memory_bytes / (1 << 20),
            fa_loss_part_name(journal->loss, 0), entry->loss[0], fa_loss_part_name(journal->loss, 1),
            entry->loss[1], fa_journal_loss(entry), entry->grad_norm,
            describe_bags(journal, entry, bags, sizeof bags), entry->matched_iou);
    write_line(journal, fa_journal_line_train(entry, &place));
}

/* ", val_loss: 0.8125" where it was computed. */
static const char *describe_val_loss(const struct fa_loss *loss, char *text, size_t size)
{
    text[0] = '\0';
    if (loss != NULL)
        snprintf(text, size, ", val_loss: %.4f", fa_journal_sum(loss->part));
    return text;
}

/* "Epoch(val) [4][12]  epoch 4 of 28, 12 images": mmdetection's form, and what its numbers are. */
static void describe_place(const struct fa_journal *journal, const struct fa_journal_evaluation *evaluation,
                           char *text, size_t size)
{
    const int64_t epoch = epoch_of(journal, evaluation->step);
    const size_t n = evaluation->n_images;

    snprintf(text, size, "Epoch(val) [%" PRId64 "][%zu]  epoch %" PRId64 " of %" PRId64 ", %zu image%s",
             epoch, n, epoch, epoch_of(journal, journal->last_step), n, fa_plural(n));
}

void fa_journal_val(struct fa_journal *journal, const struct fa_journal_evaluation *evaluation)
{
    const struct fa_metrics *metrics = evaluation->metrics;
    struct fa_journal_place place;
    char loss[48], head[160];

    if (journal == NULL)
        return;
    clear_progress(journal);
    describe_val_loss(evaluation->loss, loss, sizeof loss);
    place = place_of(journal, evaluation->step);
    describe_place(journal, evaluation, head, sizeof head);
    if (metrics->ap < 0)
        fa_info("%s, no ground truth, so no AP%s", head, loss);
    else
        fa_info("%s, bbox_mAP: %.4f, bbox_mAP_50: %.4f, bbox_mAP_75: %.4f, "
                "bbox_mAP_s: %.4f, bbox_mAP_m: %.4f, bbox_mAP_l: %.4f%s",
                head, metrics->ap, metrics->ap50, metrics->ap75, metrics->ap_small, metrics->ap_medium,
                metrics->ap_large, loss);
    if (evaluation->titles != NULL &&
        fa_class_table_tell(evaluation->titles, metrics->class_ap, metrics->n_classes) != FA_OK)
        fa_warn("%s", fa_message());
    write_line(journal, fa_journal_line_val(evaluation, &place));
}

void fa_journal_save(struct fa_journal *journal, const struct fa_journal_save *save)
{
    if (journal == NULL)
        return;
    clear_progress(journal);
    fa_info("saved checkpoint %s  pause_time: %.3f, durable_time: %.3f, size: %.1f MiB", save->name,
            save->pause_s, save->durable_s, (double)save->n_bytes / (1 << 20));
    write_line(journal, fa_journal_line_save(save));
}

void fa_journal_ranks(struct fa_journal *journal, const struct fa_journal_ranks *ranks)
{
    if (journal != NULL)
        write_line(journal, fa_journal_line_ranks(ranks));
}

void fa_journal_end(struct fa_journal *journal, fa_status status)
{
    if (journal == NULL || status == FA_OK)
        return;
    fa_log_file(status == FA_ESTOPPED ? FA_LOG_INFO : FA_LOG_ERROR, "%s", fa_message());
}

/* ---- where a run goes on ---- */

fa_status fa_journal_tells_of_saves(const struct fa_journal *journal, bool *saves)
{
    static const char save[] = "\"mode\":\"save\"";
    char *text;
    size_t n_bytes;

    *saves = false;
    if (journal == NULL || !fa_file_exists(journal->path))
        return FA_OK;
    FA_TRY(fa_file_read(journal->path, FA_JOURNAL_MAX_BYTES, &text, &n_bytes));
    *saves = memmem(text, n_bytes, save, sizeof save - 1) != NULL;
    fa_free(text);
    return FA_OK;
}

/* What cannot be cut is added to. */
static fa_status open_lines(struct fa_journal *journal, int64_t step, struct fa_journal_past *past)
{
    int fd;

    FA_TRY(fa_file_open_own(journal->path, O_RDWR | O_APPEND | O_CREAT, &fd));
    if (fa_journal_cut(journal->path, fd, step, past) != FA_OK)
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
    write_line(journal, fa_journal_line_start(start));
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
