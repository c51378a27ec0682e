/*
 * reducer.c - which bucket of gradients is sent when, and what a step has waited for (buckets.h has the cut and the rule).
 */
#include "reducer_private.h"

#include <assert.h>
#include <stdio.h>

#include "fa/clock.h"
#include "fa/memory.h"

const char *const fa_reduction_names[] = {
    [FA_REDUCTION_ALLREDUCE] = "allreduce", [FA_REDUCTION_CANONICAL] = "canonical", [FA_N_REDUCTIONS] = NULL};

const char *const fa_transport_names[] = {[FA_TRANSPORT_AUTO] = "auto",
                                          [FA_TRANSPORT_MESSAGES] = "messages",
                                          [FA_TRANSPORT_DEVICE] = "device",
                                          NULL};

struct fa_batch_slice fa_batch_slice_of(size_t batch, int n_ranks, int rank)
{
    const size_t n = (size_t)n_ranks, r = (size_t)rank;

    return (struct fa_batch_slice){.begin = batch * r / n, .end = batch * (r + 1) / n};
}

static const struct fa_reduction_ops *const ops_of[] = {
    [FA_REDUCTION_ALLREDUCE] = &fa_reduction_allreduce, [FA_REDUCTION_CANONICAL] = &fa_reduction_canonical};

/* ---- buckets ---- */

static bool can_start(const struct fa_reducer *reducer)
{
    return fa_reducer_ends(reducer) && reducer->n_started < reducer->buckets.n &&
           reducer->n_started < reducer->n_done + FA_BUCKET_SLOTS &&
           fa_buckets_at(&reducer->buckets, reducer->n_started).end <= reducer->settled;
}

static void start_buckets(struct fa_reducer *reducer)
{
    while (can_start(reducer)) {
        struct fa_bucket bucket = fa_buckets_at(&reducer->buckets, reducer->n_started++);

        reducer->ops->start(reducer, &bucket);
    }
}

/* Asks every bucket under way, since MPI moves messages only while it is called. */
static void poll_buckets(struct fa_reducer *reducer)
{
    for (size_t i = reducer->n_done; i < reducer->n_started; i++) {
        struct fa_bucket bucket = fa_buckets_at(&reducer->buckets, i);

        if (reducer->ops->poll(reducer, &bucket) && i == reducer->n_done)
            reducer->n_done++;
    }
}

/* ---- a step ---- */

static void settle_until(struct fa_reducer *reducer, size_t n, struct fa_ticket ticket)
{
    if (n == reducer->settled)
        return;
    fa_backend_follow(fa_flat_backend(reducer->sum), ticket);
    reducer->ops->settle(reducer, reducer->settled, n);
    reducer->settled = n;
}

static void go_on(struct fa_reducer *reducer)
{
    start_buckets(reducer);
    poll_buckets(reducer);
}

void fa_reducer_begin(struct fa_reducer *reducer)
{
    double start = fa_clock_seconds();

    reducer->image = reducer->settled = reducer->n_started = reducer->n_done = 0;
    reducer->status = FA_OK;
    fa_flat_clear(reducer->sum);
    for (size_t i = 0; i < reducer->config.n_rows; i++)
        fa_flat_clear(reducer->rows[i]);
    for (size_t i = 0; i < reducer->n_rows; i++)
        reducer->freed[i] = fa_backend_mark(fa_flat_backend(reducer->sum));
    reducer->seconds += fa_clock_seconds() - start;
}

struct fa_ticket fa_reducer_image(struct fa_reducer *reducer)
{
    return reducer->freed[reducer->image % reducer->n_rows];
}

void fa_reducer_advance(void *context, size_t n, struct fa_ticket ticket)
{
    struct fa_reducer *reducer = context;
    double start = fa_clock_seconds();

    assert(n >= reducer->settled && n <= reducer->n && reducer->image < reducer->n_images);
    settle_until(reducer, n, ticket);
    go_on(reducer);
    reducer->seconds += fa_clock_seconds() - start;
}

void fa_reducer_next(struct fa_reducer *reducer, struct fa_ticket ticket)
{
    fa_reducer_advance(reducer, reducer->n, ticket);
    reducer->freed[reducer->image % reducer->n_rows] = fa_backend_mark(fa_flat_backend(reducer->sum));
    if (!fa_reducer_ends(reducer))
        reducer->settled = 0;
    reducer->image++;
}

void fa_reducer_poll(struct fa_reducer *reducer)
{
    double start = fa_clock_seconds();

    go_on(reducer);
    reducer->seconds += fa_clock_seconds() - start;
}

