#include "mpi_threads.h"

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

static atomic_int level = -1;
static atomic_long n_calls;
static _Atomic(const char *) stray;
static pthread_t starter;

int fa_mpi_level_asked_for(void)
{
    return atomic_load(&level);
}

long fa_mpi_calls(void)
{
    return atomic_load(&n_calls);
}

const char *fa_mpi_stray_call(void)
{
    return atomic_load(&stray);
}

void fa_mpi_forget_stray_calls(void)
{
    atomic_store(&stray, NULL);
}

/* level is set after starter. */
static void note(const char *name)
{
    if (atomic_load(&level) < 0)
        return;
    atomic_fetch_add(&n_calls, 1);
    if (!pthread_equal(pthread_self(), starter))
        atomic_store(&stray, name);
}

int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    starter = pthread_self();
    atomic_store(&level, required);
    return PMPI_Init_thread(argc, argv, required, provided);
}

#define WATCHED(name, parameters, arguments)                                                                 \
    int MPI_##name parameters                                                                                \
    {                                                                                                        \
        note("MPI_" #name);                                                                                  \
        return PMPI_##name arguments;                                                                        \
    }

/* clang-format off */
WATCHED(Abort, (MPI_Comm comm, int code), (comm, code))
WATCHED(Allgather, (const void *mine, int n, MPI_Datatype type, void *all, int n_all, MPI_Datatype type_all, MPI_Comm comm),
        (mine, n, type, all, n_all, type_all, comm))
WATCHED(Allreduce, (const void *mine, void *all, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm),
        (mine, all, n, type, op, comm))
WATCHED(Barrier, (MPI_Comm comm), (comm))
WATCHED(Bcast, (void *data, int n, MPI_Datatype type, int root, MPI_Comm comm), (data, n, type, root, comm))
WATCHED(Comm_create_errhandler, (MPI_Comm_errhandler_function *function, MPI_Errhandler *handler), (function, handler))
WATCHED(Comm_dup, (MPI_Comm comm, MPI_Comm *copy), (comm, copy))
WATCHED(Comm_free, (MPI_Comm *comm), (comm))
WATCHED(Comm_rank, (MPI_Comm comm, int *rank), (comm, rank))
WATCHED(Comm_set_errhandler, (MPI_Comm comm, MPI_Errhandler handler), (comm, handler))
WATCHED(Comm_size, (MPI_Comm comm, int *size), (comm, size))
WATCHED(Comm_split_type, (MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part), (comm, type, key, info, part))
WATCHED(Errhandler_free, (MPI_Errhandler *handler), (handler))
WATCHED(Error_string, (int code, char *text, int *length), (code, text, length))
WATCHED(Finalize, (void), ())
WATCHED(Gather, (const void *mine, int n, MPI_Datatype type, void *all, int n_all, MPI_Datatype type_all, int root,
                 MPI_Comm comm), (mine, n, type, all, n_all, type_all, root, comm))
WATCHED(Get_library_version, (char *text, int *length), (text, length))
WATCHED(Get_processor_name, (char *name, int *length), (name, length))
WATCHED(Iallreduce, (const void *mine, void *all, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm, MPI_Request *request),
        (mine, all, n, type, op, comm, request))
WATCHED(Ibcast, (void *data, int n, MPI_Datatype type, int root, MPI_Comm comm, MPI_Request *request),
        (data, n, type, root, comm, request))
WATCHED(Igather, (const void *mine, int n, MPI_Datatype type, void *all, int n_all, MPI_Datatype type_all, int root,
                  MPI_Comm comm, MPI_Request *request), (mine, n, type, all, n_all, type_all, root, comm, request))
WATCHED(Initialized, (int *flag), (flag))
WATCHED(Irecv, (void *data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Request *request),
        (data, n, type, from, tag, comm, request))
WATCHED(Isend, (const void *data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request *request),
        (data, n, type, to, tag, comm, request))
WATCHED(Query_thread, (int *provided), (provided))
WATCHED(Recv, (void *data, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status *status),
        (data, n, type, from, tag, comm, status))
WATCHED(Send, (const void *data, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm), (data, n, type, to, tag, comm))
WATCHED(Sendrecv, (const void *out, int n_out, MPI_Datatype type_out, int to, int tag_out, void *in, int n_in,
                   MPI_Datatype type_in, int from, int tag_in, MPI_Comm comm, MPI_Status *status),
        (out, n_out, type_out, to, tag_out, in, n_in, type_in, from, tag_in, comm, status))
WATCHED(Test, (MPI_Request *request, int *flag, MPI_Status *status), (request, flag, status))
WATCHED(Testall, (int n, MPI_Request requests[], int *flag, MPI_Status statuses[]), (n, requests, flag, statuses))
/* clang-format on */
