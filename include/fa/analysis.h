/*
 * analysis.h - what stands behind COCO's numbers (doc/method.md 9): of each class, curves of precision and F1
 * and the kinds of errors; which class is taken for which; and what became of every box. Boxes are matched as
 * for the metrics, detections limited by the last of max_detections.
 */
#ifndef FA_ANALYSIS_H
#define FA_ANALYSIS_H

#include <stddef.h>
#include <stdint.h>

#include "fa/coco.h"
#include "fa/declarations.h"
#include "fa/metrics.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* ---- a dataset and detections of it, as metrics and analysis take them ---- */

struct fa_metrics_set {
    struct fa_metrics_input input; /* its images are the dataset's first, by rising id */
    size_t *record;                /* of each image */
    struct fa_metrics_gt *gt;      /* which input points to, in the order of records and annotations */
    struct fa_metrics_detection *detections; /* in the order of results */
};

/* A result of an image or category that the first n_records of dataset do not have is FA_EINVAL. To be
   cleared also after a failure. */
fa_status fa_metrics_set_make(const struct fa_dataset *dataset, size_t n_records,
                              const struct fa_coco_result *results, size_t n, const int max_detections[3],
                              struct fa_metrics_set *out) FA_CHECK_RESULT;
void fa_metrics_set_clear(struct fa_metrics_set *set);

/* ---- the analysis ---- */

enum { FA_ANALYSIS_POINTS = 101 }; /* 0, 0.01 .. 1 */
enum fa_size { FA_SIZE_ALL, FA_SIZE_SMALL, FA_SIZE_MEDIUM, FA_SIZE_LARGE, FA_SIZES };

/* AP as it would be if some errors were none; each forgives what those before it do. */
enum fa_forgiven {
    FA_FORGIVEN_C75,    /* AP at IoU 0.75 */
    FA_FORGIVEN_C50,    /* AP at IoU 0.5 */
    FA_FORGIVEN_LOC,    /* boxes need only overlap by 0.1 */
    FA_FORGIVEN_OTHER,  /* nor are detections wrong that overlap an object of another class */
    FA_FORGIVEN_GROUND, /* nor any others; what is left to 1 are objects that nothing finds */
    FA_FORGIVENS
};

struct fa_analysis_class {
    size_t n_objects[FA_SIZES]; /* that count */
    struct fa_operating_point best_f1;
    double precision[FA_ANALYSIS_POINTS]; /* at IoU 0.5, over recall */
    double f1[FA_ANALYSIS_POINTS];        /* at IoU 0.5, of detections that score at least 0, 0.01 .. 1 */
    double ap[FA_SIZES][FA_FORGIVENS];    /* -1 without objects */
};

/* A detection is right, takes an object for another class, or finds what is none; an object is found, taken
   for another class, or missed. */
enum fa_fate {
    FA_FATE_NONE, /* a crowd, a detection in one, one that scores too little or is past the limit */
    FA_FATE_RIGHT,
    FA_FATE_CONFUSED,
    FA_FATE_WRONG
};

/* Of more classes there is no table of confusions, whose size is their square. */
enum { FA_CONFUSION_CLASSES = 2000 };

struct fa_analysis {
    size_t n_classes;
    struct fa_analysis_class *classes; /* and after the last one all: F1 over their boxes together, the rest
                                          as means over the classes that have objects */
    size_t *confusion; /* (n_classes + 1)^2: objects of a class (row) found as a class (column); the last of
                          both: no object, not found. Of detections that are kept. NULL above
                          FA_CONFUSION_CLASSES */
    uint8_t *fate_of_detection, *fate_of_gt; /* enum fa_fate, in the order of input */
};

/* Confusion and fates are of the detections that score at least that of their class's best F1; where a class
   has none, that of all. Deterministic; uses OpenMP threads. As fa_metrics_compute on what is wrong. */
fa_status fa_analysis_make(const struct fa_metrics_input *input, struct fa_analysis *out) FA_CHECK_RESULT;
void fa_analysis_clear(struct fa_analysis *analysis);

FA_END_DECLARATIONS

#endif
