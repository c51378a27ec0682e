/*
 * judge.h - who is to blame where a run does not move. It only computes, from what one look found: observer.h
 * looks, ending.h acts.
 */
#ifndef FA_WATCHDOG_JUDGE_H
#define FA_WATCHDOG_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "roll.h"

/* What a thread of this rank does by itself, and for how long without progress. */
struct fa_watched_work {
    const char *what; /* NULL: nothing */
    double held_s, allowed_s;
    const char *key; /* of the limit: "watchdog.step_s" */
};

struct fa_watched_rank {
    struct fa_roll_line line; /* as it was read last */
    double silent_s;          /* for which it did not change, as far as it could be read */
};

enum { FA_WATCHED_WORKS = 3 };

struct fa_sight {
    int rank, n_ranks;
    const char *device; /* that computes for this rank; NULL or "": none */
    double silence_s;   /* allowed */
    double turn_s;      /* in which one rank speaks, where several see the same */
    struct fa_watched_work works[FA_WATCHED_WORKS];
    enum fa_roll_state state;            /* of this rank */
    double waited_s;                     /* where it waits for others */
    int n_watched;                       /* 0 before the roll was read */
    const struct fa_watched_rank *ranks; /* 0 to n_watched - 1 */
};

enum fa_verdict_kind {
    FA_VERDICT_NONE,
    FA_VERDICT_LEAVE,  /* another rank has said why the job ends */
    FA_VERDICT_STUCK,  /* this rank, in work of its own */
    FA_VERDICT_SILENT, /* rank gives no sign of life */
    FA_VERDICT_STILL,  /* rank stands still, where all wait for each other */
    FA_VERDICT_APART   /* all wait for each other, and none stands still */
};

struct fa_verdict {
    enum fa_verdict_kind kind;
    int rank;                    /* to blame; index of sight->ranks where it is not this one */
    double seconds;              /* for how long */
    struct fa_watched_work work; /* FA_VERDICT_STUCK */
};

struct fa_verdict fa_judge(const struct fa_sight *sight);

/* Of a rank that has waited for others for waited_s, and for still_s has not even looked whether they came.
 */
enum fa_roll_state fa_judge_wait(double waited_s, double still_s, double allowed_s);

/* One sentence for people, which says host and step. host and doing: this rank's. */
void fa_verdict_print(const struct fa_verdict *verdict, const struct fa_sight *sight, const char *host,
                      const char *doing, char *text, size_t size);

#endif
