/*
 * observer.h - what this rank does, and since when; and since when the other ranks' lines have not changed.
 * From memory alone: nothing here waits for a disk, for other ranks or for a lock that is held meanwhile.
 */
#ifndef FA_WATCHDOG_OBSERVER_H
#define FA_WATCHDOG_OBSERVER_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include "fa/activity.h"
#include "judge.h"
#include "roll_keeper.h"
#include "watchdog.h"

struct fa_observer {
    /* Set at start. */
    double period_s, silence_s, limit_s[FA_WATCH_PHASES];
    clockid_t worker_clock; /* processor time of the thread that works */
    int n_ranks, n_watched; /* of the ranks 0 to n_watched - 1 the lines are read */

    /* Said by the thread that works. */
    _Atomic int phase;
    _Atomic int64_t step;

    /* Of the thread that looks. */
    double looked_at;
    struct fa_activity activity;
    double held_s, beside_held_s; /* how long the activity, and that beside it, have lasted */
    double worker_s, still_s;     /* processor time at the last look; how long it has not grown */
    double longest_s[FA_WATCH_PHASES];
    struct fa_roll_work keeping;
    double keeping_held_s;
    struct fa_roll_line mine; /* for the roll */
    uint64_t n_reads;         /* of the roll, at the last look that found it read anew */
    double read_at;
    struct fa_watched_rank *ranks;
    struct fa_roll_line *lines; /* as read, before they are compared with ranks */
};

/* Seconds between looks, and between lines of the roll: often enough to notice silence in time; of many
   ranks, so seldom that all together write some 200 lines a second. */
double fa_observer_period(double silence_s, int n_ranks);

fa_status fa_observer_init(struct fa_observer *observer, int rank, int n_ranks, const char *host,
                           const struct fa_watchdog_config *config) FA_CHECK_RESULT;
void fa_observer_clear(struct fa_observer *observer);

/* One look; keeper NULL: there is no roll yet. *sight is valid until the next. */
void fa_observer_look(struct fa_observer *observer, struct fa_roll_keeper *keeper, struct fa_sight *sight);

#endif
