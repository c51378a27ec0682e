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
    MPI_Request request;
    fa_real *sum; /* of a bucket */
    bool landed;
};

static struct flight *flight_of(const struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    return (struct flight *)reducer->state + bucket->slot;
}

static void start(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct flight *flight = flight_of(reducer, bucket);

    flight->landed = false;
    MPI_Iallreduce(reducer->grad + bucket->begin, flight->sum, (int)(bucket->end - bucket->begin),
                   FA_MPI_REAL, MPI_SUM, reducer->comm->mpi, &flight->request);
}

static bool poll(struct fa_reducer *reducer, const struct fa_bucket *bucket)
{
    struct flight *flight = flight_of(reducer, bucket);
    int arrived;

    if (flight->landed)
        return true;
    MPI_Test(&flight->request, &arrived, MPI_STATUS_IGNORE);
    if (!arrived)
        return false;
    memcpy(reducer->grad + bucket->begin, flight->sum, (bucket->end - bucket->begin) * sizeof *flight->sum);
    flight->landed = true;
    return true;
}

static fa_status create(struct fa_reducer *reducer)
{
    struct flight *flights;

    FA_TRY(fa_alloc_zero(FA_BUCKET_SLOTS, sizeof *flights, &flights));
    reducer->state = flights;
    for (size_t i = 0; i < FA_BUCKET_SLOTS && i < reducer->buckets.n; i++)
        FA_TRY(fa_alloc(reducer->buckets.length, sizeof *flights->sum, &flights[i].sum));
    return FA_OK;
}

static void destroy(struct fa_reducer *reducer)
{
    struct flight *flights = reducer->state;

    for (size_t i = 0; i < FA_BUCKET_SLOTS && flights != NULL; i++)
        fa_free(flights[i].sum);
    fa_free(flights);
}

const struct fa_reduction_ops fa_reduction_allreduce = {
    .create = create, .destroy = destroy, .start = start, .poll = poll};
