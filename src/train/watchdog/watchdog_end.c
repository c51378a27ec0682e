/*
 * watchdog_end.c - how the watch ends a job: one sentence that says who is to blame, and all ranks leave.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fa/log.h"
#include "watchdog_private.h"

/* Longest that the last words may take, in seconds: the disk or the terminal may be what hangs. */
#define LAST_WORDS 10

/* Microseconds in which the launcher passes the line on; when a rank leaves, it soon ends all, and with them
 * what it has not read. */
#define HEARD_US 500000

static const char *const limit_keys[FA_WATCH_PHASES] = {[FA_WATCH_START] = "watchdog.start_s",
                                                        [FA_WATCH_FIRST_STEP] = "watchdog.start_s",
                                                        [FA_WATCH_STEP] = "watchdog.step_s",
                                                        [FA_WATCH_EVALUATION] = "watchdog.evaluate_s",
                                                        [FA_WATCH_SAVING] = "watchdog.save_s"};

void fa_watchdog_leave(struct fa_watchdog *w)
{
    w->mine.state = FA_ROLL_ENDED;
    fa_watchdog_beat_or_warn(w);
    _exit(EXIT_FAILURE);
}

/* Ranks that see the same speak one after another, but one that is held up comes when the next one's turn has
 * begun. Who has spoken for longer than last words take is gone itself. */
static bool another_speaks(struct fa_watchdog *w)
{
    if (fa_roll_read(w->path, w->n_watched, w->line) != FA_OK)
        return false;
    for (int r = 0; r < w->n_watched; r++)
        if (r != w->mine.rank && w->line[r].state == FA_ROLL_SPEAKING &&
            w->n_silent[r] * w->period <= LAST_WORDS)
            return true;
    return false;
}

/* The launcher ends the ranks that do not see the line by themselves. Comes back if another rank speaks. */
static void end_job(struct fa_watchdog *w, const char *message)
{
    if (another_speaks(w))
        return;
    signal(SIGALRM, SIG_DFL);
    alarm(LAST_WORDS);
    w->mine.state = FA_ROLL_SPEAKING;
    fa_watchdog_beat_or_warn(w);
    if (w->mine.rank != 0 && fa_log_to_file(w->log_path) != FA_OK)
        fa_warn("%s", fa_message());
    fa_log(FA_LOG_ERROR, "%s", message);
    usleep(HEARD_US);
    fa_watchdog_leave(w);
}

void fa_watchdog_confess(struct fa_watchdog *w, const char *what, double held_s, enum fa_watch_phase phase)
{
    char message[512];

    snprintf(message, sizeof message,
             "rank %d (%s) has been in %s for %.0f s without progress, %.0f s are allowed (%s): the job "
             "ends; look at that host's disks and load",
             w->mine.rank, w->mine.host, what, held_s, fa_watchdog_limit(w, phase), limit_keys[phase]);
    end_job(w, message);
}

void fa_watchdog_accuse_silent(struct fa_watchdog *w, const struct fa_roll_line *line, double seconds)
{
    char message[512];

    snprintf(message, sizeof message,
             "rank %d (%s) has given no sign of life for %.0f s; it was in %s: the job ends; the process was "
             "stopped or killed (out of memory?), or its host is lost",
             line->rank, line->host[0] != '\0' ? line->host : "unknown host", seconds,
             line->beat > 0 ? line->text : "its start");
    end_job(w, message);
}

void fa_watchdog_end_deadlock(struct fa_watchdog *w, const struct fa_roll_line *still)
{
    char message[512];

    if (still != NULL)
        snprintf(
            message, sizeof message,
            "rank %d (%s) stands still in %s, and all others have waited for %.0f s: the job ends; it hangs "
            "in MPI or below, look at that host's network and its driver",
            still->rank, still->host, still->text, w->held_s);
    else
        snprintf(message, sizeof message,
                 "all ranks wait for each other, rank %d (%s) in %s for %.0f s: the job ends; the network "
                 "between the hosts does not work",
                 w->mine.rank, w->mine.host, w->mine.text, w->held_s);
    end_job(w, message);
}
