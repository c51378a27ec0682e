/*
 * analysis_parts.h - the steps of an analysis.
 */
#ifndef FA_EVAL_ANALYSIS_PARTS_H
#define FA_EVAL_ANALYSIS_PARTS_H

#include "fa/analysis.h"
#include "metrics_parts.h"

/* The bits of what forgiveness makes of a detection, at an IoU of 0.1. */
enum { FA_WIDE_LOC, FA_WIDE_OTHER };

struct fa_analysis_work {
    const struct fa_metrics_input *input;
    struct fa_metrics_groups groups;
    struct fa_metrics_outcome *outcomes, *wide; /* of every grouped detection; wide by the bits above */
    size_t *order;                              /* as fa_metrics_order gives it */
    struct fa_metrics_verdict *verdicts;        /* (detections) room */
    double *precision;                          /* (gt) room */
};

/* Fills wide. */
fa_status fa_analysis_forgive(struct fa_analysis_work *work) FA_CHECK_RESULT;

/* Of one class, in its own range of the rooms; and of all, from the classes before it. */
void fa_analysis_class_make(struct fa_analysis_work *work, size_t label, struct fa_analysis_class *out);
void fa_analysis_total_make(struct fa_analysis_work *work, size_t n_classes,
                            struct fa_analysis_class *classes);

/* Fills confusion and fates, which are zeroed, from the classes. */
fa_status fa_analysis_judge(struct fa_analysis_work *work, struct fa_analysis *out) FA_CHECK_RESULT;

#endif
