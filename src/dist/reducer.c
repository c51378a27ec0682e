#include "reducer_private.h"

#include <assert.h>
#include <string.h>

#include "fa/clock.h"
#include "fa/memory.h"

/* The last bucket is final when backward is over, so all of its way shows: it is this part of the others. */
enum { LAST_PART = 8 };

static const struct fa_reduction_ops *const ops_of[] = {
    [FA_REDUCTION_ALLREDUCE] = &fa_reduction_allreduce, [FA_REDUCTION_CANONICAL] = &fa_reduction_canonical};

/* ---- buckets ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t at_least_one(size_t n)
{
    return n > 0 ? n : 1;
}

static void cut(struct fa_reducer *reducer)
{
    reducer->bucket = at_least_one(reducer->config.bucket_bytes / sizeof *reducer->grad);
    reducer->body = reducer->n - smaller(at_least_one(reducer->bucket / LAST_PART), reducer->n);
    if (fa_comm_size(reducer->comm) > 1 && reducer->n > 0)
        reducer->n_buckets = (reducer->body + reducer->bucket - 1) / reducer->bucket + 1;
}

static struct fa_bucket bucket_at(const struct fa_reducer *reducer, size_t i)
{
    const bool is_last = i + 1 == reducer->n_buckets;

    return (struct fa_bucket){.begin = smaller(i * reducer->bucket, reducer->body),
                              .end = is_last ? reducer->n : smaller((i + 1) * reducer->bucket, reducer->body),
                              .slot = (int)(i % FA_REDUCER_SLOTS)};
}

static bool can_start(const struct fa_reducer *reducer)
{
    return fa_reducer_ends(reducer) && reducer->n_started < reducer->n_buckets &&
           reducer->n_started < reducer->n_done + FA_REDUCER_SLOTS &&
           bucket_at(reducer, reducer->n_started).end <= reducer->settled;
}

static void start_buckets(struct fa_reducer *reducer)
{
    while (can_start(reducer)) {
        struct fa_bucket bucket = bucket_at(reducer, reducer->n_started++);

        reducer->ops->start(reducer, &bucket);
    }
}

/* Asks every bucket under way, since MPI moves messages only while it is called. */
static void poll_buckets(struct fa_reducer *reducer)
{
    for (size_t i = reducer->n_done; i < reducer->n_started; i++) {
        struct fa_bucket bucket = bucket_at(reducer, i);

        if (reducer->ops->poll(reducer, &bucket) && i == reducer->n_done)
            reducer->n_done++;
    }
}

/* ---- a step ---- */

static void settle_until(struct fa_reducer *reducer, size_t n)
{
    if (n > reducer->settled && reducer->ops->settle != NULL)
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
    memset(reducer->grad, 0, reducer->n * sizeof *reducer->grad);
    reducer->seconds += fa_clock_seconds() - start;
}

void fa_reducer_advance(void *context, size_t n)
{
    struct fa_reducer *reducer = context;
    double start = fa_clock_seconds();

    assert(n >= reducer->settled && n <= reducer->n && reducer->image < reducer->config.n_images);
    settle_until(reducer, n);
    go_on(reducer);
    reducer->seconds += fa_clock_seconds() - start;
}

void fa_reducer_next(struct fa_reducer *reducer)
{
    fa_reducer_advance(reducer, reducer->n);
    if (!fa_reducer_ends(reducer))
        reducer->settled = 0;
    reducer->image++;
}

void fa_reducer_finish(struct fa_reducer *reducer)
{
    double start = fa_clock_seconds();

    reducer->image = reducer->config.n_images; /* a rank that failed comes here early */
    reducer->settled = reducer->n;
    while (reducer->n_done < reducer->n_buckets)
        go_on(reducer);
    reducer->seconds += fa_clock_seconds() - start;
}

double fa_reducer_seconds(const struct fa_reducer *reducer)
{
    return reducer->seconds;
}

/* ---- life ---- */

fa_status fa_reducer_create(struct fa_comm *comm, const struct fa_reducer_config *config, fa_real *grad,
                            size_t n, struct fa_reducer **out)
{
    struct fa_reducer *reducer;
    fa_status status;

    assert(config->n_images > 0 && config->bucket_bytes <= fa_comm_piece_bytes);
    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *reducer, &reducer));
    *reducer = (struct fa_reducer){
        .comm = comm, .config = *config, .ops = ops_of[config->reduction], .grad = grad, .n = n};
    cut(reducer);
    status = reducer->ops->create(reducer);
    if (status == FA_OK)
        *out = reducer;
    else
        fa_reducer_destroy(reducer);
    return status;
}

void fa_reducer_destroy(struct fa_reducer *reducer)
{
    if (reducer == NULL)
        return;
    reducer->ops->destroy(reducer);
    fa_free(reducer);
}
