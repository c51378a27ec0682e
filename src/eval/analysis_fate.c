/*
 * analysis_fate.c - what becomes of every box at IoU 0.5 where detections are kept that score at least that of
 * the best F1 of their class, and which class is taken for which.
 *
 * First each class by itself, as the metrics match it. Then detections that are left over, by falling score,
 * take the objects that are left over, of other classes, which they overlap best.
 */
#include <stdlib.h>

#include "analysis_parts.h"
#include "fa/memory.h"

struct fates {
    const struct fa_analysis_work *work;
    struct fa_analysis *out;
};

static void count_as(struct fa_analysis *out, size_t object, size_t detection)
{
    if (out->confusion != NULL)
        out->confusion[object * (out->n_classes + 1) + detection]++;
}

/* ---- each class by itself ---- */

/* From which score on a cell's detections, all of one class, are kept: as detect keeps them. */
static double least_score(const struct fa_analysis *out, const struct fa_metrics_boxes *boxes)
{
    const size_t label = boxes->n_detections > 0 ? (size_t)boxes->detections[0].label : out->n_classes;
    const double own = out->classes[label].best_f1.score;

    return own > 0 ? own : out->classes[out->n_classes].best_f1.score;
}

static void judge_cell(void *context, const struct fa_metrics_cell *cell, struct fa_metrics_scratch *scratch)
{
    const struct fates *fates = context;
    const struct fa_metrics_groups *groups = &fates->work->groups;
    const struct fa_metrics_boxes boxes = fa_metrics_boxes_of(groups, cell);
    const size_t *gt_index = groups->gt_index + cell->first_gt,
                 *detection_index = groups->detection_index + cell->first_detection;
    uint8_t *fate_of_gt = fates->out->fate_of_gt, *fate_of_detection = fates->out->fate_of_detection;
    const double least = least_score(fates->out, &boxes);

    fa_metrics_measure(&boxes, scratch);
    fa_metrics_choose_area(&boxes, FA_AREA_ALL, scratch);
    fa_metrics_pair(&boxes, fa_metrics_threshold(0), scratch);
    for (size_t g = 0; g < boxes.n_gt; g++)
        fate_of_gt[gt_index[g]] =
            fa_metrics_gt_is_ignored(&boxes.gt[g], FA_AREA_ALL) ? FA_FATE_NONE : FA_FATE_WRONG;
    for (size_t d = 0; d < boxes.n_detections && boxes.detections[d].score >= least; d++) {
        const size_t match = scratch->match[d];

        if (match == boxes.n_gt) {
            fate_of_detection[detection_index[d]] = FA_FATE_WRONG;
        } else if (fate_of_gt[gt_index[match]] != FA_FATE_NONE) {
            fate_of_detection[detection_index[d]] = FA_FATE_RIGHT;
            fate_of_gt[gt_index[match]] = FA_FATE_RIGHT;
        }
    }
}

static fa_status judge_cells(struct fates *fates)
{
    const struct fa_metrics_groups *groups = &fates->work->groups;
    struct fa_metrics_room room = {0};

    for (size_t i = 0; i < groups->n_cells; i++) {
        const struct fa_metrics_cell *cell = &groups->cells[i];
        const size_t pairs = cell->n_gt * cell->n_detections; /* fits, since they were matched before */

        room.gt = cell->n_gt > room.gt ? cell->n_gt : room.gt;
        room.detections = cell->n_detections > room.detections ? cell->n_detections : room.detections;
        room.pairs = pairs > room.pairs ? pairs : room.pairs;
    }
    return fa_metrics_each_cell(groups, &room, judge_cell, fates);
}

/* ---- what is left over ---- */

struct left {
    size_t image;
    double score; /* 0 for ground truth */
    size_t index; /* in the input */
};

struct list {
    size_t n;
    struct left *left; /* by image, then falling score, then place */
};

