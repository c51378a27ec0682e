/*
 * metrics_parts.h - the steps between boxes and COCO's twelve numbers.
 *
 * Boxes are grouped by class and image into cells; detections are matched to ground truth cell by cell;
 * each class's detections make curves of precision over recall; the means of those are the metrics.
 */
#ifndef FA_EVAL_METRICS_PARTS_H
#define FA_EVAL_METRICS_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "fa/metrics.h"
#include "fa/status.h"

enum { FA_IOU_THRESHOLDS = 10, FA_RECALL_THRESHOLDS = 101 };
enum { FA_AREA_ALL, FA_AREA_SMALL, FA_AREA_MEDIUM, FA_AREA_LARGE, FA_AREAS };

/* Ground truth and detections of one class in one image, as ranges of the grouped arrays. */
struct fa_metrics_cell {
    size_t first_gt, n_gt;
    size_t first_detection, n_detections;
};

/* What became of a detection; bit t belongs to IoU threshold 0.5 + t * 0.05. */
struct fa_metrics_outcome {
    uint16_t matched[FA_AREAS]; /* to ground truth */
    uint16_t ignored[FA_AREAS]; /* counts neither as right nor as wrong */
};

/* Copies of the boxes ordered by class, then image; detections within a cell by falling score and cut to the
   largest limit, equal ones and ground truth in their order of input. */
struct fa_metrics_groups {
    size_t n_cells, n_classes, n_detections, n_gt;
    struct fa_metrics_cell *cells;
    struct fa_metrics_gt *gt;
    struct fa_metrics_detection *detections;
    size_t *gt_index, *detection_index; /* their places in the input */
    uint32_t *rank;                     /* of a detection in its cell */
    size_t *class_gt;                   /* (n_classes + 1) where each class begins */
    size_t *class_detection;
};

fa_status fa_metrics_group(const struct fa_metrics_input *input,
                           struct fa_metrics_groups *groups) FA_CHECK_RESULT;
void fa_metrics_groups_clear(struct fa_metrics_groups *groups);

/* ---- matching in one cell ---- */

struct fa_metrics_boxes {
    size_t n_gt, n_detections;
    const struct fa_metrics_gt *gt;
    const struct fa_metrics_detection *detections; /* by falling score */
};

struct fa_metrics_room {
    size_t gt, detections, pairs; /* of the cells that need most */
};

/* What matching works in; one a thread. */
struct fa_metrics_scratch {
    double *iou;              /* (detections, gt) */
    size_t *order, n_counted; /* (gt) places of ground truth, those that count in the area range first */
    bool *is_taken;           /* (gt) */
    size_t *match;            /* (detections) each one's ground truth; n_gt: it has none */
    struct fa_metrics_gt *gt; /* (gt) for who puts ground truth together for a cell */
};

/* A crowd's is the share of the detection that lies in it. */
double fa_metrics_iou(const struct fa_metrics_gt *gt, const struct fa_metrics_detection *detection);

/* One after another: the overlaps; the area range; matches at an IoU threshold. */
void fa_metrics_measure(const struct fa_metrics_boxes *boxes, struct fa_metrics_scratch *scratch);
void fa_metrics_choose_area(const struct fa_metrics_boxes *boxes, int area,
                            struct fa_metrics_scratch *scratch);
void fa_metrics_pair(const struct fa_metrics_boxes *boxes, double threshold,
                     struct fa_metrics_scratch *scratch);

/* 0.5, 0.55 .. 0.95 with the rounding of the reference, which divides the range into nine steps. */
static inline double fa_metrics_threshold(int t)
{
    return 0.5 + t * ((0.95 - 0.5) / (FA_IOU_THRESHOLDS - 1));
}

/* Writes the last matches down as bit t of outcomes, one for each detection of boxes. */
void fa_metrics_note(const struct fa_metrics_boxes *boxes, int area, int t,
                     const struct fa_metrics_scratch *scratch, struct fa_metrics_outcome *outcomes);

typedef void (*fa_metrics_cell_fn)(void *context, const struct fa_metrics_cell *cell,
                                   struct fa_metrics_scratch *scratch);

/* Calls it for every cell, from several threads. */
fa_status fa_metrics_each_cell(const struct fa_metrics_groups *groups, const struct fa_metrics_room *room,
                               fa_metrics_cell_fn function, void *context) FA_CHECK_RESULT;

static inline struct fa_metrics_boxes fa_metrics_boxes_of(const struct fa_metrics_groups *groups,
                                                          const struct fa_metrics_cell *cell)
{
    return (struct fa_metrics_boxes){cell->n_gt, cell->n_detections, groups->gt + cell->first_gt,
                                     groups->detections + cell->first_detection};
}

/* ---- all cells ---- */

/* outcomes: one for every grouped detection. */
fa_status fa_metrics_match(const struct fa_metrics_groups *groups,
                           struct fa_metrics_outcome *outcomes) FA_CHECK_RESULT;

/* Whether ground truth is left out of an area range: a crowd, or too small or too large. */
bool fa_metrics_gt_is_ignored(const struct fa_metrics_gt *gt, int area);

/* Indices into groups of all detections, class by class: by falling score, equal scores by image. Freed with
   fa_free. */
fa_status fa_metrics_order(const struct fa_metrics_groups *groups, size_t **order) FA_CHECK_RESULT;

/* Ground truth of a class that counts in an area range. */
size_t fa_metrics_count_gt(const struct fa_metrics_groups *groups, size_t label, int area);

/* A class's precision at recalls 0, 0.01 .. 1 of its n_gt that count, by bit t of the outcomes; the rest as
   below. Returns how many of the ground truth are found. */
size_t fa_metrics_points(const struct fa_metrics_groups *groups, const struct fa_metrics_outcome *outcomes,
                         size_t n, const size_t *order, int area, int limit, int t, size_t n_gt,
                         double *scratch, double points[FA_RECALL_THRESHOLDS]);

double fa_metrics_mean_of_points(const double points[FA_RECALL_THRESHOLDS]);

/* One class under one area range and one limit of detections per image. */
struct fa_metrics_curve {
    size_t n_gt;                         /* that count; 0: nothing below is defined */
    double precision[FA_IOU_THRESHOLDS]; /* mean over the recall thresholds */
    double recall[FA_IOU_THRESHOLDS];
};

/* order: the class's n detections, as indices into groups, by falling score; scratch has room for a value per
   ground truth of the class. */
void fa_metrics_curve_make(const struct fa_metrics_groups *groups, const struct fa_metrics_outcome *outcomes,
                           size_t label, size_t n, const size_t *order, int area, int limit, double *scratch,
                           struct fa_metrics_curve *curve);

/* Of a detection that counts. */
struct fa_metrics_verdict {
    double score;
    bool is_right;
};

/* The verdicts at IoU 0.5 under the last limit on grouped detections first .. end - 1, by falling score, into
   a row with room for all; returns how many count. */
size_t fa_metrics_verdicts(const struct fa_metrics_groups *groups, const struct fa_metrics_outcome *outcomes,
                           size_t first, size_t end, struct fa_metrics_verdict *verdicts);

/* Where F1 against so much ground truth is largest; among equals the highest score. */
struct fa_operating_point fa_metrics_best_f1(const struct fa_metrics_verdict *falling, size_t n, size_t n_gt);

/* Which of the three limits the first line (AP over all) uses: that of 100 detections, else the last. */
static inline int fa_metrics_first_limit(const int max_detections[3])
{
    for (int m = 0; m < 3; m++)
        if (max_detections[m] == 100)
            return m;
    return 2;
}

#endif
