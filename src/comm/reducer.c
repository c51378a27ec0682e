#include "reducer_private.h"

#include <assert.h>
#include <string.h>

#include "fa/clock.h"
#include "fa/memory.h"

const char *const fa_reduction_names[] = {
    [FA_REDUCTION_ALLREDUCE] = "allreduce", [FA_REDUCTION_CANONICAL] = "canonical", [FA_N_REDUCTIONS] = NULL};

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
    while (reducer->n_done < reducer->buckets.n)
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
    if (fa_comm_size(comm) > 1)
        reducer->buckets = fa_buckets_cut(n, config->bucket_bytes);
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
