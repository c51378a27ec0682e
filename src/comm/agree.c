/*
 * agree.c - ranks tell each other whether all is well.
 */
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

/* Collective. What the speaker brings. */
static struct speech listen(struct fa_comm *comm, int speaker, fa_status status)
{
    struct speech speech = {.status = status};

    if (speaker == comm->rank) {
        snprintf(speech.host, sizeof speech.host, "%s", comm->host);
        snprintf(speech.message, sizeof speech.message, "%s", fa_message());
    }
    fa_comm_broadcast(comm, &speech, sizeof speech, speaker);
    return speech;
}

fa_status fa_comm_agree(struct fa_comm *comm, fa_status status)
{
    int speaker = lowest_rank(comm, status != FA_OK);
    struct speech speech;

    if (speaker == comm->size)
        return FA_OK;
    speech = listen(comm, speaker, status);
    if (all_ranks(comm, status == (fa_status)speech.status && strcmp(fa_message(), speech.message) == 0))
        return status;
    if (status != FA_OK)
        return fa_prefix(status, "rank %d (%s)", comm->rank, comm->host);
    if (fa_status_exit_code((fa_status)speech.status) != fa_status_exit_code(FA_EINVAL))
        speech.status = FA_EREMOTE;
    return fa_fail((fa_status)speech.status, "rank %d (%s): %s", speaker, speech.host, speech.message);
}

fa_status fa_comm_share_failure(struct fa_comm *comm, fa_status status)
{
    const int speaker = lowest_rank(comm, status != FA_OK);
    struct speech speech;

    if (speaker == comm->size)
        return FA_OK;
    speech = listen(comm, speaker, status);
    return fa_status_forward((fa_status)speech.status, speech.message);
}
