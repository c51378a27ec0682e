/*
 * watchdog_self.c - what this rank does, and since when: into the roll, and to its own judgement.
 */
#include <math.h>
#include <stdio.h>

#include "fa/clock.h"
#include "fa/log.h"
#include "watchdog_private.h"

/* An activity may take this many times as long as the longest of its phase so far, whatever the limit. */
#define PATIENCE 10.0
/* A thread that goes on takes more than these seconds of a processor between two looks. */
#define STILL_S 1e-5

static const char *const phase_names[FA_WATCH_PHASES] = {[FA_WATCH_START] = "start",
                                                         [FA_WATCH_FIRST_STEP] = "first step",
                                                         [FA_WATCH_STEP] = "", /* the usual */
                                                         [FA_WATCH_EVALUATION] = "evaluation",
                                                         [FA_WATCH_SAVING] = "saving"};

static enum fa_watch_phase phase_of(const struct fa_watchdog *w)
{
    return (enum fa_watch_phase)atomic_load(&w->phase);
}

double fa_watchdog_limit(const struct fa_watchdog *w, enum fa_watch_phase phase)
{
    return fmax(w->limit_s[phase], PATIENCE * w->longest_s[phase]);
}

/* ---- observing ---- */

/* Something lasts for longer, or is over; longest_s NULL: how long it took does not matter. */
static void last_on(double *held_s, double passed_s, bool goes_on, double *longest_s)
{
    if (goes_on) {
        *held_s += passed_s;
        return;
    }
    if (longest_s != NULL)
        *longest_s = fmax(*longest_s, *held_s);
    *held_s = 0;
}

/* MPI waits by looking again and again, which takes time of a processor. */
static void observe_worker(struct fa_watchdog *w, double passed_s)
{
    struct timespec used = {0};
    double worker_s;

    clock_gettime(w->worker_clock, &used);
    worker_s = (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
    w->still_s = worker_s - w->worker_s < STILL_S ? w->still_s + passed_s : 0;
    w->worker_s = worker_s;
}

static enum fa_roll_state judge_wait(const struct fa_watchdog *w, double limit_s)
{
    if (w->held_s <= limit_s)
        return FA_ROLL_WAITING;
    return w->still_s > limit_s / 2 ? FA_ROLL_STILL : FA_ROLL_OVERDUE;
}

/* "step 120, evaluation, forward". */
static void describe(struct fa_watchdog *w)
{
    const char *phase = phase_names[phase_of(w)];

    snprintf(w->mine.text, sizeof w->mine.text, "step %lld, %s%s%s", (long long)atomic_load(&w->step), phase,
             phase[0] != '\0' ? ", " : "",
             w->activity.waiting != NULL ? w->activity.waiting : w->activity.doing);
}

/* Time counts only as far as this thread ran too. */
void fa_watchdog_observe(struct fa_watchdog *w)
{
    const struct fa_activity now = fa_activity_now(), *before = &w->activity;
    const enum fa_watch_phase phase = phase_of(w);
    const double time = fa_clock_seconds(), passed_s = fmin(time - w->looked_at, 2 * w->period);

    last_on(&w->held_s, passed_s, now.count == before->count,
            before->waiting == NULL ? &w->longest_s[phase] : NULL);
    last_on(&w->beside_held_s, passed_s, now.beside_count == before->beside_count,
            before->beside != NULL ? &w->longest_s[FA_WATCH_SAVING] : NULL);
    observe_worker(w, passed_s);
    w->activity = now;
    w->looked_at = time;
    w->mine.state = now.waiting == NULL ? FA_ROLL_RUNNING : judge_wait(w, fa_watchdog_limit(w, phase));
    describe(w);
}

/* ---- signs of life ---- */

fa_status fa_watchdog_beat(struct fa_watchdog *w)
{
    w->mine.beat++;
    return fa_roll_write(w->path, &w->mine);
}

void fa_watchdog_beat_or_warn(struct fa_watchdog *w)
{
    if (fa_watchdog_beat(w) == FA_OK || w->warned)
        return;
    w->warned = true;
    fa_warn("other ranks may take this one for dead: %s", fa_message());
}

/* ---- judgement ---- */

/* This rank hangs in something that is not waiting for others, or in a save beside it. Where all hang alike,
   in a disk that they share, the first of them speaks for the rest. */
void fa_watchdog_judge_self(struct fa_watchdog *w)
{
    const enum fa_watch_phase phase = phase_of(w);
    const double turn_s = fa_watchdog_turn(w);

    if (w->mine.state == FA_ROLL_RUNNING && w->held_s > fa_watchdog_limit(w, phase) + turn_s)
        fa_watchdog_confess(w, w->mine.text, w->held_s, phase);
    if (w->activity.beside != NULL && w->beside_held_s > fa_watchdog_limit(w, FA_WATCH_SAVING) + turn_s)
        fa_watchdog_confess(w, w->activity.beside, w->beside_held_s, FA_WATCH_SAVING);
}