static int compare_left(const void *x, const void *y)
{
    const struct left *a = x, *b = y;

    if (a->image != b->image)
        return a->image < b->image ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static fa_status list_detections(const struct fates *fates, struct list *list)
{
    const struct fa_metrics_input *input = fates->work->input;

    FA_TRY(fa_alloc(input->n_detections, sizeof *list->left, &list->left));
    for (size_t d = 0; d < input->n_detections; d++)
        if (fates->out->fate_of_detection[d] == FA_FATE_WRONG)
            list->left[list->n++] = (struct left){input->detections[d].image, input->detections[d].score, d};
    qsort(list->left, list->n, sizeof *list->left, compare_left);
    return FA_OK;
}

static fa_status list_gt(const struct fates *fates, struct list *list)
{
    const struct fa_metrics_input *input = fates->work->input;

    FA_TRY(fa_alloc(input->n_gt, sizeof *list->left, &list->left));
    for (size_t g = 0; g < input->n_gt; g++)
        if (fates->out->fate_of_gt[g] == FA_FATE_WRONG)
            list->left[list->n++] = (struct left){input->gt[g].image, 0, g};
    qsort(list->left, list->n, sizeof *list->left, compare_left);
    return FA_OK;
}

/* Among n objects of the image. */
static void confuse(const struct fates *fates, size_t detection, const struct left *objects, size_t n)
{
    const struct fa_metrics_input *input = fates->work->input;
    uint8_t *fate_of_gt = fates->out->fate_of_gt;
    double best = fa_metrics_threshold(0);
    size_t match = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        const size_t g = objects[i].index;
        const double iou = fa_metrics_iou(&input->gt[g], &input->detections[detection]);

        if (fate_of_gt[g] != FA_FATE_WRONG || !(iou >= best))
            continue;
        best = iou;
        match = g;
    }
    if (match == SIZE_MAX)
        return;
    fates->out->fate_of_detection[detection] = FA_FATE_CONFUSED;
    fate_of_gt[match] = FA_FATE_CONFUSED;
    count_as(fates->out, (size_t)input->gt[match].label, (size_t)input->detections[detection].label);
}

static void confuse_all(const struct fates *fates, const struct list *detections, const struct list *objects)
{
    size_t first = 0, end = 0;

    for (size_t d = 0; d < detections->n; d++) {
        const size_t image = detections->left[d].image;

        while (first < objects->n && objects->left[first].image < image)
            first++;
        for (end = end > first ? end : first; end < objects->n && objects->left[end].image == image;)
            end++;
        confuse(fates, detections->left[d].index, objects->left + first, end - first);
    }
}

static fa_status judge_left(const struct fates *fates)
{
    struct list detections = {0}, objects = {0};
    fa_status status = list_detections(fates, &detections);

    if (status == FA_OK)
        status = list_gt(fates, &objects);
    if (status == FA_OK)
        confuse_all(fates, &detections, &objects);
    fa_free(detections.left);
    fa_free(objects.left);
    return status;
}

/* ---- the whole ---- */

/* What was confused is counted already. */
static void count(const struct fa_metrics_input *input, struct fa_analysis *out)
{
    const size_t nothing = out->n_classes;

    for (size_t d = 0; d < input->n_detections; d++) {
        const size_t label = (size_t)input->detections[d].label;
        const uint8_t fate = out->fate_of_detection[d];

        if (fate == FA_FATE_RIGHT || fate == FA_FATE_WRONG)
            count_as(out, fate == FA_FATE_RIGHT ? label : nothing, label);
    }
    for (size_t g = 0; g < input->n_gt; g++)
        if (out->fate_of_gt[g] == FA_FATE_WRONG)
            count_as(out, (size_t)input->gt[g].label, nothing);
}

fa_status fa_analysis_judge(struct fa_analysis_work *work, struct fa_analysis *out)
{
    struct fates fates = {work, out};

    FA_TRY(judge_cells(&fates));
    FA_TRY(judge_left(&fates));
    count(work->input, out);
    return FA_OK;
}
