#include "roll_keeper.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/thread.h"

/* Parts of a period in which those who follow look for the line of rank 0. */
#define LOOKS 8
/* Lines that all ranks together write in a second. */
#define LINES_PER_S 200

struct fa_roll_keeper {
    /* Set at start. */
    char *path, *log_path;
    int rank, n_read;
    double period_s;
    pthread_t thread;

    /* Of the thread. */
    struct fa_roll_line *read; /* as the file has them */
    uint64_t beat, followed;   /* followed: rank 0's beat when this rank wrote last */
    bool warned;
    _Atomic(const char *) what;
    _Atomic uint64_t count;

    pthread_mutex_t lock; /* of what follows; nobody holds it while a disk is at work */
    pthread_cond_t asked, done;
    struct fa_roll_line mine, *lines;
    uint64_t n_reads;
    bool is_final;            /* the state of mine stays */
    uint64_t n_asked, n_done; /* that it be written at once */
    bool is_over;
};

/* ---- work that may take for ever ---- */

static void begin(struct fa_roll_keeper *k, const char *what)
{
    atomic_store(&k->what, what);
    atomic_fetch_add(&k->count, 1);
}

static void warn_once(struct fa_roll_keeper *k)
{
    if (!k->warned)
        fa_warn("other ranks may take this one for dead: %s", fa_message());
    k->warned = true;
}

static void write_line(struct fa_roll_keeper *k)
{
    struct fa_roll_line line;

    pthread_mutex_lock(&k->lock);
    line = k->mine;
    pthread_mutex_unlock(&k->lock);
    line.beat = ++k->beat;
    k->followed = k->read[0].beat;
    begin(k, "writing to .ranks");
    if (fa_roll_write(k->path, &line) != FA_OK)
        warn_once(k);
    begin(k, NULL);
}

static bool read_lines(struct fa_roll_keeper *k)
{
    fa_status status;

    begin(k, "reading .ranks");
    status = fa_roll_read(k->path, k->n_read, k->read);
    begin(k, NULL);
    if (status != FA_OK)
        return false;
    pthread_mutex_lock(&k->lock);
    memcpy(k->lines, k->read, (size_t)k->n_read * sizeof *k->lines);
    k->n_reads++;
    pthread_mutex_unlock(&k->lock);
    return true;
}

/* ---- the thread ---- */

