/*
 * metrics_report.h - metrics as --json gives them, under mmdetection's names; null where there is no ground
 * truth.
 */
#ifndef FA_CLI_METRICS_REPORT_H
#define FA_CLI_METRICS_REPORT_H

#include "command.h"
#include "fa/metrics.h"
#include "fa/nms_recall.h"
#include "fa/shard.h"

/* Prints the twelve lines and the classes, and adds them to the report. A class goes by its name; where
   several have one name, each by name and id, so that none is lost. */
fa_status fa_report_metrics(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                            const struct fa_category *classes, const int max_detections[3]) FA_CHECK_RESULT;

/* Prints NMS recall and adds it to the report: "NR" is the mean, "NR_50" .. "NR_90" are the nine. */
void fa_report_nms_recall(struct fa_invocation *invocation, const struct fa_nms_recall *recall);

/* Adds a single one of the numbers to the report. */
void fa_report_ap(struct fa_invocation *invocation, const char *key, double value);

#endif
