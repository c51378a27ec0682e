/*
 * run_status.h - what a run does, or how it ended: from the files in its work directory alone.
 *
 * Nothing is written, and the run does not notice. Whatever is damaged or missing there leaves its part
 * unknown.
 */
#ifndef FA_RUN_STATUS_H
#define FA_RUN_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/checkpoint.h"
#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum fa_run_state {
    FA_RUN_RUNNING,
    FA_RUN_FINISHED, /* all its steps are done */
    FA_RUN_STOPPED,  /* on request, its state is saved */
    FA_RUN_FAILED,   /* and said why */
    FA_RUN_DIED,     /* without a word: killed, or its host was lost */
    FA_RUN_STATES
};

/* What a rank said last that it does. */
struct fa_run_rank {
    int rank;
    bool is_known;  /* it has said something */
    bool is_silent; /* in a run that goes on: no sign of life while it was watched */
    char host[64];
    char state[16];  /* "running", "waiting", "left" and the like */
    char doing[128]; /* "step 120, forward" */
};

/* The journal's last line on training. */
struct fa_run_progress {
    bool is_known;
    int64_t step;
    double loss, lr, step_s, eta_s, age_s; /* age: since the journal was last written */
};

struct fa_run_save {
    char name[FA_CHECKPOINT_NAME_MAX]; /* "epoch_3"; "": none */
    int64_t step;                      /* -1: not known */
    double age_s;
};

struct fa_run_status {
    enum fa_run_state state;
    char holder[128];                           /* of the lock: "process 7 on node1"; "" if nobody has it */
    char why[512];                              /* FA_RUN_FAILED: what was said */
    int64_t step;                               /* the last one heard of; -1: none */
    int64_t last_step, steps_per_epoch, epochs; /* 0: not known */
    struct fa_run_progress progress;
    struct fa_run_save save;
    struct fa_checkpoint_best best; /* of the checkpoints that are there */
    bool is_evaluated;
    double last_ap; /* -1: no ground truth */
    int64_t evaluated_step;
    int n_ranks; /* of the run that goes on, or that was the last */
    struct fa_run_rank *ranks;
    double watched_s; /* for how long ranks were watched for signs of life; 0: they were not */
};

/* Takes seconds where a run goes on: until every rank gave a sign of life. FA_EINVAL where the directory is
   none of a run, FA_EMISSING where there is none. Freed with fa_run_status_clear. */
fa_status fa_run_status_read(const char *work_dir, struct fa_run_status *out) FA_CHECK_RESULT;
void fa_run_status_clear(struct fa_run_status *status);

FA_END_DECLARATIONS

#endif