static struct timespec in_seconds(double seconds)
{
    struct timespec until;
    double whole;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(1e9 * modf(seconds, &whole));
    until.tv_sec += (time_t)whole + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

/* Shorter where something is asked for. */
static void rest(struct fa_roll_keeper *k, double seconds)
{
    const struct timespec until = in_seconds(seconds);

    pthread_mutex_lock(&k->lock);
    while (k->n_asked == k->n_done && !k->is_over && pthread_cond_timedwait(&k->asked, &k->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&k->lock);
}

/* Does at once what is asked for, if something is. True when the thread is to end. */
static bool serve(struct fa_roll_keeper *k)
{
    uint64_t n_asked, n_done;
    bool is_over;

    pthread_mutex_lock(&k->lock);
    is_over = k->is_over;
    n_asked = k->n_asked;
    n_done = k->n_done;
    pthread_mutex_unlock(&k->lock);
    if (n_asked == n_done)
        return is_over;
    write_line(k);
    pthread_mutex_lock(&k->lock);
    k->n_done = n_asked;
    pthread_cond_broadcast(&k->done);
    pthread_mutex_unlock(&k->lock);
    return is_over;
}

static bool is_turn(const struct fa_roll_keeper *k)
{
    return k->rank == 0 || k->read[0].beat != k->followed || k->read[0].state == FA_ROLL_LEFT;
}

static void *keep(void *argument)
{
    struct fa_roll_keeper *k = argument;
    const double look_s = k->rank == 0 ? 0 : k->period_s / LOOKS;
    const double spread_s = (double)k->rank / LINES_PER_S;

    while (!serve(k)) {
        if (read_lines(k) && !is_turn(k)) {
            rest(k, look_s);
            continue;
        }
        rest(k, spread_s);
        write_line(k);
        rest(k, fmax(k->period_s - look_s - spread_s, 0));
    }
    return NULL;
}

/* ---- what others ask ---- */

void fa_roll_keeper_set(struct fa_roll_keeper *k, const struct fa_roll_line *line)
{
    pthread_mutex_lock(&k->lock);
    if (!k->is_final)
        k->mine = *line;
    pthread_mutex_unlock(&k->lock);
}

uint64_t fa_roll_keeper_lines(struct fa_roll_keeper *k, struct fa_roll_line *lines)
{
    uint64_t n_reads;

    pthread_mutex_lock(&k->lock);
    memcpy(lines, k->lines, (size_t)k->n_read * sizeof *lines);
    n_reads = k->n_reads;
    pthread_mutex_unlock(&k->lock);
    return n_reads;
}

struct fa_roll_work fa_roll_keeper_work(const struct fa_roll_keeper *k)
{
    return (struct fa_roll_work){.count = atomic_load(&k->count), .what = atomic_load(&k->what)};
}

bool fa_roll_keeper_announce(struct fa_roll_keeper *k, enum fa_roll_state state, double seconds)
{
    const struct timespec until = in_seconds(seconds);
    uint64_t ticket;
    bool is_done;

    pthread_mutex_lock(&k->lock);
    k->mine.state = state;
    k->is_final = true;
    ticket = ++k->n_asked;
    pthread_cond_signal(&k->asked);
    while (k->n_done < ticket && pthread_cond_timedwait(&k->done, &k->lock, &until) == 0)
        ;
    is_done = k->n_done >= ticket;
    pthread_mutex_unlock(&k->lock);
    return is_done;
}

void fa_roll_keeper_write_last(struct fa_roll_keeper *k, enum fa_roll_state state, const char *text)
{
    struct fa_roll_line line = k->mine;

    line.state = state;
    line.beat = k->beat + 1;
    if (fa_roll_write(k->path, &line) != FA_OK || text == NULL)
        return;
    if (k->rank == 0 || fa_log_to_file(k->log_path) == FA_OK) /* rank 0 has it open */
        fa_log_file(FA_LOG_ERROR, "%s", text);
}

/* ---- start and end ---- */

static void free_keeper(struct fa_roll_keeper *k)
{
    if (k == NULL)
        return;
    fa_free(k->lines);
    fa_free(k->read);
    fa_free(k->log_path);
    fa_free(k->path);
    fa_free(k);
}

static fa_status create(const struct fa_roll_keeper_config *config, const struct fa_roll_line *line,
                        struct fa_roll_keeper **out)
{
    struct fa_roll_keeper *k;
    const size_t n = (size_t)config->n_read;

    FA_TRY(fa_alloc_zero(1, sizeof *k, &k));
    *out = k;
    k->rank = line->rank;
    k->mine = *line;
    k->n_read = config->n_read;
    k->period_s = config->period_s;
    FA_TRY(fa_path_join(config->work_dir, ".ranks", &k->path));
    FA_TRY(fa_path_join(config->work_dir, "train.log", &k->log_path));
    FA_TRY(fa_alloc_zero(n, sizeof *k->read, &k->read));
    return fa_alloc_zero(n, sizeof *k->lines, &k->lines);
}

/* The first line is there before anybody looks for it. */
static fa_status sign_in(struct fa_roll_keeper *k)
{
    struct fa_roll_line line = k->mine;
    int error;

    line.beat = ++k->beat;
    FA_TRY(fa_roll_write(k->path, &line));
    pthread_mutex_init(&k->lock, NULL);
    fa_condition_init(&k->asked);
    fa_condition_init(&k->done);
    error = fa_thread_start(&k->thread, "roll", keep, k);
    return error == 0 ? FA_OK
                      : fa_fail_errno(FA_EIO, error, "the thread that writes to .ranks cannot be started");
}

fa_status fa_roll_keeper_start(const struct fa_roll_keeper_config *config, const struct fa_roll_line *line,
                               struct fa_roll_keeper **out)
{
    struct fa_roll_keeper *k = NULL;
    fa_status status = create(config, line, &k);

    *out = NULL;
    if (status == FA_OK)
        status = sign_in(k);
    if (status == FA_OK)
        *out = k;
    else
        free_keeper(k);
    return status;
}

void fa_roll_keeper_end(struct fa_roll_keeper *k)
{
    if (k == NULL)
        return;
    pthread_mutex_lock(&k->lock);
    k->is_over = true;
    pthread_cond_signal(&k->asked);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_cond_destroy(&k->done);
    pthread_cond_destroy(&k->asked);
    pthread_mutex_destroy(&k->lock);
    free_keeper(k);
}
