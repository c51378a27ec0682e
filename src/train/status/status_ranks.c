/*
 * status_ranks.c - what the roll tells of ranks. A line has no time in it, only a beat that grows: who lives
 * is seen by looking again.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fa/clock.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "status_parts.h"
#include "watchdog/observer.h"
#include "watchdog/roll.h"

#define LOOK_S  0.25
#define PERIODS 3 /* of the lines, in which each rank gives a sign of life */
#define YOUNG_S                                                                                              \
    120 /* a roll changed since may be that of a run on another host, whose lock is not seen here */

enum { MOST_RANKS = 100000, PAGE = 4096 };

static int count_ranks(const char *path)
{
    uint64_t n_bytes = 0;

    if (!fa_file_exists(path) || fa_file_size(path, &n_bytes) != FA_OK || n_bytes < 2 * PAGE)
        return 0;
    return n_bytes / PAGE - 1 > MOST_RANKS ? MOST_RANKS : (int)(n_bytes / PAGE - 1);
}

static bool is_over(const struct fa_roll_line *line)
{
    return line->state == FA_ROLL_LEFT || line->state == FA_ROLL_ENDED;
}

static int count_silent(const struct fa_roll_line *before, const struct fa_roll_line *now, int n)
{
    int n_silent = 0;

    for (int r = 0; r < n; r++)
        n_silent += now[r].beat == before[r].beat && !is_over(&now[r]);
    return n_silent;
}

static void rest(void)
{
    const struct timespec pause = {.tv_nsec = (long)(LOOK_S * 1e9)};

    nanosleep(&pause, NULL);
}

/* now: as before, and then as they were read last. */
static void watch(const char *path, double limit_s, const struct fa_roll_line *before,
                  struct fa_roll_line *now, struct fa_run_status *out)
{
    const double begun = fa_clock_seconds();

    while (count_silent(before, now, out->n_ranks) > 0 && out->watched_s < limit_s) {
        rest();
        if (fa_roll_read(path, out->n_ranks, now) != FA_OK)
            memcpy(now, before, (size_t)out->n_ranks * sizeof *now);
        out->watched_s = fa_clock_seconds() - begun;
    }
}

static void fill_rank(const struct fa_roll_line *before, const struct fa_roll_line *line, bool watched,
                      struct fa_run_rank *rank)
{
    *rank = (struct fa_run_rank){.rank = line->rank,
                                 .is_known = line->beat > 0,
                                 .is_silent = watched && line->beat == before->beat && !is_over(line)};
    snprintf(rank->host, sizeof rank->host, "%s", line->host);
    snprintf(rank->state, sizeof rank->state, "%s", line->beat > 0 ? fa_roll_state_name(line->state) : "");
    snprintf(rank->doing, sizeof rank->doing, "%s", line->text);
}

/* "step 120, forward" of rank 0 is newer than the journal. */
static void note_step(const struct fa_roll_line *line, struct fa_run_status *out)
{
    long long step;

    if (line->beat > 0 && sscanf(line->text, "step %lld", &step) == 1 && step > out->step)
        out->step = step;
}

static void look(const char *path, bool watched, double silence_s, struct fa_roll_line *before,
                 struct fa_roll_line *now, bool *moves, struct fa_run_status *out)
{
    const int n = out->n_ranks;

    memcpy(now, before, (size_t)n * sizeof *now);
    if (watched)
        watch(path, PERIODS * fa_observer_period(silence_s, n), before, now, out);
    for (int r = 0; r < n; r++) {
        *moves = *moves || now[r].beat != before[r].beat;
        fill_rank(&before[r], &now[r], watched, &out->ranks[r]);
    }
    note_step(&now[0], out);
}

static fa_status read_roll(const char *path, bool watched, double silence_s, bool *moves,
                           struct fa_run_status *out)
{
    struct fa_roll_line *lines = NULL;
    const size_t n = (size_t)out->n_ranks;
    fa_status status = fa_alloc_zero(2 * n, sizeof *lines, &lines);

    if (status == FA_OK)
        status = fa_alloc_zero(n, sizeof *out->ranks, &out->ranks);
    if (status == FA_OK && fa_roll_read(path, out->n_ranks, lines) == FA_OK)
        look(path, watched, silence_s, lines, lines + n, moves, out);
    else
        out->n_ranks = 0;
    fa_free(lines);
    return status;
}

fa_status fa_status_read_ranks(const char *work_dir, bool is_held, double silence_s, bool *moves,
                               struct fa_run_status *out)
{
    const double age_s = fa_status_age(work_dir, ".ranks");
    const bool watched = silence_s > 0 && (is_held || (age_s >= 0 && age_s < YOUNG_S));
    char *path;
    fa_status status = FA_OK;

    *moves = false;
    FA_TRY(fa_path_join(work_dir, ".ranks", &path));
    out->n_ranks = count_ranks(path);
    if (out->n_ranks > 0)
        status = read_roll(path, watched, silence_s, moves, out);
    fa_free(path);
    return status;
}
