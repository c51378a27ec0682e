/*
 * clock_offset.c - how far the clocks of ranks are apart, by messages to rank 0 and back.
 *
 * Of several exchanges the shortest counts: the answer was read in its middle, give or take half its length.
 */
#include <math.h>
#include <time.h>

#include "comm_private.h"
#include "fa/activity.h"

enum { EXCHANGES = 10 };

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void answer(MPI_Comm mpi, int from)
{
    for (int i = 0; i < EXCHANGES; i++) {
        double time;

        MPI_Recv(&time, 1, MPI_DOUBLE, from, FA_TAG_CLOCK, mpi, MPI_STATUS_IGNORE);
        time = now();
        MPI_Send(&time, 1, MPI_DOUBLE, from, FA_TAG_CLOCK, mpi);
    }
}

static double ask(MPI_Comm mpi, int whom)
{
    double shortest = INFINITY, offset = 0;

    for (int i = 0; i < EXCHANGES; i++) {
        const double asked = now();
        double theirs = asked, answered;

        MPI_Send(&theirs, 1, MPI_DOUBLE, whom, FA_TAG_CLOCK, mpi);
        MPI_Recv(&theirs, 1, MPI_DOUBLE, whom, FA_TAG_CLOCK, mpi, MPI_STATUS_IGNORE);
        answered = now();
        if (answered - asked >= shortest)
            continue;
        shortest = answered - asked;
        offset = (asked + answered) / 2 - theirs;
    }
    return offset;
}

/* Rank 0 answers one rank after another. */
void fa_comm_clock_offset(struct fa_comm *comm, double *seconds)
{
    *seconds = 0;
    fa_activity_wait("clocks");
    for (int r = 1; r < comm->size; r++) {
        if (comm->rank == 0)
            answer(comm->mpi, r);
        else if (comm->rank == r)
            *seconds = ask(comm->mpi, 0);
    }
    fa_activity_go_on();
}
