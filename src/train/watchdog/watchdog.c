/*
 * watchdog.c - the thread that watches: its start, its looks, its end.
 */
#include "watchdog.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "fa/clock.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/thread.h"
#include "watchdog_private.h"

/* ---- the thread ---- */

static void look(struct fa_watchdog *w)
{
    fa_watchdog_observe(w);
    fa_watchdog_beat_or_warn(w);
    fa_watchdog_judge_self(w);
    fa_watchdog_judge_others(w);
}

/* True when the run is over. */
static bool pause_or_end(struct fa_watchdog *w)
{
    struct timespec until;
    double whole;
    bool over;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(1e9 * modf(w->period, &whole));
    until.tv_sec += (time_t)whole + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&w->lock);
    while (!w->is_over && pthread_cond_timedwait(&w->over, &w->lock, &until) == 0)
        ;
    over = w->is_over;
    pthread_mutex_unlock(&w->lock);
    return over;
}

static void *watch(void *argument)
{
    struct fa_watchdog *w = argument;

    while (!pause_or_end(w))
        look(w);
    return NULL;
}

static fa_status start_thread(struct fa_watchdog *w)
{
    int error;

    fa_condition_init(&w->over);
    pthread_mutex_init(&w->lock, NULL);
    error = fa_thread_start(&w->thread, "watchdog", watch, w);
    return error == 0 ? FA_OK : fa_fail_errno(FA_EIO, error, "the watchdog's thread cannot be started");
}

/* ---- start and end ---- */

/* Between looks, in seconds: often enough to notice silence in time; of many ranks, so seldom that all
   together write some 200 lines a second. */
static double choose_period(double silence_s, int n_ranks)
{
    return fmax(fmin(silence_s / 20, 2), n_ranks / 200.0);
}

static void free_watchdog(struct fa_watchdog *w)
{
    fa_free(w->n_silent);
    fa_free(w->last_beat);
    fa_free(w->line);
    fa_free(w->log_path);
    fa_free(w->path);
    fa_free(w);
}

static fa_status create(struct fa_comm *comm, const char *work_dir, const struct fa_watchdog_config *config,
                        struct fa_watchdog **out)
{
    struct fa_watchdog *w;
    size_t n;

    FA_TRY(fa_alloc_zero(1, sizeof *w, &w));
    *out = w;
    w->n_ranks = fa_comm_size(comm);
    w->mine.rank = fa_comm_rank(comm);
    w->n_watched = w->mine.rank == 0 || w->n_ranks < 2 ? w->n_ranks : 2;
    snprintf(w->mine.host, sizeof w->mine.host, "%s", fa_comm_host(comm));
    w->silence_s = config->silence_s;
    w->period = choose_period(config->silence_s, w->n_ranks);
    w->limit_s[FA_WATCH_START] = w->limit_s[FA_WATCH_FIRST_STEP] = config->start_s;
    w->limit_s[FA_WATCH_STEP] = config->step_s;
    w->limit_s[FA_WATCH_EVALUATION] = config->evaluate_s;
    w->limit_s[FA_WATCH_SAVING] = config->save_s;
    w->looked_at = fa_clock_seconds();
    pthread_getcpuclockid(pthread_self(), &w->worker_clock);
    n = (size_t)w->n_watched;
    FA_TRY(fa_path_join(work_dir, ".ranks", &w->path));
    FA_TRY(fa_path_join(work_dir, "train.log", &w->log_path));
    FA_TRY(fa_alloc_zero(n, sizeof *w->line, &w->line));
    FA_TRY(fa_alloc_zero(n, sizeof *w->last_beat, &w->last_beat));
    return fa_alloc_zero(n, sizeof *w->n_silent, &w->n_silent);
}

/* Collective. */
static fa_status open_roll(struct fa_comm *comm, struct fa_watchdog *w)
{
    struct timespec now;
    uint64_t run;
    fa_status status = FA_OK;

    clock_gettime(CLOCK_REALTIME, &now);
    run = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
    fa_comm_broadcast(comm, &run, sizeof run, 0);
    if (fa_comm_rank(comm) == 0)
        status = fa_roll_create(w->path, w->n_ranks, run);
    FA_TRY(fa_comm_agree(comm, status));
    return fa_comm_agree(comm, fa_roll_check(w->path, run));
}

/* The first line is there before anybody looks for it. */
static fa_status sign_in(struct fa_watchdog *w)
{
    fa_watchdog_observe(w);
    FA_TRY(fa_watchdog_beat(w));
    return start_thread(w);
}

fa_status fa_watchdog_start(struct fa_comm *comm, const char *work_dir,
                            const struct fa_watchdog_config *config, struct fa_watchdog **out)
{
    struct fa_watchdog *w = NULL;
    fa_status status;

    *out = NULL;
    if (config->silence_s == 0)
        return FA_OK;
    status = fa_comm_agree(comm, create(comm, work_dir, config, &w));
    if (status == FA_OK)
        status = open_roll(comm, w);
    if (status == FA_OK) {
        status = sign_in(w);
        if (status == FA_OK)
            *out = w;
        status = fa_comm_agree(comm, status);
    }
    if (*out == NULL && w != NULL)
        free_watchdog(w);
    return status;
}

void fa_watchdog_end(struct fa_watchdog *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->is_over = true;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->mine.state = FA_ROLL_LEFT;
    fa_watchdog_beat_or_warn(w);
    pthread_cond_destroy(&w->over);
    pthread_mutex_destroy(&w->lock);
    free_watchdog(w);
}

void fa_watchdog_phase(struct fa_watchdog *w, enum fa_watch_phase phase, int64_t step)
{
    if (w == NULL)
        return;
    atomic_store(&w->phase, phase);
    atomic_store(&w->step, step);
}
