#include "journal_lines.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "fa/clock.h"

static bool set_number(struct fa_json *object, const char *key, double value)
{
    return fa_json_set(object, key, fa_json_new_number(value));
}

static bool set_text(struct fa_json *object, const char *key, const char *value)
{
    return fa_json_set(object, key, fa_json_new_string(value));
}

/* NULL, and the line is gone, where memory was too short for all of it. */
static struct fa_json *whole(struct fa_json *line, bool complete)
{
    if (complete)
        return line;
    fa_json_free(line);
    return NULL;
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

struct fa_json *fa_journal_line_train(const struct fa_journal_entry *entry,
                                      const struct fa_journal_place *place)
{
    struct fa_json *line = fa_json_new_object();

    return whole(
        line,
        set_text(line, "mode", "train") && set_number(line, "epoch", (double)place->epoch) &&
            set_number(line, "iter", (double)place->iter) && set_number(line, "lr", entry->lr) &&
            set_number(line, "memory", (double)(int64_t)(entry->memory_bytes / (1 << 20))) &&
            set_number(line, "data_time", entry->phase_s[FA_PHASE_DATA]) &&
            set_parts(line, place->loss, entry) && set_number(line, "loss", fa_journal_loss(entry)) &&
            set_number(line, "grad_norm", entry->grad_norm) && set_number(line, "time", entry->step_s) &&
            set_number(line, "step", (double)entry->step) &&
            set_number(line, "samples", (double)entry->samples) && set_number(line, "eta_s", place->left_s) &&
            (!fa_loss_has_bags(place->loss) || set_number(line, "bag_probability", entry->bag_probability)) &&
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
    return loss == NULL || set_number(line, "val_loss", fa_journal_sum(loss->part));
}

struct fa_json *fa_journal_line_val(const struct fa_journal_evaluation *evaluation,
                                    const struct fa_journal_place *place)
{
    const struct fa_metrics *metrics = evaluation->metrics;
    const int64_t step = evaluation->step;
    struct fa_json *line = fa_json_new_object();
    char six[96];

    snprintf(six, sizeof six, "%.4f %.4f %.4f %.4f %.4f %.4f", metrics->ap, metrics->ap50, metrics->ap75,
             metrics->ap_small, metrics->ap_medium, metrics->ap_large);
    return whole(line,
                 set_text(line, "mode", "val") && set_number(line, "epoch", (double)place->epoch) &&
                     set_number(line, "iter", (double)evaluation->n_images) &&
                     set_number(line, "lr", evaluation->lr) && set_number(line, "bbox_mAP", metrics->ap) &&
                     set_number(line, "bbox_mAP_50", metrics->ap50) &&
                     set_number(line, "bbox_mAP_75", metrics->ap75) &&
                     set_number(line, "bbox_mAP_s", metrics->ap_small) &&
                     set_number(line, "bbox_mAP_m", metrics->ap_medium) &&
                     set_number(line, "bbox_mAP_l", metrics->ap_large) &&
                     set_text(line, "bbox_mAP_copypaste", six) && set_number(line, "step", (double)step) &&
                     set_best_f1(line, &metrics->best_f1) &&
                     set_val_loss(line, place->loss, evaluation->loss) && set_classes(line, evaluation));
}

struct fa_json *fa_journal_line_save(const struct fa_journal_save *save)
{
    struct fa_json *line = fa_json_new_object();

    return whole(line, set_text(line, "mode", "save") && set_text(line, "checkpoint", save->name) &&
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

struct fa_json *fa_journal_line_ranks(const struct fa_journal_ranks *ranks)
{
    struct fa_json *line = fa_json_new_object();

    return whole(line, set_text(line, "mode", "ranks") && set_number(line, "step", (double)ranks->step) &&
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

/* Nothing where there is nothing to tell. */
static bool set_told(struct fa_json *line, const char *key, const char *text)
{
    return text == NULL || text[0] == '\0' || set_text(line, key, text);
}

struct fa_json *fa_journal_line_start(const struct fa_journal_start *start)
{
    struct fa_json *line = fa_json_new_object();
    char seed[24], now[20];

    snprintf(seed, sizeof seed, "%" PRIu64, start->seed);
    fa_clock_stamp(now, sizeof now);
    return whole(line, set_text(line, "started", now) && set_text(line, "seed", seed) &&
                           set_number(line, "ranks", start->n_ranks) && set_hosts(line, start) &&
                           set_number(line, "resumed_at_step", (double)start->step) &&
                           set_number(line, "resumed_at_samples", (double)start->samples) &&
                           set_told(line, "data", start->data) && set_told(line, "missed", start->missed) &&
                           set_text(line, "config", start->config != NULL ? start->config : ""));
}
