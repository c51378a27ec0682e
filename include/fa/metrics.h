/*
 * metrics.h - COCO detection metrics: the twelve numbers and AP per class (doc/method.md 9), in double, equal
 * to pycocotools' except that an annotation with id 0 is an ordinary one.
 */
#ifndef FA_METRICS_H
#define FA_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/coco.h"
#include "fa/declarations.h"
#include "fa/status.h"
#include "fa/thresholds.h"

FA_BEGIN_DECLARATIONS

/* Ground truth and detections by index: image 0 .. n_images - 1 in order of rising image id, label 0 ..
 * n_classes - 1. */
struct fa_metrics_gt {
    size_t image;
    int32_t label;
    double bbox[4]; /* x y w h */
    double area;
    bool crowd;
};

struct fa_metrics_detection {
    size_t image;
    int32_t label;
    double bbox[4];
    double score;
};

struct fa_metrics_input {
    size_t n_images, n_gt, n_detections;
    int n_classes;
    const struct fa_metrics_gt *gt;
    const struct fa_metrics_detection *detections;
    int max_detections[3]; /* rising; 1 10 100, mmdetection: 100 300 1000 */
};

/* Detections that score at least so much are kept, the others are not: what of those that count is then
   right, and what of the ground truth is found. */
struct fa_operating_point {
    double score; /* -1: none is better than another, since no detection is right */
    double precision, recall, f1;
};

/* ap is at the limit of 100 detections an image if max_detections has that, else at the last; ap50 and what
 * follows at the last, ar at each of the three. best_f1 is at IoU 0.5 and the last limit. */
struct fa_metrics {
    double ap, ap50, ap75, ap_small, ap_medium, ap_large; /* -1: nothing to average */
    double ar[3], ar_small, ar_medium, ar_large;          /* ar by max_detections */
    size_t n_classes;
    double *class_ap;                    /* owned; -1 where the class has no ground truth */
    struct fa_operating_point best_f1;   /* over all classes' boxes together */
    struct fa_operating_point *class_f1; /* owned; over the boxes of each class */
};

/* Deterministic; uses OpenMP threads. FA_EINVAL, naming the box, for an image or label that does not exist or
 * a score that is NaN. */
fa_status fa_metrics_compute(const struct fa_metrics_input *input, struct fa_metrics *out) FA_CHECK_RESULT;
void fa_metrics_clear(struct fa_metrics *metrics);

/* Those of best F1, as weights carry them. To be cleared. */
fa_status fa_metrics_thresholds(const struct fa_metrics *metrics, struct fa_thresholds *out) FA_CHECK_RESULT;

/* The same for files in memory. A result for an image or category that coco does not define is FA_EINVAL. */
fa_status fa_metrics_score(const struct fa_coco *coco, const struct fa_coco_result *results, size_t n,
                           const int max_detections[3], struct fa_metrics *out) FA_CHECK_RESULT;

/* The twelve lines as pycocotools prints them, then the table of classes; in the place of a number "no ground
   truth" where there is none. *text is freed with fa_free. */
fa_status fa_metrics_print(const struct fa_metrics *metrics, const char *const *class_names,
                           const int max_detections[3], char **text) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
