#include "fa/aside.h"

#include <time.h>

#include "comm_private.h"
#include "fa/activity.h"
#include "fa/memory.h"

/* A communicator of its own: MPI wants collectives in the same order on all ranks of one. */
struct fa_aside {
    MPI_Comm mpi;
    MPI_Request request; /* MPI_REQUEST_NULL: nothing is under way */
};

fa_status fa_aside_open(struct fa_comm *comm, struct fa_aside **out)
{
    struct fa_aside *aside = NULL;
    fa_status status = fa_comm_agree(comm, fa_alloc(1, sizeof *aside, &aside));

    *out = NULL;
    if (status != FA_OK) {
        fa_free(aside);
        return status;
    }
    MPI_Comm_dup(comm->mpi, &aside->mpi);
    aside->request = MPI_REQUEST_NULL;
    *out = aside;
    return FA_OK;
}

void fa_aside_close(struct fa_aside *aside)
{
    if (aside == NULL)
        return;
    MPI_Comm_free(&aside->mpi);
    fa_free(aside);
}

void fa_aside_gather(struct fa_aside *aside, const void *mine, size_t n_bytes, void *all)
{
    MPI_Igather(mine, (int)n_bytes, MPI_BYTE, all, (int)n_bytes, MPI_BYTE, 0, aside->mpi, &aside->request);
}

void fa_aside_broadcast(struct fa_aside *aside, void *data, size_t n_bytes)
{
    MPI_Ibcast(data, (int)n_bytes, MPI_BYTE, 0, aside->mpi, &aside->request);
}

bool fa_aside_done(struct fa_aside *aside)
{
    int done;

    MPI_Test(&aside->request, &done, MPI_STATUS_IGNORE);
    return done != 0;
}

/* What is waited for may be a disk, so the core is left to others meanwhile. */
void fa_aside_wait(struct fa_aside *aside, const char *what)
{
    const struct timespec pause = {.tv_nsec = 200000};

    fa_activity_wait(what);
    while (!fa_aside_done(aside))
        nanosleep(&pause, NULL);
    fa_activity_go_on();
}
