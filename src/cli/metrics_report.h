/*
 * metrics_report.h - metrics as --json gives them, under mmdetection's names; null where there is no ground
 * truth.
 */
#ifndef FA_CLI_METRICS_REPORT_H
#define FA_CLI_METRICS_REPORT_H

#include "command.h"
#include "fa/metrics.h"
#include "fa/shard.h"

/* Prints the twelve lines and the classes, and adds them to the report. A class goes by its name; where
   several have one name, each by name and id, so that none is lost. */
fa_status fa_report_metrics(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                            const struct fa_category *classes, const int max_detections[3]) FA_CHECK_RESULT;

/* Adds a single one of the numbers to the report. */
void fa_report_ap(struct fa_invocation *invocation, const char *key, double value);

#endif
