/*
 * collective.c - sums, maxima and broadcast, cut into pieces that MPI can count.
 *
 * The cuts depend on nothing but the number of elements, and an MPI library chooses its algorithm by size and
 * number of ranks, so the same number of ranks adds in the same order.
 */
#include "comm_private.h"
#include "fa/activity.h"
#include "fa/memory.h"

size_t fa_comm_piece_bytes = (size_t)1 << 29;

size_t fa_comm_piece(size_t size)
{
    return fa_comm_piece_bytes > size ? fa_comm_piece_bytes / size : 1;
}

static void all_reduce(struct fa_comm *comm, void *values, size_t n, size_t size, MPI_Datatype type,
                       MPI_Op operation)
{
    size_t piece = fa_comm_piece(size);

    fa_activity_wait("all-reduce");
    for (size_t done = 0; done < n; done += piece)
        MPI_Allreduce(MPI_IN_PLACE, (char *)values + done * size, (int)fa_size_smaller(piece, n - done), type,
                      operation, comm->mpi);
    fa_activity_go_on();
}

void fa_comm_sum_double(struct fa_comm *comm, double *values, size_t n)
{
    all_reduce(comm, values, n, sizeof *values, MPI_DOUBLE, MPI_SUM);
}

void fa_comm_sum_real(struct fa_comm *comm, fa_real *values, size_t n)
{
    all_reduce(comm, values, n, sizeof *values, FA_MPI_REAL, MPI_SUM);
}

void fa_comm_max_double(struct fa_comm *comm, double *values, size_t n)
{
    all_reduce(comm, values, n, sizeof *values, MPI_DOUBLE, MPI_MAX);
}

void fa_comm_barrier(struct fa_comm *comm)
{
    fa_activity_wait("barrier");
    MPI_Barrier(comm->mpi);
    fa_activity_go_on();
}

void fa_comm_broadcast(struct fa_comm *comm, void *data, size_t n_bytes, int root)
{
    size_t piece = fa_comm_piece(1);

    fa_activity_wait("broadcast");
    for (size_t done = 0; done < n_bytes; done += piece)
        MPI_Bcast((char *)data + done, (int)fa_size_smaller(piece, n_bytes - done), MPI_BYTE, root,
                  comm->mpi);
    fa_activity_go_on();
}
