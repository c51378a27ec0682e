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
    uint32_t *rank;   /* of a detection in its cell */
    size_t *class_gt; /* (n_classes + 1) where each class begins */
    size_t *class_detection;
};

fa_status fa_metrics_group(const struct fa_metrics_input *input,
                           struct fa_metrics_groups *groups) FA_CHECK_RESULT;
void fa_metrics_groups_clear(struct fa_metrics_groups *groups);

/* outcomes: one for every grouped detection. */
fa_status fa_metrics_match(const struct fa_metrics_groups *groups,
                           struct fa_metrics_outcome *outcomes) FA_CHECK_RESULT;

/* Whether ground truth is left out of an area range: a crowd, or too small or too large. */
bool fa_metrics_gt_is_ignored(const struct fa_metrics_gt *gt, int area);

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

/* Which of the three limits the first line (AP over all) uses: that of 100 detections, else the last. */
static inline int fa_metrics_first_limit(const int max_detections[3])
{
    for (int m = 0; m < 3; m++)
        if (max_detections[m] == 100)
            return m;
    return 2;
}

#endif
