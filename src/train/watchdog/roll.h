/*
 * roll.h - the roll: a small file in the working directory in which every rank keeps saying what it is doing.
 *
 * It tells ranks of each other where MPI cannot: from another thread, and while a call of MPI does not
 * return. The first page names the run, then there is a page a rank, written by that rank alone: clients of a
 * network file system write whole pages, so no two may share one. Every access opens and closes the file,
 * since that is when such clients send and fetch. A page holds one line for people as well,
 *
 *     rank 3 on node7, beat 55, running, step 120, forward
 *
 * and zeros after it. All room is taken when the file is made, so a disk that fills up later does no harm.
 */
#ifndef FA_ROLL_H
#define FA_ROLL_H

#include <stdint.h>

#include "fa/status.h"

enum fa_roll_state {
    FA_ROLL_RUNNING,
    FA_ROLL_WAITING,  /* for other ranks */
    FA_ROLL_OVERDUE,  /* waiting for longer than the phase may last */
    FA_ROLL_STILL,    /* the same, and it does not even look whether they have come */
    FA_ROLL_LEFT,     /* the run is over for this rank */
    FA_ROLL_SPEAKING, /* it says why the job ends */
    FA_ROLL_ENDED,    /* it ended the job, having said why */
    FA_ROLL_STATES
};

enum { FA_ROLL_HOST_MAX = 64, FA_ROLL_TEXT_MAX = 128 };

struct fa_roll_line {
    int rank;
    char host[FA_ROLL_HOST_MAX];
    uint64_t beat; /* grows as long as the rank lives */
    enum fa_roll_state state;
    char text[FA_ROLL_TEXT_MAX]; /* "step 120, forward" */
};

const char *fa_roll_state_name(enum fa_roll_state state);

/* A roll of empty pages for the run of that number. */
fa_status fa_roll_create(const char *path, int n_ranks, uint64_t run) FA_CHECK_RESULT;

/* Seconds in which a network file system shows a new file. A test may make it shorter. */
extern double fa_roll_patience_s;

/* FA_EINVAL if the file that stands there, also after that time, is not of that run. */
fa_status fa_roll_check(const char *path, uint64_t run) FA_CHECK_RESULT;

fa_status fa_roll_write(const char *path, const struct fa_roll_line *line) FA_CHECK_RESULT;

/* Those of ranks 0 to n - 1. One that is not yet written has beat 0. */
fa_status fa_roll_read(const char *path, int n, struct fa_roll_line *lines) FA_CHECK_RESULT;

#endif
