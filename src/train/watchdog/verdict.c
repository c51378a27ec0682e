/*
 * verdict.c - the words of a verdict. launch/train.sh knows them by ": the job ends".
 */
#include <stdio.h>

#include "judge.h"

static void print_stuck(const struct fa_verdict *verdict, const char *device, const char *host, char *text,
                        size_t size)
{
    const struct fa_watched_work *work = &verdict->work;
    const bool has_device = device != NULL && device[0] != '\0';

    snprintf(text, size,
             "rank %d (%s) has been in %s for %.0f s without progress, %.0f s are allowed (%s): the job "
             "ends; look at "
             "that host's disks and load%s%s",
             verdict->rank, host, work->what, work->held_s, work->allowed_s, work->key,
             has_device ? ", and at its " : "", has_device ? device : "");
}

static void print_silent(const struct fa_verdict *verdict, const struct fa_roll_line *line, char *text,
                         size_t size)
{
    snprintf(text, size,
             "rank %d (%s) has given no sign of life for %.0f s; it was in %s: the job ends; the process was "
             "stopped "
             "or killed (out of memory?), its host is lost, or the disk of the work directory does not "
             "answer there",
             verdict->rank, line->host[0] != '\0' ? line->host : "unknown host", verdict->seconds,
             line->beat > 0 ? line->text : "its start");
}

static void print_still(const struct fa_verdict *verdict, const char *host, const char *doing, char *text,
                        size_t size)
{
    snprintf(text, size,
             "rank %d (%s) stands still in %s, and all others have waited for %.0f s: the job ends; it hangs "
             "in MPI or in the driver below it: check that host's network",
             verdict->rank, host, doing, verdict->seconds);
}

static void print_apart(const struct fa_verdict *verdict, const char *host, const char *doing, char *text,
                        size_t size)
{
    snprintf(text, size,
             "all ranks wait for each other, rank %d (%s) in %s for %.0f s: the job ends; check the network "
             "between "
             "the hosts",
             verdict->rank, host, doing, verdict->seconds);
}

void fa_verdict_print(const struct fa_verdict *verdict, const struct fa_sight *sight, const char *host,
                      const char *doing, char *text, size_t size)
{
    const struct fa_roll_line *line =
        verdict->rank < sight->n_watched ? &sight->ranks[verdict->rank].line : NULL;
    const bool is_own = verdict->rank == sight->rank;

    text[0] = '\0';
    switch (verdict->kind) {
    case FA_VERDICT_STUCK:
        print_stuck(verdict, sight->device, host, text, size);
        break;
    case FA_VERDICT_SILENT:
        print_silent(verdict, line, text, size);
        break;
    case FA_VERDICT_STILL:
        print_still(verdict, is_own ? host : line->host, is_own ? doing : line->text, text, size);
        break;
    case FA_VERDICT_APART:
        print_apart(verdict, host, doing, text, size);
        break;
    case FA_VERDICT_NONE:
    case FA_VERDICT_LEAVE:
        break;
    }
}
