#include "watchdog.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fa/activity.h"
#include "fa/clock.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/thread.h"
#include "roll.h"

/* An activity may take this many times as long as the longest of its phase so far, whatever the limit. */
#define PATIENCE 10.0
/* A thread that goes on takes more than these seconds of a processor between two looks. */
#define STILL_S 1e-5
/* Ranks that speak one after another; all others together with the last of them. */
#define MOST_TURNS 8
/* Longest that the last words may take, in seconds: the disk or the terminal may be what hangs. */
#define LAST_WORDS 10

static const char *const phase_names[FA_WATCH_PHASES] = {[FA_WATCH_START] = "start",
                                                         [FA_WATCH_FIRST_STEP] = "first step",
                                                         [FA_WATCH_STEP] = "", /* the usual */
                                                         [FA_WATCH_EVALUATION] = "evaluation",
                                                         [FA_WATCH_SAVING] = "saving"};

static const char *const limit_keys[FA_WATCH_PHASES] = {[FA_WATCH_START] = "watchdog.start_s",
                                                        [FA_WATCH_FIRST_STEP] = "watchdog.start_s",
                                                        [FA_WATCH_STEP] = "watchdog.step_s",
                                                        [FA_WATCH_EVALUATION] = "watchdog.evaluate_s",
                                                        [FA_WATCH_SAVING] = "watchdog.save_s"};

struct fa_watchdog {
    /* Set at start. */
    int n_ranks, n_watched; /* of the ranks 0 to n_watched - 1 the lines are read */
    char *path, *log_path;
    double period, silence_s, limit_s[FA_WATCH_PHASES];

    /* Said by the thread that works. */
    _Atomic int phase;
    _Atomic int64_t step;

    /* Of the thread that watches. */
    pthread_t thread;
    struct fa_roll_line mine;
    struct fa_activity activity;
    double looked_at, held_s, beside_held_s; /* how long the activity, and that beside it, have lasted */
    clockid_t worker_clock;                  /* processor time of the thread that works */
    double worker_s, still_s;                /* at the last look; how long it has not grown */
    double longest_s[FA_WATCH_PHASES];
    struct fa_roll_line *line; /* of the ranks watched */
    uint64_t *last_beat;
    int *n_silent; /* looks at which the line had not changed */
    bool warned;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t over;
    bool is_over;
};

/* ---- this rank ---- */

static double limit_of(const struct fa_watchdog *w, int phase)
{
    return fmax(w->limit_s[phase], PATIENCE * w->longest_s[phase]);
}

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

/* Time counts only as far as this thread ran too. */
static void observe(struct fa_watchdog *w)
{
    const struct fa_activity now = fa_activity_now(), *before = &w->activity;
    const int phase = atomic_load(&w->phase);
    const double time = fa_clock_seconds(), passed_s = fmin(time - w->looked_at, 2 * w->period);

    last_on(&w->held_s, passed_s, now.count == before->count,
            before->waiting == NULL ? &w->longest_s[phase] : NULL);
    last_on(&w->beside_held_s, passed_s, now.beside_count == before->beside_count,
            before->beside != NULL ? &w->longest_s[FA_WATCH_SAVING] : NULL);
    observe_worker(w, passed_s);
    w->activity = now;
    w->looked_at = time;
    w->mine.state = now.waiting == NULL ? FA_ROLL_RUNNING : judge_wait(w, limit_of(w, phase));
}

/* "step 120, evaluation, forward". */
static void describe(struct fa_watchdog *w)
{
    const char *phase = phase_names[atomic_load(&w->phase)];

    snprintf(w->mine.text, sizeof w->mine.text, "step %lld, %s%s%s", (long long)atomic_load(&w->step), phase,
             phase[0] != '\0' ? ", " : "",
             w->activity.waiting != NULL ? w->activity.waiting : w->activity.doing);
}

static void write_line(struct fa_watchdog *w)
{
    w->mine.beat++;
    if (fa_roll_write(w->path, &w->mine) == FA_OK || w->warned)
        return;
    w->warned = true;
    fa_warn("other ranks may take this one for dead: %s", fa_message());
}

/* ---- the end ---- */

static void leave(struct fa_watchdog *w) __attribute__((noreturn));

static void leave(struct fa_watchdog *w)
{
    w->mine.state = FA_ROLL_ENDED;
    write_line(w);
    _exit(EXIT_FAILURE);
}

/* The launcher ends the ranks that do not see the line by themselves. */
static void end_job(struct fa_watchdog *w, const char *message) __attribute__((noreturn));

