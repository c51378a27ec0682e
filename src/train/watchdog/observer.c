#include "observer.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

#include "fa/clock.h"
#include "fa/memory.h"

/* An activity may take this many times as long as the longest of its phase so far, whatever the limit. */
#define PATIENCE 10.0
/* A thread that goes on takes more than these seconds of a processor between two looks. */
#define STILL_S 1e-5
/* Looks in which a rank that is heard writes its new state, and the next one reads it. */
#define TURN_LOOKS 3

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

/* ---- start and end ---- */

double fa_observer_period(double silence_s, int n_ranks)
{
    return fmax(fmin(silence_s / 20, 2), n_ranks / 200.0);
}

static void set_limits(struct fa_observer *o, const struct fa_watchdog_config *config)
{
    o->silence_s = config->silence_s;
    o->limit_s[FA_WATCH_START] = o->limit_s[FA_WATCH_FIRST_STEP] = config->start_s;
    o->limit_s[FA_WATCH_STEP] = config->step_s;
    o->limit_s[FA_WATCH_EVALUATION] = config->evaluate_s;
    o->limit_s[FA_WATCH_SAVING] = config->save_s;
}

fa_status fa_observer_init(struct fa_observer *o, int rank, int n_ranks, const char *host,
                           const struct fa_watchdog_config *config)
{
    o->n_ranks = n_ranks;
    o->n_watched = rank == 0 || n_ranks < 2 ? n_ranks : 2;
    o->mine.rank = rank;
    snprintf(o->mine.host, sizeof o->mine.host, "%s", host);
    o->period_s = fa_observer_period(config->silence_s, n_ranks);
    set_limits(o, config);
    o->looked_at = o->read_at = fa_clock_seconds();
    pthread_getcpuclockid(pthread_self(), &o->worker_clock);
    FA_TRY(fa_alloc_zero((size_t)o->n_watched, sizeof *o->ranks, &o->ranks));
    return fa_alloc_zero((size_t)o->n_watched, sizeof *o->lines, &o->lines);
}

void fa_observer_clear(struct fa_observer *o)
{
    fa_free(o->lines);
    fa_free(o->ranks);
}

/* ---- this rank ---- */

static enum fa_watch_phase phase_of(const struct fa_observer *o)
{
    return (enum fa_watch_phase)atomic_load(&o->phase);
}

static double limit_of(const struct fa_observer *o, enum fa_watch_phase phase)
{
    return fmax(o->limit_s[phase], PATIENCE * o->longest_s[phase]);
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

static void look_at_activity(struct fa_observer *o, double passed_s)
{
    const struct fa_activity now = fa_activity_now(), *before = &o->activity;

    last_on(&o->held_s, passed_s, now.count == before->count,
            before->waiting == NULL ? &o->longest_s[phase_of(o)] : NULL);
    last_on(&o->beside_held_s, passed_s, now.beside_count == before->beside_count,
            before->beside != NULL ? &o->longest_s[FA_WATCH_SAVING] : NULL);
    o->activity = now;
}

/* MPI waits by looking again and again, which takes time of a processor. */
static void look_at_processor(struct fa_observer *o, double passed_s)
{
    struct timespec used = {0};
    double worker_s;

    clock_gettime(o->worker_clock, &used);
    worker_s = (double)used.tv_sec + 1e-9 * (double)used.tv_nsec;
    o->still_s = worker_s - o->worker_s < STILL_S ? o->still_s + passed_s : 0;
    o->worker_s = worker_s;
}

static void look_at_keeper(struct fa_observer *o, struct fa_roll_keeper *keeper, double passed_s)
{
    const struct fa_roll_work now = fa_roll_keeper_work(keeper);

    last_on(&o->keeping_held_s, passed_s, now.count == o->keeping.count, NULL);
    o->keeping = now;
}

/* "step 120, evaluation, forward". */
static void describe(struct fa_observer *o)
{
    const char *phase = phase_names[phase_of(o)];

    snprintf(o->mine.text, sizeof o->mine.text, "step %lld, %s%s%s", (long long)atomic_load(&o->step), phase,
             phase[0] != '\0' ? ", " : "",
             o->activity.waiting != NULL ? o->activity.waiting : o->activity.doing);
    o->mine.state = o->activity.waiting == NULL
                        ? FA_ROLL_RUNNING
                        : fa_judge_wait(o->held_s, o->still_s, limit_of(o, phase_of(o)));
}

/* ---- others ---- */

/* Only the time between two readings counts: where the roll cannot be read, nothing is known of the others.
 */
static void look_at_others(struct fa_observer *o, struct fa_roll_keeper *keeper)
{
    const double now = fa_clock_seconds(), passed_s = fmin(now - o->read_at, 2 * o->period_s);
    const uint64_t n_reads = fa_roll_keeper_lines(keeper, o->lines);

    if (n_reads == o->n_reads)
        return;
    for (int r = 0; r < o->n_watched; r++) {
        struct fa_watched_rank *rank = &o->ranks[r];

        last_on(&rank->silent_s, passed_s, o->lines[r].beat == rank->line.beat, NULL);
        rank->line = o->lines[r];
    }
    o->n_reads = n_reads;
    o->read_at = now;
}

/* ---- one look ---- */

static struct fa_watched_work work_of(const struct fa_observer *o, const char *what, double held_s,
                                      enum fa_watch_phase phase)
{
    return (struct fa_watched_work){what, held_s, limit_of(o, phase), limit_keys[phase]};
}

static void fill_sight(const struct fa_observer *o, struct fa_sight *sight)
{
    const char *doing = o->activity.waiting == NULL ? o->mine.text : NULL;

    *sight = (struct fa_sight){.rank = o->mine.rank,
                               .n_ranks = o->n_ranks,
                               .device = o->activity.device,
                               .silence_s = o->silence_s,
                               .turn_s = TURN_LOOKS * o->period_s,
                               .state = o->mine.state,
                               .waited_s = o->held_s,
                               .n_watched = o->n_reads > 0 ? o->n_watched : 0,
                               .ranks = o->ranks};
    sight->works[0] = work_of(o, doing, o->held_s, phase_of(o));
    sight->works[1] = work_of(o, o->activity.beside, o->beside_held_s, FA_WATCH_SAVING);
    sight->works[2] = (struct fa_watched_work){o->keeping.what, o->keeping_held_s, o->limit_s[FA_WATCH_STEP],
                                               limit_keys[FA_WATCH_STEP]};
}

/* Time counts only as far as this thread ran too. */
void fa_observer_look(struct fa_observer *o, struct fa_roll_keeper *keeper, struct fa_sight *sight)
{
    const double time = fa_clock_seconds(), passed_s = fmin(time - o->looked_at, 2 * o->period_s);

    o->looked_at = time;
    look_at_activity(o, passed_s);
    look_at_processor(o, passed_s);
    describe(o);
    if (keeper != NULL) {
        look_at_keeper(o, keeper, passed_s);
        look_at_others(o, keeper);
    }
    fill_sight(o, sight);
}
