/*
 * metrics_report.h - metrics as --json gives them, under mmdetection's names.
 */
#ifndef FA_CLI_METRICS_REPORT_H
#define FA_CLI_METRICS_REPORT_H

#include "command.h"
#include "fa/metrics.h"

/* Prints the twelve lines and the classes, and adds them to the report. */
fa_status fa_report_metrics(struct fa_invocation *invocation, const struct fa_metrics *metrics,
                            const char *const *classes, const int max_detections[3]) FA_CHECK_RESULT;

#endif
