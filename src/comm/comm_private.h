/*
 * comm_private.h - what the files of this folder know about a communicator.
 */
#ifndef FA_COMM_PRIVATE_H
#define FA_COMM_PRIVATE_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fa/comm.h"

#define FA_HOST_MAX (MPI_MAX_PROCESSOR_NAME + 1)

#define FA_MPI_REAL (sizeof(fa_real) == sizeof(double) ? MPI_DOUBLE : MPI_FLOAT)

/* Of messages between two ranks; each file that sends has its own. */
enum { FA_TAG_GATHER = 1, FA_TAG_CLOCK = 2, FA_TAG_REDUCER = 100 };

struct fa_comm {
    MPI_Comm mpi;
    int rank, size;
    int local_size; /* ranks on this host */
    int local_rank;
    struct fa_cores cores;
    enum fa_single_copy single_copy;
    char host[FA_HOST_MAX];
    struct fa_comm *on_host; /* the ranks of this host among themselves; NULL in those themselves */
};

/* No MPI call is given more bytes than this, since MPI counts in int. Tests make it small. */
extern size_t fa_comm_piece_bytes;

/* How long ranks look for a file in a directory that all should share. Tests make it small. */
extern double fa_comm_share_patience_s;

/* Elements of size bytes in one piece, at least 1. */
size_t fa_comm_piece(size_t size);

/* Collective. The failure of the lowest failing rank becomes that of all, word for word. */
fa_status fa_comm_share_failure(struct fa_comm *comm, fa_status status) FA_CHECK_RESULT;

/* Unless fa_patience_end() or another beginning comes within so many seconds, the process ends with 1. It
   says which rank of its host is stopped; if none is, and is_network, that the network may be to blame. */
void fa_patience_begin(unsigned seconds, bool is_network);
void fa_patience_end(void); /* nothing where it was not begun */

/* What the launcher tells before MPI does; -1 where it does not. */
int fa_launcher_rank(void);
int fa_launcher_local_rank(void);
enum fa_launcher_hosts { FA_UNKNOWN_HOSTS, FA_ONE_HOST, FA_SEVERAL_HOSTS };
enum fa_launcher_hosts fa_launcher_hosts(void);

/* The last words of a rank that has waited so long in vain: one line. */
enum { FA_LAST_WORDS_MAX = 1536 };
void fa_patience_print(unsigned seconds, const char *why, char *text, size_t size);

/* Before MPI starts, on the first rank of a host that is not the only one: a process that says so, and ends
   this one, if it is stopped so many seconds after it was told; 0: not before it is told again. */
void fa_guardian_begin(void);
void fa_guardian_tell(unsigned seconds); /* nothing where there is none, nor below */
void fa_guardian_end(void);

/* A process of a rank of this host that is stopped, as by SIGSTOP; false if there is none. */
bool fa_comm_stopped_sibling(pid_t *pid, int *rank);

/* Collective over the ranks of a host. */
struct fa_cores fa_comm_find_cores(MPI_Comm local);

/* Collective over the ranks of a host. */
enum fa_single_copy fa_comm_try_single_copy(MPI_Comm local);

/* A launcher told this process where the others are. Looks at the environment only. */
bool fa_comm_is_launched(void);

/* Before MPI starts: in a process alone, where there is neither ssh nor rsh, makes Open MPI do without. */
void fa_comm_spare_remote_shell(void);

/* Before MPI starts: FA_EINVAL if this process is a task of a SLURM job step of several that has no way to
   find the others; Open MPI would end it with words about its own build. Looks at the environment only. */
fa_status fa_comm_check_launcher(void) FA_CHECK_RESULT;

/* FA_EINVAL if this process, alone in MPI's eyes, is one of several that a launcher started, as that of
   another MPI, or one of several tasks of a SLURM job step: they would all do the same work and overwrite
   each other's files. Looks at the environment only. */
fa_status fa_comm_check_singleton(int size) FA_CHECK_RESULT;

#endif
