/*
 * single_copy.c - whether a rank may read the memory of its neighbour on the host, as Open MPI does for large
 * messages unless told otherwise. A container whose security profile forbids it makes Open MPI complain
 * ("Read -1, expected 8388608, errno = 1") at each of them and then copy twice.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/launcher.h"

struct address {
    int64_t process;
    uint64_t at;
};

static bool is_switched_off(void)
{
    const char *mechanism;

    if (fa_mpi_words.single_copy == NULL)
        return true;
    mechanism = getenv(fa_mpi_words.single_copy);
    return mechanism != NULL && strcmp(mechanism, fa_mpi_words.off) == 0;
}

static bool can_read(const struct address *theirs)
{
    int64_t process = 0;
    const struct iovec to = {&process, sizeof process};
    const struct iovec from = {(void *)(uintptr_t)theirs->at, sizeof process};

    return process_vm_readv((pid_t)theirs->process, &to, 1, &from, 1, 0) == (ssize_t)sizeof process &&
           process == theirs->process;
}

enum fa_single_copy fa_comm_try_single_copy(MPI_Comm local)
{
    struct address mine = {.process = getpid()}, theirs;
    int rank, size, works;

    mine.at = (uintptr_t)&mine.process;
    MPI_Comm_rank(local, &rank);
    MPI_Comm_size(local, &size);
    MPI_Sendrecv(&mine, sizeof mine, MPI_BYTE, (rank + 1) % size, 0, &theirs, sizeof theirs, MPI_BYTE,
                 (rank + size - 1) % size, 0, local, MPI_STATUS_IGNORE);
    works = is_switched_off() || can_read(&theirs);
    MPI_Allreduce(MPI_IN_PLACE, &works, 1, MPI_INT, MPI_MIN, local); /* and nobody left before it was read */
    if (size == 1 || is_switched_off())
        return FA_SINGLE_COPY_UNUSED;
    return works ? FA_SINGLE_COPY_WORKS : FA_SINGLE_COPY_REFUSED;
}
