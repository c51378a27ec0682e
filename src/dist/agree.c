/*
 * agree.c - ranks tell each other whether all is well, and whether they hold the same.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "comm_private.h"
#include "fa/activity.h"

/* The lowest rank for which flag is set; the number of ranks if there is none. */
static int lowest_rank(struct fa_comm *comm, int flag)
{
    int lowest = flag ? comm->rank : comm->size;

    fa_activity_wait("agreement");
    MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, comm->mpi);
    fa_activity_go_on();
    return lowest;
}

/* Collective. */
static bool all_ranks(struct fa_comm *comm, bool flag)
{
    int all = flag;

    fa_activity_wait("agreement");
    MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_MIN, comm->mpi);
    fa_activity_go_on();
    return all;
}

struct speech {
    int status;
    char host[FA_HOST_MAX];
    char message[FA_MESSAGE_MAX];
};

fa_status fa_comm_agree(struct fa_comm *comm, fa_status status)
{
    struct speech speech = {.status = status};
    int speaker = lowest_rank(comm, status != FA_OK);

    if (speaker == comm->size)
        return FA_OK;
    if (all_ranks(comm, status != FA_OK))
        return status;
    if (speaker == comm->rank) {
        snprintf(speech.host, sizeof speech.host, "%s", comm->host);
        snprintf(speech.message, sizeof speech.message, "%s", fa_message());
    }
    fa_comm_broadcast(comm, &speech, sizeof speech, speaker);
    if (status != FA_OK)
        return fa_prefix(status, "rank %d (%s)", comm->rank, comm->host);
    if (fa_status_exit_code((fa_status)speech.status) != fa_status_exit_code(FA_EINVAL))
        speech.status = FA_EREMOTE;
    return fa_fail((fa_status)speech.status, "rank %d (%s): %s", speaker, speech.host, speech.message);
}

struct claim {
    uint64_t value;
    char host[FA_HOST_MAX];
};

static struct claim claim_of(struct fa_comm *comm, int rank, uint64_t value)
{
    struct claim claim = {.value = value};

    snprintf(claim.host, sizeof claim.host, "%s", comm->host);
    fa_comm_broadcast(comm, &claim, sizeof claim, rank);
    return claim;
}

fa_status fa_comm_same(struct fa_comm *comm, const char *what, uint64_t value)
{
    struct claim first = claim_of(comm, 0, value), other;
    int differs = lowest_rank(comm, value != first.value);

    if (differs == comm->size)
        return FA_OK;
    other = claim_of(comm, differs, value);
    return fa_fail(FA_EINVAL,
                   "%s is not the same on all ranks: rank 0 (%s) has %016" PRIx64
                   ", rank %d (%s) has %016" PRIx64,
                   what, first.host, first.value, differs, other.host, other.value);
}