fa_status fa_reducer_finish(struct fa_reducer *reducer)
{
    double start = fa_clock_seconds();

    reducer->image = reducer->n_images; /* a rank that failed comes here early */
    reducer->settled = reducer->n;
    while (reducer->n_done < reducer->buckets.n)
        go_on(reducer);
    reducer->seconds += fa_clock_seconds() - start;
    return fa_status_forward(reducer->status, reducer->message);
}

static bool is_ready(struct fa_reducer *reducer, fa_status status, bool ready)
{
    if (status == FA_OK)
        return ready;
    if (reducer->status == FA_OK) {
        reducer->status = status;
        snprintf(reducer->message, sizeof reducer->message, "%s", fa_message());
    }
    return true;
}

bool fa_reducer_is_there(struct fa_reducer *reducer, struct fa_flat_window *window)
{
    bool ready;
    const fa_status status = fa_flat_window_ready(window, &ready);

    return is_ready(reducer, status, ready);
}

bool fa_reducer_is_reached(struct fa_reducer *reducer, struct fa_ticket ticket)
{
    bool reached;
    const fa_status status = fa_ticket_reached(ticket, &reached);

    return is_ready(reducer, status, reached);
}

double fa_reducer_seconds(const struct fa_reducer *reducer)
{
    return reducer->seconds;
}

/* ---- life ---- */

static fa_status take_rows(struct fa_reducer *reducer, struct fa_flat *const rows[])
{
    FA_TRY(fa_alloc(reducer->n_rows, sizeof(struct fa_flat *), &reducer->rows));
    FA_TRY(fa_alloc_zero(reducer->n_rows, sizeof *reducer->freed, &reducer->freed));
    for (size_t i = 0; i < reducer->n_rows; i++) {
        reducer->rows[i] = reducer->config.n_rows > 0 ? rows[i] : reducer->sum;
        assert(fa_flat_backend(reducer->rows[i]) == fa_flat_backend(reducer->sum));
    }
    return reducer->ops->create(reducer);
}

fa_status fa_reducer_create(struct fa_comm *comm, const struct fa_reducer_config *config, struct fa_flat *sum,
                            struct fa_flat *const rows[], struct fa_reducer **out)
{
    const struct fa_batch_slice own =
        fa_batch_slice_of(config->batch, fa_comm_size(comm), fa_comm_rank(comm));
    struct fa_reducer *reducer;
    fa_status status;

    assert(own.begin < own.end && config->bucket_bytes <= fa_comm_piece_bytes);
    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *reducer, &reducer));
    *reducer = (struct fa_reducer){.comm = comm,
                                   .config = *config,
                                   .ops = ops_of[config->reduction],
                                   .sum = sum,
                                   .transport = FA_TRANSPORT_MESSAGES,
                                   .n_images = own.end - own.begin,
                                   .n_rows = config->n_rows > 0 ? config->n_rows : 1,
                                   .n = fa_flat_length(sum)};
    if (fa_comm_size(comm) > 1)
        reducer->buckets = fa_buckets_cut(reducer->n, config->bucket_bytes);
    status = take_rows(reducer, rows);
    if (status == FA_OK)
        *out = reducer;
    else
        fa_reducer_destroy(reducer);
    return status;
}

/* Ranks that compute on the host have nothing shorter than messages. */
fa_status fa_reducer_connect(struct fa_reducer *reducer)
{
    const enum fa_transport asked = reducer->config.transport;

    if (reducer->buckets.n == 0 || asked == FA_TRANSPORT_MESSAGES)
        return FA_OK;
    if (reducer->ops->connect != NULL && !fa_backend_is_host(fa_flat_backend(reducer->sum)))
        return reducer->ops->connect(reducer);
    if (asked == FA_TRANSPORT_AUTO)
        return FA_OK;
    return fa_fail(FA_EINVAL, "train.transport is device, which works only on GPUs and with "
                              "train.reduction=canonical; leave it at auto");
}

enum fa_transport fa_reducer_transport(const struct fa_reducer *reducer, const char **why_messages)
{
    if (why_messages != NULL)
        *why_messages = reducer->why_messages;
    return reducer->transport;
}

void fa_reducer_destroy(struct fa_reducer *reducer)
{
    if (reducer == NULL)
        return;
    reducer->ops->destroy(reducer);
    fa_free(reducer->freed);
    fa_free(reducer->rows);
    fa_free(reducer);
}
