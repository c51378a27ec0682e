/*
 * watchdog_private.h - the watch of one rank, which its parts share: what the rank itself does, what the
 * others say of themselves, and the end of the job.
 */
#ifndef FA_WATCHDOG_PRIVATE_H
#define FA_WATCHDOG_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "fa/activity.h"
#include "roll.h"
#include "watchdog.h"

struct fa_watchdog {
    /* Set at start. */
    int n_ranks, n_watched; /* of the ranks 0 to n_watched - 1 the lines are read */
    char *path, *log_path;
    double period, silence_s, limit_s[FA_WATCH_PHASES];

    /* Said by the thread that works. */
    _Atomic int phase;
    _Atomic int64_t step;

    /* Of the thread that watches. */
    pthread_t thread;
    struct fa_roll_line mine;
    struct fa_activity activity;
    double looked_at, held_s, beside_held_s; /* how long the activity, and that beside it, have lasted */
    clockid_t worker_clock;                  /* processor time of the thread that works */
    double worker_s, still_s;                /* at the last look; how long it has not grown */
    double longest_s[FA_WATCH_PHASES];
    struct fa_roll_line *line; /* of the ranks watched */
    uint64_t *last_beat;
    int *n_silent; /* looks at which the line had not changed */
    bool warned;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t over;
    bool is_over;
};

/* All below are called by the thread that watches, or where there is none. */

/* ---- watchdog_self.c ---- */

/* Looks at what this rank does, for its line in the roll. */
void fa_watchdog_observe(struct fa_watchdog *w);

/* A sign of life: the line as it is, with one beat more. */
fa_status fa_watchdog_beat(struct fa_watchdog *w) FA_CHECK_RESULT;
void fa_watchdog_beat_or_warn(struct fa_watchdog *w);

/* What an activity of the phase may take, in seconds. */
double fa_watchdog_limit(const struct fa_watchdog *w, enum fa_watch_phase phase);

/* Ends the job if this rank hangs by itself. */
void fa_watchdog_judge_self(struct fa_watchdog *w);

/* ---- watchdog_others.c ---- */

/* Ranks that see the same speak one after another, and the first one ends the job: seconds that this one
   holds its peace. */
double fa_watchdog_turn(const struct fa_watchdog *w);

/* Reads the others' lines. Ends the job if one is silent, or if nobody is at work. */
void fa_watchdog_judge_others(struct fa_watchdog *w);

/* ---- watchdog_end.c: the last words of the job ---- */

/* Leaves without a word: another rank has said why. */
void fa_watchdog_leave(struct fa_watchdog *w) __attribute__((noreturn));

/* Those below come back where another rank is about to say something. */

/* This rank has been in what for held_s seconds, longer than the phase allows. */
void fa_watchdog_confess(struct fa_watchdog *w, const char *what, double held_s, enum fa_watch_phase phase);

void fa_watchdog_accuse_silent(struct fa_watchdog *w, const struct fa_roll_line *line, double seconds);

/* All wait. still: the rank that does not even look whether the others have come; NULL: no single one. */
void fa_watchdog_end_deadlock(struct fa_watchdog *w, const struct fa_roll_line *still);

#endif
