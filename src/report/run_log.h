/*
 * run_log.h - the log.jsonl of a run, in columns. A step that was made again after a resume stands here once,
 * as it was made last.
 */
#ifndef FA_REPORT_RUN_LOG_H
#define FA_REPORT_RUN_LOG_H

#include <stddef.h>

#include "fa/status.h"

enum { FA_LOG_PARTS = 4, FA_LOG_PHASES = 7, FA_LOG_NAME = 64, FA_LOG_SENTENCE = 1024 };

/* Numbers that are absent or null are NaN. Only doubles, so that a column is every so many. */
struct fa_log_step {
    double step, samples, epoch, iter, lr, memory_mib, grad_norm, loss, part[FA_LOG_PARTS];
    double time,
        phase[FA_LOG_PHASES]; /* seconds a step, of which: fa_log_phase_names; the last is the rest */
    double bag_probability, matched_iou;
};

struct fa_log_evaluation {
    double step, epoch, n_images;
    double ap, ap50, ap75, ap_small, ap_medium, ap_large; /* NaN where there is no ground truth */
    double f1, score_threshold;
    double val_loss;
};

/* AP of one class by evaluation. */
struct fa_log_class_ap {
    double step, epoch, ap;
};

struct fa_log_class {
    char *name;
    size_t n;
    struct fa_log_class_ap *points;
};

/* A rank of the last start: seconds a step, means over the steps that it told of. */
struct fa_log_rank {
    char host[FA_LOG_NAME];
    double data, compute, exchange; /* waiting for samples; working; exchange, with the wait for others */
};

/* The run was started, or went on. */
struct fa_log_start {
    double step, ranks; /* steps done before */
    char at[32];
};

struct fa_run_log {
    size_t n_steps, n_evaluations, n_starts, n_saves;
    struct fa_log_step *steps;
    struct fa_log_evaluation *evaluations;
    struct fa_log_start *starts;
    size_t n_classes; /* whose AP was told */
    struct fa_log_class *classes;
    size_t n_ranks; /* 0: they told nothing, as where there is one */
    struct fa_log_rank *ranks;
    double rank_steps;                         /* that they told of */
    char missed[FA_LOG_SENTENCE];              /* at the last start: which objects no anchor fits; "": none */
    char data[FA_LOG_SENTENCE];                /* then: how many images of which datasets; "": there is one */
    char part_name[FA_LOG_PARTS][FA_LOG_NAME]; /* of losses; "" beyond the last */
    size_t n_damaged;                          /* lines that are no JSON */
};

extern const char *const fa_log_phase_names[FA_LOG_PHASES];

/* FA_EMISSING where the file is not there. */
fa_status fa_run_log_read(const char *path, struct fa_run_log *out) FA_CHECK_RESULT;
void fa_run_log_clear(struct fa_run_log *log);

/* Seconds of all steps, and of those after a step until another. */
double fa_run_log_seconds(const struct fa_run_log *log, double after, double until);

/* The evaluation of the highest AP; NULL: there is none. */
const struct fa_log_evaluation *fa_run_log_best(const struct fa_run_log *log);

#endif
