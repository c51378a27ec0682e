/*
 * comm.c - the life of the communicator and who is in it.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm_private.h"
#include "fa/memory.h"

/* For MPI to start on all ranks; for them to reach each other then; for what they agree on before they are
 * watched. */
enum { SECONDS_TO_START = 300, SECONDS_TO_MEET = 60, SECONDS_TO_SETTLE = 300 };

/* Where memory has run out, Open MPI's own way to end a job reads from nowhere; that a rank leaves without a
   word ends the job as well. */
static _Noreturn void abort_job(MPI_Comm mpi, int exit_code)
{
    void *probe;

    if (fa_alloc(1 << 16, 1, &probe) == FA_OK)
        fa_free(probe);
    if (!fa_memory_ran_out())
        MPI_Abort(mpi, exit_code);
    _Exit(exit_code);
}

/* MPI offers no way back from a failed call, so it ends the job, saying where it happened. */
static void end_job(MPI_Comm *mpi, int *code, ...)
{
    char text[MPI_MAX_ERROR_STRING] = "", host[FA_HOST_MAX] = "";
    int length, rank = -1;

    MPI_Error_string(*code, text, &length);
    MPI_Get_processor_name(host, &length);
    MPI_Comm_rank(*mpi, &rank);
    fprintf(stderr, "freeanchor: [rank %d] MPI failed on host %s: %s\n", rank, host, text);
    fflush(NULL);
    abort_job(*mpi, EXIT_FAILURE);
}

static void install_error_handler(MPI_Comm mpi)
{
    MPI_Errhandler handler;

    MPI_Comm_create_errhandler(end_job, &handler);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, handler);
    MPI_Comm_set_errhandler(mpi, handler);
    MPI_Errhandler_free(&handler);
}

/* Waits for all ranks to do so. */
static int start_in_time(int *provided)
{
    int error;

    fa_guardian_begin();
    fa_patience_begin(SECONDS_TO_START, false);
    error = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, provided);
    fa_patience_end();
    return error;
}

static fa_status start_mpi(void)
{
    int running, provided;

    MPI_Initialized(&running);
    if (running)
        MPI_Query_thread(&provided);
    else if (start_in_time(&provided) != MPI_SUCCESS)
        return fa_fail(FA_EIO, "MPI does not start: check the launcher (mpirun, or srun --mpi=pmix)");
    if (provided < MPI_THREAD_FUNNELED)
        return fa_fail(FA_EINVAL,
                       "%s does not support threads (MPI_THREAD_FUNNELED); use an MPI library that does",
                       fa_comm_library());
    return FA_OK;
}

static void meet_on_host(struct fa_comm *comm)
{
    struct fa_comm *host = comm->on_host;

    MPI_Comm_split_type(comm->mpi, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &host->mpi);
    MPI_Comm_size(host->mpi, &host->size);
    MPI_Comm_rank(host->mpi, &host->rank);
    memcpy(host->host, comm->host, sizeof host->host);
    comm->local_size = host->size;
    comm->local_rank = host->rank;
    comm->cores = fa_comm_find_cores(host->mpi);
    comm->single_copy = fa_comm_try_single_copy(host->mpi);
}

static void introduce(struct fa_comm *comm)
{
    int length;

    MPI_Comm_dup(MPI_COMM_WORLD, &comm->mpi);
    install_error_handler(comm->mpi);
    MPI_Comm_rank(comm->mpi, &comm->rank);
    MPI_Comm_size(comm->mpi, &comm->size);
    MPI_Get_processor_name(comm->host, &length);
    meet_on_host(comm);
}

fa_status fa_comm_init(struct fa_comm **out)
{
    fa_status status;
    int size;

    *out = NULL;
    FA_TRY(fa_comm_check_launcher());
    fa_comm_spare_remote_shell();
    FA_TRY(start_mpi());
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    status = fa_comm_check_singleton(size);
    if (status != FA_OK) {
        MPI_Finalize();
        return status;
    }
    FA_TRY(fa_alloc_zero(2, sizeof **out, out)); /* of all ranks, and of those of the host */
    (*out)->on_host = *out + 1;
    fa_patience_begin(SECONDS_TO_MEET, true);
    introduce(*out);
    fa_patience_end();
    if (size > 1)
        fa_patience_begin(SECONDS_TO_SETTLE, false);
    return FA_OK;
}

void fa_comm_met(void)
{
    fa_patience_end();
    fa_guardian_end();
}

void fa_comm_finalize(struct fa_comm *comm)
{
    if (comm == NULL)
        return;
    fa_comm_met();
    MPI_Comm_free(&comm->on_host->mpi);
    MPI_Comm_free(&comm->mpi);
    fa_free(comm);
    MPI_Finalize();
}

int fa_comm_rank(const struct fa_comm *comm)
{
    return comm->rank;
}

int fa_comm_size(const struct fa_comm *comm)
{
    return comm->size;
}

int fa_comm_local_size(const struct fa_comm *comm)
{
    return comm->local_size;
}

int fa_comm_local_rank(const struct fa_comm *comm)
{
    return comm->local_rank;
}

struct fa_cores fa_comm_cores(const struct fa_comm *comm)
{
    return comm->cores;
}

enum fa_single_copy fa_comm_single_copy(const struct fa_comm *comm)
{
    return comm->single_copy;
}

const char *fa_comm_host(const struct fa_comm *comm)
{
    return comm->host;
}

static void shorten(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);

    if (at == NULL)
        return;
    memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    memcpy(at, to, strlen(to));
}

/* "Open MPI v4.1.4, package: ..." says more than a reader wants; its head without the v is enough. */
const char *fa_comm_library(void)
{
    static char name[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;

    if (name[0] != '\0')
        return name;
    MPI_Get_library_version(name, &length);
    name[strcspn(name, ",\n")] = '\0';
    shorten(name, " v", " ");          /* Open MPI's */
    shorten(name, " Version:\t", " "); /* MPICH's */
    return name;
}

void fa_comm_abort(struct fa_comm *comm, int exit_code)
{
    assert(exit_code != 0);
    fflush(NULL);
    abort_job(comm->mpi, exit_code);
}
