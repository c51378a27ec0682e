/*
 * journal.h - the record of a run: train.log for people, log.jsonl for programs, a progress line for whoever
 * watches.
 *
 * log.jsonl has one object a line under mmdetection's field names, so its plotting tools work, and ours after
 * them. A number that is not finite is null there. Both files are appended to when a run goes on; before that
 * log.jsonl loses the steps that will be made again, so that each stands in it once. Its numbers may also go
 * to TensorBoard's files (event_file.h). Only rank 0 has a journal; every function takes NULL and does
 * nothing. A disk that refuses is warned of once and does not stop the training.
 */
#ifndef FA_JOURNAL_H
#define FA_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early_stop.h"
#include "fa/loss.h"
#include "fa/metrics.h"
#include "fa/status.h"

struct fa_journal;

/* From here on log lines go to train.log too. */
fa_status fa_journal_open(const char *work_dir, struct fa_journal **out) FA_CHECK_RESULT;
void fa_journal_close(struct fa_journal *journal);

/* Whether log.jsonl tells of a checkpoint that was saved. Before begin. */
fa_status fa_journal_tells_of_saves(const struct fa_journal *journal, bool *saves) FA_CHECK_RESULT;

enum { FA_RANK_HOST_MAX = 64 };

struct fa_journal_start {
    const char *config;     /* JSON text */
    const char *events_in;  /* a directory, for event_file.h; NULL: not wanted */
    enum fa_loss_kind loss; /* names the parts of every entry */
    uint64_t seed;
    int n_ranks;
    const char (*hosts)[FA_RANK_HOST_MAX]; /* (n_ranks); NULL: they are not told */
    int64_t step, samples;                 /* where the run goes on; 0: it begins */
    int64_t steps_per_epoch, last_step;
    const char *missed; /* which objects no anchor fits, a sentence; "" or NULL: it is not told */
    const char *data;   /* how many images of which of several datasets; the same */
};

/* What the journal has of the run up to the step where it goes on. */
struct fa_journal_past {
    bool evaluated; /* after that step */
    struct fa_early_stop early_stop;
};

/* Once, before the first step: a line of what the run is, and where it goes on. */
fa_status fa_journal_begin(struct fa_journal *journal, const struct fa_journal_start *start,
                           struct fa_journal_past *past) FA_CHECK_RESULT;

/* Where the seconds of a step go. Communication is what backward did not hide: adding up over images and
   ranks, and waiting for slower ranks. */
enum fa_phase {
    FA_PHASE_DATA, /* waiting for samples */
    FA_PHASE_FORWARD,
    FA_PHASE_LOSS,
    FA_PHASE_BACKWARD,
    FA_PHASE_COMM,
    FA_PHASE_UPDATE,
    FA_PHASES
};

/* What one step was like, or the mean of several. Seconds are those of rank 0. */
struct fa_journal_entry {
    int64_t step, samples; /* done when it was over */
    double lr;
    double loss[FA_LOSS_PARTS];
    double grad_norm;                    /* before clipping */
    double bag_probability, matched_iou; /* means over objects; a bag's only for FreeAnchor */
    double objects;                      /* a step */
    double phase_s[FA_PHASES], step_s;   /* its parts; all of the step */
    double memory_bytes;                 /* the most of any rank so far, where it computes */
};

double fa_journal_sum(const double part[FA_LOSS_PARTS]);
double fa_journal_loss(const struct fa_journal_entry *entry); /* the sum of its parts */

/* After every step: the progress line, on a terminal only. */
void fa_journal_progress(struct fa_journal *journal, const struct fa_journal_entry *entry);

/* Means over the steps since the last call; lr, step and samples are those of the last one. */
void fa_journal_train(struct fa_journal *journal, const struct fa_journal_entry *entry);

/* What a rank does in a step: it waits for samples, computes, and exchanges with others, for which it waits
   where they are slower. */
enum fa_rank_part { FA_RANK_DATA, FA_RANK_COMPUTE, FA_RANK_EXCHANGE, FA_RANK_PARTS };

struct fa_journal_ranks {
    int64_t step, n_steps; /* the last one of so many */
    int n_ranks;
    const double *seconds; /* (n_ranks, FA_RANK_PARTS) means a step */
};

/* For log.jsonl alone. */
void fa_journal_ranks(struct fa_journal *journal, const struct fa_journal_ranks *ranks);

/* A checkpoint that is durable. */
struct fa_journal_save {
    const char *name; /* "epoch_3" */
    int64_t step;
    double pause_s;   /* for which the training stood still */
    double durable_s; /* from its beginning until it was durable */
    uint64_t n_bytes;
};

void fa_journal_save(struct fa_journal *journal, const struct fa_journal_save *save);

/* How the run ended that did not end well: the message of status, which the command line prints, for
 * train.log.
 */
void fa_journal_end(struct fa_journal *journal, fa_status status);

/* What an evaluation gave. */
struct fa_journal_evaluation {
    int64_t step;
    double lr;
    size_t n_images;
    const struct fa_metrics *metrics;
    char *const *titles;        /* of its classes, whose AP are told one by one; NULL: they are not */
    const struct fa_loss *loss; /* the mean over the images; NULL: it was not computed */
};

void fa_journal_val(struct fa_journal *journal, const struct fa_journal_evaluation *evaluation);

#endif
