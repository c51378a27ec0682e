/*
 * watchdog.c - the thread that watches: it looks, has what it saw judged, and acts on the verdict.
 */
#include "watchdog.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "ending.h"
#include "fa/activity.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/thread.h"
#include "observer.h"

struct fa_watchdog {
    struct fa_observer observer;
    bool speaks_for_host;
    _Atomic(struct fa_roll_keeper *) keeper; /* NULL before there is a roll */

    /* Of the thread. */
    pthread_t thread;
    uint64_t warned_of; /* the keeper's work that took long */

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t over;
    bool is_over;
};

/* ---- the thread ---- */

/* The others will take this rank for dead, and cannot know why. */
static void warn_of_disk(struct fa_watchdog *w)
{
    const struct fa_observer *o = &w->observer;

    if (!w->speaks_for_host || o->keeping.what == NULL || w->warned_of == o->keeping.count ||
        o->keeping_held_s < o->silence_s / 2)
        return;
    w->warned_of = o->keeping.count;
    fa_log_screen(FA_LOG_WARN,
                  "rank %d (%s) has been in %s for %.0f s: the disk of the work directory does not answer",
                  o->mine.rank, o->mine.host, o->keeping.what, o->keeping_held_s);
}

static void act(struct fa_watchdog *w, const struct fa_sight *sight, const struct fa_verdict *verdict)
{
    const struct fa_roll_line *mine = &w->observer.mine;
    char sentence[640];

    if (verdict->kind == FA_VERDICT_NONE)
        return;
    fa_verdict_print(verdict, sight, mine->host, mine->text, sentence, sizeof sentence);
    fa_end_job(atomic_load(&w->keeper), verdict->kind == FA_VERDICT_LEAVE ? NULL : sentence);
}

static void look(struct fa_watchdog *w)
{
    struct fa_roll_keeper *keeper = atomic_load(&w->keeper);
    struct fa_verdict verdict;
    struct fa_sight sight;

    fa_observer_look(&w->observer, keeper, &sight);
    if (keeper != NULL)
        fa_roll_keeper_set(keeper, &w->observer.mine);
    verdict = fa_judge(&sight);
    warn_of_disk(w);
    act(w, &sight, &verdict);
}

/* True when the run is over. */
static bool pause_or_end(struct fa_watchdog *w)
{
    struct timespec until;
    double whole;
    bool over;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(1e9 * modf(w->observer.period_s, &whole));
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

static void free_watchdog(struct fa_watchdog *w)
{
    if (w == NULL)
        return;
    fa_observer_clear(&w->observer);
    fa_free(w);
}

static fa_status create(struct fa_comm *comm, const struct fa_watchdog_config *config,
                        struct fa_watchdog **out)
{
    struct fa_watchdog *w;

    FA_TRY(fa_alloc_zero(1, sizeof *w, &w));
    *out = w;
    w->speaks_for_host = fa_comm_local_rank(comm) == 0;
    FA_TRY(
        fa_observer_init(&w->observer, fa_comm_rank(comm), fa_comm_size(comm), fa_comm_host(comm), config));
    return start_thread(w);
}

fa_status fa_watchdog_start(struct fa_comm *comm, const struct fa_watchdog_config *config,
                            struct fa_watchdog **out)
{
    struct fa_watchdog *w = NULL;
    fa_status status;

    *out = NULL;
    if (config->silence_s == 0)
        return FA_OK;
    status = create(comm, config, &w);
    if (status == FA_OK)
        *out = w;
    else
        free_watchdog(w);
    return fa_comm_agree(comm, status);
}

/* Collective. */
static fa_status make_roll(struct fa_comm *comm, const char *path)
{
    struct timespec now;
    uint64_t run;

    clock_gettime(CLOCK_REALTIME, &now);
    run = (uint64_t)now.tv_sec << 30 ^ (uint64_t)now.tv_nsec;
    fa_comm_broadcast(comm, &run, sizeof run, 0);
    FA_TRY(
        fa_comm_agree(comm, fa_comm_rank(comm) == 0 ? fa_roll_create(path, fa_comm_size(comm), run) : FA_OK));
    return fa_comm_agree(comm, fa_roll_check(path, run));
}

static fa_status start_keeper(struct fa_watchdog *w, struct fa_comm *comm, const char *work_dir)
{
    const struct fa_roll_keeper_config config = {
        .work_dir = work_dir, .n_read = w->observer.n_watched, .period_s = w->observer.period_s};
    struct fa_roll_line line = {.rank = fa_comm_rank(comm),
                                .text = "step 0, start, taking the work directory"};
    struct fa_roll_keeper *keeper = NULL;
    fa_status status;

    snprintf(line.host, sizeof line.host, "%s", fa_comm_host(comm));
    status = fa_comm_agree(comm, fa_roll_keeper_start(&config, &line, &keeper));
    if (status == FA_OK)
        atomic_store(&w->keeper, keeper);
    else
        fa_roll_keeper_end(keeper);
    return status;
}

fa_status fa_watchdog_open_roll(struct fa_watchdog *w, struct fa_comm *comm, const char *work_dir)
{
    char *path = NULL;
    fa_status status;

    if (w == NULL)
        return FA_OK;
    status = fa_comm_agree(comm, fa_path_join(work_dir, ".ranks", &path));
    if (status == FA_OK)
        status = make_roll(comm, path);
    fa_free(path);
    if (status == FA_OK)
        status = start_keeper(w, comm, work_dir);
    return status;
}

/* The watch lasts until the roll is left. */
static void leave_roll(struct fa_watchdog *w)
{
    struct fa_roll_keeper *keeper = atomic_load(&w->keeper);

    if (keeper == NULL)
        return;
    fa_activity_begin("writing to .ranks");
    while (!fa_roll_keeper_announce(keeper, FA_ROLL_LEFT, 60))
        ;
}

void fa_watchdog_end(struct fa_watchdog *w)
{
    if (w == NULL)
        return;
    leave_roll(w);
    pthread_mutex_lock(&w->lock);
    w->is_over = true;
    pthread_cond_signal(&w->over);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    fa_roll_keeper_end(atomic_load(&w->keeper));
    pthread_cond_destroy(&w->over);
    pthread_mutex_destroy(&w->lock);
    free_watchdog(w);
}

void fa_watchdog_phase(struct fa_watchdog *w, enum fa_watch_phase phase, int64_t step)
{
    if (w == NULL)
        return;
    atomic_store(&w->observer.phase, phase);
    atomic_store(&w->observer.step, step);
}
