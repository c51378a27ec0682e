/*
 * aside.h - a second conversation of the ranks, beside their work: nobody waits for anybody.
 *
 * One gather or broadcast is under way at a time. Ranks begin the same ones in the same order, each when it
 * is ready, in between whatever else they communicate. It goes on while fa_aside_done is asked, so that is
 * done often: between layers, say. By the thread that calls MPI.
 */
#ifndef FA_ASIDE_H
#define FA_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/comm.h"
#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_aside;

/* Collective; when it closes, nothing is under way. NULL closes. */
fa_status fa_aside_open(struct fa_comm *comm, struct fa_aside **out) FA_CHECK_RESULT;
void fa_aside_close(struct fa_aside *aside);

/* Begins to bring everybody's n_bytes to rank 0: there all has room for them in the order of ranks, elsewhere
   it is NULL. n_bytes, here and below, is the same on all ranks and far below 2^31; buffers are left alone
   until it is done. */
void fa_aside_gather(struct fa_aside *aside, const void *mine, size_t n_bytes, void *all);

/* Begins to bring n_bytes of rank 0 to all. */
void fa_aside_broadcast(struct fa_aside *aside, void *data, size_t n_bytes);

/* What was begun is over as far as this rank is concerned: its buffers are filled, or free again. */
bool fa_aside_done(struct fa_aside *aside);

/* Until it is done; others do not wait. what, a literal, is the activity (activity.h). */
void fa_aside_wait(struct fa_aside *aside, const char *what);

FA_END_DECLARATIONS

#endif