static void end_job(struct fa_watchdog *w, const char *message)
{
    signal(SIGALRM, SIG_DFL);
    alarm(LAST_WORDS);
    if (w->mine.rank != 0 && fa_log_to_file(w->log_path) != FA_OK)
        fa_warn("%s", fa_message());
    fa_log(FA_LOG_ERROR, "%s", message);
    leave(w);
}

/* ---- judgement ---- */

static void confess(struct fa_watchdog *w, const char *what, double held_s, int phase)
{
    char message[512];

    snprintf(message, sizeof message,
             "rank %d (%s) has been in %s for %.0f s without progress, %.0f s are allowed (%s): the job "
             "ends; look at that host's disks and load",
             w->mine.rank, w->mine.host, what, held_s, limit_of(w, phase), limit_keys[phase]);
    end_job(w, message);
}

/* Ranks that see the same speak one after another, and the first one ends the job: seconds that this one
   holds its peace. */
static double turn_to_speak(const struct fa_watchdog *w)
{
    return 3 * w->period * fmin(w->mine.rank, MOST_TURNS);
}

/* This rank hangs in something that is not waiting for others, or in a save beside it. Where all hang alike,
   in a disk that they share, the first of them speaks for the rest. */
static void judge_self(struct fa_watchdog *w)
{
    const int phase = atomic_load(&w->phase);
    const double turn_s = turn_to_speak(w);

    if (w->mine.state == FA_ROLL_RUNNING && w->held_s > limit_of(w, phase) + turn_s)
        confess(w, w->mine.text, w->held_s, phase);
    if (w->activity.beside != NULL && w->beside_held_s > limit_of(w, FA_WATCH_SAVING) + turn_s)
        confess(w, w->activity.beside, w->beside_held_s, FA_WATCH_SAVING);
}

static void accuse_silent(struct fa_watchdog *w, const struct fa_roll_line *line, double seconds)
{
    char message[512];

    snprintf(message, sizeof message,
             "rank %d (%s) has given no sign of life for %.0f s; it was in %s: the job ends; the process was "
             "stopped or killed (out of memory?), or its host is lost",
             line->rank, line->host[0] != '\0' ? line->host : "unknown host", seconds,
             line->beat > 0 ? line->text : "its start");
    end_job(w, message);
}

/* Only looks count, not time: where this thread could not look, nothing is known of the others. Ranks other
   than 0 see the same. */
static void judge_silence(struct fa_watchdog *w, int r)
{
    const struct fa_roll_line *line = &w->line[r];
    const double limit = w->silence_s + turn_to_speak(w);
    double seconds;

    w->n_silent[r] = line->beat == w->last_beat[r] ? w->n_silent[r] + 1 : 0;
    w->last_beat[r] = line->beat;
    seconds = w->n_silent[r] * w->period;
    if (line->state != FA_ROLL_LEFT && seconds >= limit)
        accuse_silent(w, line, seconds);
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

static void end_deadlock(struct fa_watchdog *w)
{
    const struct fa_roll_line *still = find_still(w);
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

/* Nobody is at work. Rank 0 sees it, or whoever waits for a rank 0 that has left. */
static void judge_deadlock(struct fa_watchdog *w)
{
    if (w->n_ranks == 1 || !waits_in_vain(w->mine.state) ||
        (w->mine.rank != 0 && w->line[0].state != FA_ROLL_LEFT))
        return;
    for (int r = 0; r < w->n_watched; r++)
        if (r != w->mine.rank && !waits_in_vain(w->line[r].state) && w->line[r].state != FA_ROLL_LEFT)
            return;
    end_deadlock(w);
}

static void judge_others(struct fa_watchdog *w)
{
    if (fa_roll_read(w->path, w->n_watched, w->line) != FA_OK)
        return;
    for (int r = 0; r < w->n_watched; r++) {
        if (r == w->mine.rank)
            continue;
        if (w->line[r].state == FA_ROLL_ENDED)
            leave(w);
        judge_silence(w, r);
    }
    judge_deadlock(w);
}

/* ---- the thread ---- */

static void look(struct fa_watchdog *w)
{
    observe(w);
    describe(w);
    write_line(w);
    judge_self(w);
    judge_others(w);
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
    pthread_condattr_t monotonic;
    int error;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->over, &monotonic);
    pthread_condattr_destroy(&monotonic);
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
    w->activity = fa_activity_now();
    describe(w);
    w->mine.beat = 1;
    FA_TRY(fa_roll_write(w->path, &w->mine));
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
    write_line(w);
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
