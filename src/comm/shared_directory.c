/*
 * shared_directory.c - notices a directory that hosts do not share: a local disk of the same name on each.
 *
 * Rank 0 makes a file of a name that never was, so no client of a network file system can remember that it is
 * not there; the others look until they see it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "comm_private.h"
#include "fa/clock.h"
#include "fa/file.h"
#include "fa/memory.h"
#include "fa/new_file.h"

#define PAUSE_S 0.1

double fa_comm_share_patience_s = 5;

/* "<directory>/.seen-by-<rank>.<token>.freeanchor.tmp": the next sweep takes what a crash leaves. */
static fa_status name_file(const char *directory, int rank, uint64_t token, char **path)
{
    return fa_asprintf(path, "%s/.seen-by-%d.%016" PRIx64 "%s", directory, rank, token, FA_TEMPORARY_SUFFIX);
}

static uint64_t make_token(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec << 32 ^ (uint64_t)now.tv_nsec << 2 ^ (uint64_t)getpid() << 16;
}

static fa_status make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0 || close(fd) != 0)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot write", path);
    return FA_OK;
}

static fa_status fail_apart(const char *directory)
{
    return fa_fail(FA_EINVAL,
                   "%s: what rank 0 makes there is not here; the directory must be on a file system that all "
                   "hosts share",
                   directory);
}

static fa_status look_for(const char *directory, const char *path)
{
    const struct timespec pause = {.tv_nsec = (long)(1e9 * PAUSE_S)};
    const double begun = fa_clock_seconds();

    while (!fa_file_exists(path)) {
        if (fa_clock_seconds() - begun > fa_comm_share_patience_s)
            return fail_apart(directory);
        nanosleep(&pause, NULL);
    }
    return FA_OK;
}

/* A host on which the file system is mounted to read would fail at the first checkpoint. */
static fa_status try_to_write(const char *directory, int rank, uint64_t token)
{
    char *path;
    fa_status status;

    FA_TRY(name_file(directory, rank, token, &path));
    status = make_file(path);
    if (status == FA_OK)
        unlink(path);
    fa_free(path);
    return status;
}

fa_status fa_comm_share_directory(struct fa_comm *comm, const char *directory)
{
    uint64_t token = make_token();
    char *path = NULL;
    fa_status status;

    fa_comm_broadcast(comm, &token, sizeof token, 0);
    status = name_file(directory, 0, token, &path);
    if (status == FA_OK && comm->rank == 0)
        status = make_file(path);
    status = fa_comm_agree(comm, status);
    if (status == FA_OK) {
        status = comm->rank == 0 ? FA_OK : look_for(directory, path);
        if (status == FA_OK && comm->rank != 0 && comm->local_rank == 0)
            status = try_to_write(directory, comm->rank, token);
        status = fa_comm_agree(comm, status);
        if (comm->rank == 0)
            unlink(path);
    }
    fa_free(path);
    return status;
}
