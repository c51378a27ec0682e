#include "judge.h"

#include <math.h>

/* A rank that has begun to say why the job ends has done so after these seconds, or is gone itself. */
#define LAST_WORDS_S 10

/* Ranks that see the same speak one after another, in this many turns; all others with the last of them. */
#define MOST_TURNS 8

static double turn_of(const struct fa_sight *sight)
{
    return sight->turn_s * fmin(sight->rank, MOST_TURNS);
}

/* The first other rank that says so of itself; -1: none. */
static int find_other(const struct fa_sight *sight, enum fa_roll_state state, double silent_s)
{
    for (int r = 0; r < sight->n_watched; r++)
        if (r != sight->rank && sight->ranks[r].line.state == state && sight->ranks[r].silent_s <= silent_s)
            return r;
    return -1;
}

/* ---- this rank ---- */

/* Where all hang alike, in a disk that they share, the first of them speaks for the rest. */
static struct fa_verdict judge_self(const struct fa_sight *sight)
{
    for (int i = 0; i < FA_WATCHED_WORKS; i++) {
        const struct fa_watched_work *work = &sight->works[i];

        if (work->what != NULL && work->held_s > work->allowed_s + turn_of(sight))
            return (struct fa_verdict){FA_VERDICT_STUCK, sight->rank, work->held_s, *work};
    }
    return (struct fa_verdict){FA_VERDICT_NONE};
}

/* ---- others ---- */

static struct fa_verdict judge_silence(const struct fa_sight *sight)
{
    for (int r = 0; r < sight->n_watched; r++) {
        const struct fa_watched_rank *other = &sight->ranks[r];

        if (r != sight->rank && other->line.state != FA_ROLL_LEFT &&
            other->silent_s >= sight->silence_s + turn_of(sight))
            return (struct fa_verdict){.kind = FA_VERDICT_SILENT, .rank = r, .seconds = other->silent_s};
    }
    return (struct fa_verdict){FA_VERDICT_NONE};
}

/* ---- all ---- */

enum fa_roll_state fa_judge_wait(double waited_s, double still_s, double allowed_s)
{
    if (waited_s <= allowed_s)
        return FA_ROLL_WAITING;
    return still_s > allowed_s / 2 ? FA_ROLL_STILL : FA_ROLL_OVERDUE;
}

static bool waits_in_vain(enum fa_roll_state state)
{
    return state == FA_ROLL_OVERDUE || state == FA_ROLL_STILL;
}

static enum fa_roll_state state_of(const struct fa_sight *sight, int r)
{
    return r == sight->rank ? sight->state : sight->ranks[r].line.state;
}

static bool is_nobody_at_work(const struct fa_sight *sight)
{
    for (int r = 0; r < sight->n_watched; r++)
        if (!waits_in_vain(state_of(sight, r)) && state_of(sight, r) != FA_ROLL_LEFT)
            return false;
    return true;
}

/* The only rank that stands still while the others look out for it; -1: none, or several. */
static int find_still(const struct fa_sight *sight)
{
    int found = -1;

    for (int r = 0; r < sight->n_watched; r++)
        if (state_of(sight, r) == FA_ROLL_STILL) {
            if (found >= 0)
                return -1;
            found = r;
        }
    return found;
}

/* Rank 0 sees it, or whoever waits for a rank 0 that has left. */
static struct fa_verdict judge_deadlock(const struct fa_sight *sight)
{
    int still;

    if (sight->n_ranks == 1 || sight->n_watched == 0 || !waits_in_vain(sight->state) ||
        (sight->rank != 0 && state_of(sight, 0) != FA_ROLL_LEFT) || !is_nobody_at_work(sight))
        return (struct fa_verdict){FA_VERDICT_NONE};
    still = find_still(sight);
    return (struct fa_verdict){.kind = still >= 0 ? FA_VERDICT_STILL : FA_VERDICT_APART,
                               .rank = still >= 0 ? still : sight->rank,
                               .seconds = sight->waited_s};
}

struct fa_verdict fa_judge(const struct fa_sight *sight)
{
    struct fa_verdict verdict = {FA_VERDICT_NONE};

    if (find_other(sight, FA_ROLL_ENDED, HUGE_VAL) >= 0)
        return (struct fa_verdict){FA_VERDICT_LEAVE};
    if (find_other(sight, FA_ROLL_SPEAKING, LAST_WORDS_S) >= 0)
        return verdict;
    verdict = judge_self(sight);
    if (verdict.kind == FA_VERDICT_NONE)
        verdict = judge_silence(sight);
    if (verdict.kind == FA_VERDICT_NONE)
        verdict = judge_deadlock(sight);
    return verdict;
}
