/*
 * found.h - the detections that a report is about, and what is made of them.
 */
#ifndef FA_REPORT_FOUND_H
#define FA_REPORT_FOUND_H

#include "fa/analysis.h"
#include "fa/report.h"
#include "run.h"

struct fa_found {
    const struct fa_dataset *dataset; /* NULL: there are no detections, and note says why */
    char *note;                       /* NULL: there is nothing to say */
    double step;                      /* of the evaluation; -1: unknown */
    int max_detections[3];
    struct fa_metrics_set set;
    struct fa_metrics metrics;
    struct fa_analysis analysis;
};

/* To be closed also after a failure. */
fa_status fa_found_open(const struct fa_report_config *config, const struct fa_report_run *run,
                        struct fa_found *found) FA_CHECK_RESULT;
void fa_found_close(struct fa_found *found);

#endif
