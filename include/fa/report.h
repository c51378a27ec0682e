/*
 * report.h - a run as one HTML file that needs nothing else: no network, no script. It reads what lies in
 * work directories and a dataset, and runs no network.
 */
#ifndef FA_REPORT_H
#define FA_REPORT_H

#include <stddef.h>

#include "fa/declarations.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Of one run: its curves, and what stands behind the detections of its best evaluation. Of several: their
   curves over each other, and their numbers side by side. */
struct fa_report_config {
    size_t n_runs;
    const char *const *work_dirs;
    const char *out;                  /* the file, which is whole or as it was */
    const struct fa_dataset *dataset; /* that detections are of; NULL: the report does without them */
    const char *dataset_note;         /* why it is not there, for the reader; may be NULL */
    const char *results;              /* a COCO results file; NULL: what the run kept (fa/kept_results.h) */
};

/* FA_EMISSING where a run has no log. FA_EINVAL where the results that are given are of other images or
   classes than those of the dataset, and where out is there already and is no report. */
fa_status fa_report_write(const struct fa_report_config *config) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
