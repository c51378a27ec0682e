/*
 * watchdog_others.c - what the lines of the other ranks say, and who is to blame.
 */
#include <math.h>
#include <stddef.h>

#include "watchdog_private.h"

/* Ranks that speak one after another; all others together with the last of them. */
#define MOST_TURNS 8

double fa_watchdog_turn(const struct fa_watchdog *w)
{
    return 3 * w->period * fmin(w->mine.rank, MOST_TURNS);
}

/* Only looks count, not time: where this thread could not look, nothing is known of the others. Ranks other
   than 0 see the same. */
static void judge_silence(struct fa_watchdog *w, int r)
{
    const struct fa_roll_line *line = &w->line[r];
    const double limit = w->silence_s + fa_watchdog_turn(w);
    double seconds;

    w->n_silent[r] = line->beat == w->last_beat[r] ? w->n_silent[r] + 1 : 0;
    w->last_beat[r] = line->beat;
    seconds = w->n_silent[r] * w->period;
    if (line->state != FA_ROLL_LEFT && seconds >= limit)
        fa_watchdog_accuse_silent(w, line, seconds);
}

static bool waits_in_vain(enum fa_roll_state state)
{
    return state == FA_ROLL_OVERDUE || state == FA_ROLL_STILL;
}

/* The only rank that stands still while the others look out for it; NULL: none, or several. */
static const struct fa_roll_line *find_still(const struct fa_watchdog *w)
{
    const struct fa_roll_line *found = NULL;

    for (int r = 0; r < w->n_watched; r++)
        if (w->line[r].state == FA_ROLL_STILL) {
            if (found != NULL)
                return NULL;
            found = &w->line[r];
        }
    return found;
}

/* Nobody is at work. Rank 0 sees it, or whoever waits for a rank 0 that has left. */
static void judge_deadlock(struct fa_watchdog *w)
{
    if (w->n_ranks == 1 || !waits_in_vain(w->mine.state) ||
        (w->mine.rank != 0 && w->line[0].state != FA_ROLL_LEFT))
        return;
    for (int r = 0; r < w->n_watched; r++)
        if (r != w->mine.rank && !waits_in_vain(w->line[r].state) && w->line[r].state != FA_ROLL_LEFT)
            return;
    fa_watchdog_end_deadlock(w, find_still(w));
}

void fa_watchdog_judge_others(struct fa_watchdog *w)
{
    if (fa_roll_read(w->path, w->n_watched, w->line) != FA_OK)
        return;
    for (int r = 0; r < w->n_watched; r++) {
        if (r == w->mine.rank)
            continue;
        if (w->line[r].state == FA_ROLL_ENDED)
            fa_watchdog_leave(w);
        judge_silence(w, r);
    }
    judge_deadlock(w);
}
