/*
 * gather.c - what all ranks bring, on one of them.
 */
#include <string.h>

#include "comm_private.h"
#include "fa/activity.h"
#include "fa/memory.h"

static void send_pieces(struct fa_comm *comm, const char *data, size_t n_bytes, int to)
{
    size_t piece = fa_comm_piece(1);

    for (size_t done = 0; done < n_bytes; done += piece)
        MPI_Send(data + done, (int)fa_size_smaller(piece, n_bytes - done), MPI_BYTE, to, FA_TAG_GATHER,
                 comm->mpi);
}

static void receive_pieces(struct fa_comm *comm, char *data, size_t n_bytes, int from)
{
    size_t piece = fa_comm_piece(1);

    for (size_t done = 0; done < n_bytes; done += piece)
        MPI_Recv(data + done, (int)fa_size_smaller(piece, n_bytes - done), MPI_BYTE, from, FA_TAG_GATHER,
                 comm->mpi, MPI_STATUS_IGNORE);
}

/* On root: a block for what everybody brings. sizes has room for one number a rank and is not touched
   elsewhere. */
static fa_status make_room(struct fa_comm *comm, uint64_t *sizes, void **all, size_t *n_all)
{
    size_t total = 0;

    for (int r = 0; r < comm->size; r++)
        if (!fa_size_add(total, (size_t)sizes[r], &total))
            return fa_fail(FA_ENOMEM, "the gathered parts of %d ranks have more bytes than can be counted",
                           comm->size);
    FA_TRY(fa_alloc(total, 1, all));
    *n_all = total;
    return FA_OK;
}

static void collect(struct fa_comm *comm, const void *data, const uint64_t *sizes, char *all)
{
    for (int r = 0; r < comm->size; r++) {
        if (r != comm->rank)
            receive_pieces(comm, all, (size_t)sizes[r], r);
        else if (sizes[r] > 0)
            memcpy(all, data, (size_t)sizes[r]);
        all += sizes[r];
    }
}

fa_status fa_comm_gather(struct fa_comm *comm, const void *data, size_t n_bytes, int root, void **all,
                         size_t *n_all)
{
    uint64_t mine = n_bytes, *sizes = NULL;
    fa_status status;

    *all = NULL;
    *n_all = 0;
    status = fa_comm_agree(comm, fa_alloc((size_t)comm->size, sizeof *sizes, &sizes));
    if (status != FA_OK)
        goto out;
    fa_activity_wait("gather");
    MPI_Gather(&mine, 1, MPI_UINT64_T, sizes, 1, MPI_UINT64_T, root, comm->mpi);
    status = fa_comm_agree(comm, comm->rank == root ? make_room(comm, sizes, all, n_all) : FA_OK);
    if (status != FA_OK)
        goto out;
    fa_activity_wait("gather");
    if (comm->rank == root)
        collect(comm, data, sizes, *all);
    else
        send_pieces(comm, data, n_bytes, root);
    fa_activity_go_on();
out:
    fa_free(sizes);
    return status;
}
