/*
 * run_log_parts.h - what the readers of the journal's kinds of lines share.
 */
#ifndef FA_REPORT_RUN_LOG_PARTS_H
#define FA_REPORT_RUN_LOG_PARTS_H

#include "fa/json.h"
#include "run_log.h"

/* Room for one more row, doubled when it is used up. */
fa_status fa_log_grow(void *rows, size_t n, size_t size) FA_CHECK_RESULT;

double fa_log_number(const struct fa_json *line, const char *key); /* NaN: it is none */

/* ---- run_log_classes.c ---- */

fa_status fa_log_add_class_aps(const struct fa_json *aps, const struct fa_log_evaluation *evaluation,
                               struct fa_run_log *log) FA_CHECK_RESULT;
void fa_log_forget_class_aps(struct fa_run_log *log, double after); /* a step */
void fa_log_clear_classes(struct fa_run_log *log);

/* ---- run_log_ranks.c ---- */

/* At a start, which forgets those of the one before; hosts, one a rank, may be absent. */
fa_status fa_log_begin_ranks(const struct fa_json *hosts, struct fa_run_log *log) FA_CHECK_RESULT;
void fa_log_add_ranks(const struct fa_json *line, struct fa_run_log *log);

#endif
