/*
 * run.h - what a work directory tells of its run.
 */
#ifndef FA_REPORT_RUN_H
#define FA_REPORT_RUN_H

#include "fa/image.h"
#include "fa/json.h"
#include "fa/status.h"
#include "run_log.h"

struct fa_report_run {
    const char *path;
    char *name;             /* the last part of the path */
    struct fa_json *config; /* NULL: cannot be read, or is not there */
    struct fa_run_log log;
};

/* To be closed also after a failure. */
fa_status fa_report_run_open(const char *work_dir, struct fa_report_run *run) FA_CHECK_RESULT;
void fa_report_run_close(struct fa_report_run *run);

/* A key of the configuration: NAN, NULL where it is not there or of another kind. */
double fa_report_run_number(const struct fa_report_run *run, const char *group, const char *key);
const char *fa_report_run_text(const struct fa_report_run *run, const char *group, const char *key);

/* How the run saw 16-bit and transparent pixels: data.range and data.ground, or their defaults. */
struct fa_rendering fa_report_run_rendering(const struct fa_report_run *run);

#endif
