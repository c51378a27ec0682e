/*
 * comm.h - the ranks of a run. The only user of MPI is behind it.
 *
 * Every function marked "collective" must be called by all ranks in the same order. Exactly one thread of a
 * process calls anything here (MPI_THREAD_FUNNELED). Counts are size_t; what MPI cannot count goes in pieces.
 * A failing MPI call ends the job: MPI gives no way back from it.
 */
#ifndef FA_COMM_H
#define FA_COMM_H

#include <stddef.h>
#include <stdint.h>

#include "fa/real.h"
#include "fa/status.h"

struct fa_comm;

/* Starts MPI (once per process) and gives the communicator of all ranks. Refuses to run as one of many
   singletons: a SLURM job step of several tasks in which MPI sees one. fa_comm_finalize ends MPI. */
fa_status fa_comm_init(struct fa_comm **out) FA_CHECK_RESULT;
void fa_comm_finalize(struct fa_comm *comm);

int fa_comm_rank(const struct fa_comm *comm);
int fa_comm_size(const struct fa_comm *comm);
int fa_comm_local_size(const struct fa_comm *comm); /* ranks on this host */
int fa_comm_local_rank(const struct fa_comm *comm); /* this one's number among them */
const char *fa_comm_host(const struct fa_comm *comm);
const char *fa_comm_library(void); /* "Open MPI 4.1.4" */

/* Where the launcher lets this rank run. A core is what the system schedules on: a hardware thread. */
struct fa_cores {
    int on_host; /* all of the host */
    int usable;  /* by this rank */
    int share;   /* of usable, those shared with other ranks counted in parts; 0: less than one */
    int idle;    /* of on_host, those that no rank of this run may use */
};

struct fa_cores fa_comm_cores(const struct fa_comm *comm); /* at the time of fa_comm_init */

/* Ends the whole job at once with this exit code, after the caller printed why. Does not return. */
void fa_comm_abort(struct fa_comm *comm, int exit_code) __attribute__((noreturn));

/* Collective. All ranks succeed or all fail: a rank that brings a failure keeps its code, and its message
   becomes "rank r (host): <message>" unless all ranks bring one; the others get the message of the lowest
   failing rank, with FA_EREMOTE, or with its code where that says wrong input (FA_EINVAL, FA_EFORMAT,
   FA_EMISSING): a wrong key on one rank is one on all. */
fa_status fa_comm_agree(struct fa_comm *comm, fa_status status) FA_CHECK_RESULT;

/* Collective, in place. The order of the sum depends only on the number of ranks. */
void fa_comm_sum_double(struct fa_comm *comm, double *values, size_t n);
void fa_comm_sum_real(struct fa_comm *comm, fa_real *values, size_t n);
void fa_comm_max_double(struct fa_comm *comm, double *values, size_t n);
void fa_comm_barrier(struct fa_comm *comm);
void fa_comm_broadcast(struct fa_comm *comm, void *data, size_t n_bytes, int root);

/* Collective. Rank root receives all ranks' bytes end to end in rank order: *all (fa_free) and *n_all, NULL
 * and 0 elsewhere. */
fa_status fa_comm_gather(struct fa_comm *comm, const void *data, size_t n_bytes, int root, void **all,
                         size_t *n_all) FA_CHECK_RESULT;

/* Collective. FA_EINVAL on every rank if value is not the same on all; the message says what and names two
 * ranks. */
fa_status fa_comm_same(struct fa_comm *comm, const char *what, uint64_t value) FA_CHECK_RESULT;

#endif
