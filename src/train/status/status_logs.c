/*
 * status_logs.c - what the ends of log.jsonl and train.log tell. Lines that cannot be read, as one cut off by
 * a crash, are passed over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "status_parts.h"

/* Enough for thousands of lines, however long the run was. */
#define TAIL_BYTES ((size_t)4 << 20)

/* A power failure leaves blocks of zeros where a line should be; others follow it. */
static void blank_zeros(char *text, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (text[i] == '\0')
            text[i] = ' ';
}

/* NULL where there is none that can be read. */
static char *read_tail(const char *work_dir, const char *name)
{
    char *path, *text = NULL;
    size_t n_bytes;

    if (fa_path_join(work_dir, name, &path) != FA_OK)
        return NULL;
    if (fa_file_read_tail(path, TAIL_BYTES, &text, &n_bytes) == FA_OK)
        blank_zeros(text, n_bytes);
    fa_free(path);
    return text;
}

/* ---- log.jsonl ---- */

static double number(const struct fa_json *line, const char *key, double fallback)
{
    double value = fallback;

    fa_json_to_double(fa_json_get(line, key), &value);
    return value;
}

static void note_training(const struct fa_json *line, int64_t step, struct fa_run_status *out)
{
    out->progress = (struct fa_run_progress){.is_known = true,
                                             .step = step,
                                             .loss = number(line, "loss", -1),
                                             .lr = number(line, "lr", -1),
                                             .step_s = number(line, "time", -1),
                                             .eta_s = number(line, "eta_s", -1)};
}

static void note_line(const struct fa_json *line, struct fa_run_status *out)
{
    const char *mode = "";
    int64_t step = -1;

    fa_json_to_string(fa_json_get(line, "mode"), &mode);
    if (!fa_json_to_int(fa_json_get(line, "step"), &step))
        return;
    out->step = step > out->step ? step : out->step;
    if (strcmp(mode, "train") == 0) {
        note_training(line, step, out);
    } else if (strcmp(mode, "save") == 0) {
        out->save.step = step;
    } else if (strcmp(mode, "val") == 0) {
        out->is_evaluated = true;
        out->last_ap = number(line, "bbox_mAP", -1);
        out->evaluated_step = step;
    }
}

void fa_status_read_journal(const char *work_dir, struct fa_run_status *out)
{
    char *text = read_tail(work_dir, "log.jsonl");

    for (char *line = text, *end; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        struct fa_json *json;

        if (fa_json_parse("log.jsonl", line, (size_t)(end - line), &json) != FA_OK)
            continue;
        note_line(json, out);
        fa_json_free(json);
    }
    out->progress.age_s = fa_status_age(work_dir, "log.jsonl");
    fa_free(text);
}

/* ---- train.log ---- */

/* "2026-11-27 21:08:34 INFO  saved ..." after its level; NULL if it is no such line. */
static const char *after_level(const char *line, char level[8])
{
    int n = 0;

    if (sscanf(line, "%*10s %*8s %7s %n", level, &n) != 1 || n == 0)
        return NULL;
    return line + n;
}

/* A run that begins, or goes on; what was said before is of another one. */
static bool note_steps(const char *words, struct fa_run_status *out)
{
    int64_t each, all, done;

    if (sscanf(words, "%*d images to train on, %" SCNd64 " steps an epoch, %" SCNd64 " in all", &each,
               &all) == 2) {
        out->steps_per_epoch = each;
        out->last_step = all;
        return true;
    }
    if (sscanf(words, "Epoch [%*d][%" SCNd64 "/%" SCNd64 "]", &done, &each) != 2)
        return false;
    out->steps_per_epoch = each;
    return true;
}

static bool ends_in(const char *text, const char *ending)
{
    const size_t n = strlen(text), m = strlen(ending);

    return n >= m && strcmp(text + n - m, ending) == 0;
}

static enum fa_run_ending note_words(const char *level, const char *words, enum fa_run_ending before,
                                     struct fa_run_status *out)
{
    if (note_steps(words, out))
        return FA_ENDING_UNSAID;
    if (strcmp(level, "ERROR") == 0) {
        snprintf(out->why, sizeof out->why, "%s", words);
        return FA_ENDING_FAILED;
    }
    if (strncmp(words, "stopped on request", strlen("stopped on request")) == 0)
        return FA_ENDING_STOPPED;
    if (strncmp(words, "this run is over", strlen("this run is over")) == 0 ||
        (strncmp(words, "wrote ", strlen("wrote ")) == 0 && ends_in(words, "weights.h5")))
        return FA_ENDING_FINISHED;
    return before;
}

enum fa_run_ending fa_status_read_log(const char *work_dir, struct fa_run_status *out)
{
    enum fa_run_ending ending = FA_ENDING_UNSAID;
    char *text = read_tail(work_dir, "train.log");

    for (char *line = text, *end; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *words;
        char level[8];

        *end = '\0';
        words = after_level(line, level);
        if (words != NULL)
            ending = note_words(level, words, ending, out);
    }
    fa_free(text);
    return ending;
}
