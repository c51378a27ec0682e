/*
 * reducer_allreduce.c - ranks are added up by MPI_Iallreduce, bucket by bucket.
 *
 * The sum is received beside the gradient and copied back: in place, Open MPI would send whole buckets up and
 * down a tree, where otherwise it goes round a ring (from four ranks on). It chooses by the number of ranks,
 * the length and the operation, never by timing, so the same number of ranks gives the same bits.
 */
#include <string.h>

#include "fa/memory.h"
#include "reducer_private.h"

struct flight {
    enum { LEAVING, FLYING, LANDED } stage;
    struct fa_flat_window *window; /* on the bucket */
    MPI_Request request;
    fa_real *sum;
};

static struct flight *flight_of(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    return (struct flight *)reducer->state + bucket->slot;
}

/* In the order of images. */
static void settle(struct fa_reducer *reducer, size_t begin, size_t end)
{
    struct fa_flat *row = fa_reducer_row(reducer);

    if (row != reducer->sum)
        fa_flat_fold(row, &reducer->sum, 1, reducer->sum, begin, end);
}

static void start(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct flight *flight = flight_of(reducer, bucket);

    fa_flat_window_open(flight->window, reducer->sum, bucket->begin, bucket->end);
    flight->stage = LEAVING;
}

static void leave(struct fa_reducer *reducer, const struct fa_bucket *bucket, struct flight *flight)
{
    MPI_Iallreduce(fa_flat_window_elements(flight->window), flight->sum, (int)(bucket->end - bucket->begin),
                   FA_MPI_REAL, MPI_SUM, reducer->comm->mpi, &flight->request);
    flight->stage = FLYING;
}

static void land(const struct fa_bucket *bucket, struct flight *flight)
{
    memcpy(fa_flat_window_elements(flight->window), flight->sum,
           (bucket->end - bucket->begin) * sizeof *flight->sum);
    fa_flat_window_write(flight->window);
    flight->stage = LANDED;
}

/* Every rank calls MPI_Iallreduce in the order of buckets. */
static bool may_leave(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    for (size_t i = reducer->n_done; i < reducer->n_started; i++) {
        const struct fa_bucket other = fa_buckets_at(&reducer->buckets, i);

        if (other.begin < bucket->begin && flight_of(reducer, &other)->stage == LEAVING)
            return false;
    }
    return true;
}

static bool poll(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct flight *flight = flight_of(reducer, bucket);
    int arrived;

    if (flight->stage == LEAVING && may_leave(reducer, bucket) &&
        fa_reducer_is_there(reducer, flight->window))
        leave(reducer, bucket, flight);
    if (flight->stage == FLYING) {
        MPI_Test(&flight->request, &arrived, MPI_STATUS_IGNORE);
        if (arrived)
            land(bucket, flight);
    }
    return flight->stage == LANDED;
}

static fa_status open_flight(const struct fa_reducer *reducer, struct flight *flight)
{
    FA_TRY(fa_flat_window_create(fa_flat_backend(reducer->sum), reducer->buckets.length, &flight->window));
    return fa_alloc(reducer->buckets.length, sizeof *flight->sum, &flight->sum);
}

static fa_status create(struct fa_reducer *reducer)
{
    struct flight *flights;

    FA_TRY(fa_alloc_zero(FA_BUCKET_SLOTS, sizeof *flights, &flights));
    reducer->state = flights;
    for (size_t i = 0; i < FA_BUCKET_SLOTS && i < reducer->buckets.n; i++)
        FA_TRY(open_flight(reducer, &flights[i]));
    return FA_OK;
}

static void destroy(struct fa_reducer *reducer)
{
    struct flight *flights = reducer->state;

    for (size_t i = 0; i < FA_BUCKET_SLOTS && flights != NULL; i++) {
        fa_flat_window_destroy(flights[i].window);
        fa_free(flights[i].sum);
    }
    fa_free(flights);
}

const struct fa_reduction_ops fa_reduction_allreduce = {
    .create = create, .destroy = destroy, .settle = settle, .start = start, .poll = poll};
