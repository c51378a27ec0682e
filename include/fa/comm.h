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

#include "fa/declarations.h"
#include "fa/real.h"
#include "fa/status.h"
#include "fa/team.h"

FA_BEGIN_DECLARATIONS

struct fa_comm;

/* Starts MPI (once per process) and gives the communicator of all ranks. Refuses to run as one of many that
   do not know of each other: started by another MPI's launcher, or by SLURM alone. fa_comm_finalize ends MPI.
   Where ranks do not come for minutes the process ends, saying which may be to blame; also after it, until
   fa_comm_met. */
fa_status fa_comm_init(struct fa_comm **out) FA_CHECK_RESULT;
void fa_comm_met(void); /* from now on waits have no limit here */
void fa_comm_finalize(struct fa_comm *comm);

int fa_comm_rank(const struct fa_comm *comm);
int fa_comm_size(const struct fa_comm *comm);
int fa_comm_local_size(const struct fa_comm *comm); /* ranks on this host */
int fa_comm_local_rank(const struct fa_comm *comm); /* this one's number among them */
const char *fa_comm_host(const struct fa_comm *comm);
const char *fa_comm_library(void); /* "Open MPI 4.1.4" */
long fa_comm_mpirun(void); /* the process of the mpirun that started this one; 0: none on this host did */

/* Where the launcher and the system let this rank run. A core is what the system schedules on: a hardware
   thread. */
struct fa_cores {
    int on_host; /* all of the host */
    int usable;  /* by this rank */
    int share;   /* of usable, those shared with other ranks in parts, and what the quota leaves; 0: less than
                    one */
    int idle;    /* of on_host, those that no rank of this run may use */
    double quota; /* cores' worth of time that control groups allow the ranks of this host; INFINITY: any */
};

struct fa_cores fa_comm_cores(const struct fa_comm *comm); /* at the time of fa_comm_init */

/* Whether ranks of this host may copy from each other's memory, which Open MPI relies on for large messages.
 */
enum fa_single_copy {
    FA_SINGLE_COPY_UNUSED, /* it is switched off, or the rank is alone on its host */
    FA_SINGLE_COPY_WORKS,
    FA_SINGLE_COPY_REFUSED /* by the system, as in containers; every large message complains and is slow */
};

enum fa_single_copy fa_comm_single_copy(const struct fa_comm *comm);

/* Ends the whole job at once with this exit code, after the caller printed why. Does not return. */
void fa_comm_abort(struct fa_comm *comm, int exit_code) __attribute__((noreturn));

/* Collective. All ranks succeed or all fail: a rank that brings a failure keeps its code, and its message
   becomes "rank r (host): <message>" unless all ranks bring the same; the others get the message of the
   lowest failing rank, with FA_EREMOTE, or with its code where that says wrong input (FA_EINVAL, FA_EFORMAT,
   FA_EMISSING): a wrong key on one rank is one on all. */
fa_status fa_comm_agree(struct fa_comm *comm, fa_status status) FA_CHECK_RESULT;

/* The ranks as rooms without MPI see them (team.h): all, or those of this host, among whom a failure is that
   of the lowest failing rank. Borrowed from comm. */
struct fa_team fa_comm_team(struct fa_comm *comm);
struct fa_team fa_comm_host_team(struct fa_comm *comm);

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

/* What a rank says of itself, and every other should say as well: "train.batch" is "16". */
struct fa_claim {
    const char *what, *value;
};

/* Collective. FA_EINVAL on every rank unless all make the same claims in the same order; the message has the
   first that differs, with its values on rank 0 and on the lowest rank that says otherwise. */
fa_status fa_comm_same(struct fa_comm *comm, const struct fa_claim *claims, size_t n) FA_CHECK_RESULT;

/* Collective. What should be the same and was computed: FA_ENUMERIC on every rank if value is not; the
   message names the ranks, with their hosts, that hold another than most do. */
fa_status fa_comm_majority(struct fa_comm *comm, const char *what, uint64_t value) FA_CHECK_RESULT;

/* Collective. FA_EINVAL on every rank, naming a host, unless what rank 0 makes in the directory is seen by
   all ranks within some seconds, and every host may write there. Nothing is left behind. */
fa_status fa_comm_share_directory(struct fa_comm *comm, const char *directory) FA_CHECK_RESULT;

/* Collective. *seconds: how far this rank's clock (CLOCK_REALTIME) is ahead of rank 0's, to about half the
   time of a message. */
void fa_comm_clock_offset(struct fa_comm *comm, double *seconds);

FA_END_DECLARATIONS

#endif
