/*
 * rank_times.h - what each rank did with its seconds, so that a slow one, or a slow host, is seen. The
 * journal's own seconds are those of rank 0, for which a slow rank is nothing but a wait.
 */
#ifndef FA_RANK_TIMES_H
#define FA_RANK_TIMES_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/comm.h"
#include "journal.h"

struct fa_rank_times {
    int n_ranks;
    int64_t n_steps;                 /* since the times were told last */
    int n_windows;                   /* of the journal, in them */
    double sum[FA_RANK_PARTS];       /* seconds of this rank in them */
    double *all;                     /* (n_ranks, FA_RANK_PARTS) room for all */
    char (*hosts)[FA_RANK_HOST_MAX]; /* rank 0: (n_ranks) */
};

/* Collective. To be cleared also after a failure. */
fa_status fa_rank_times_open(struct fa_comm *comm, struct fa_rank_times *out) FA_CHECK_RESULT;
void fa_rank_times_clear(struct fa_rank_times *times);

/* The mean of this rank over n steps of a window. */
void fa_rank_times_add(struct fa_rank_times *times, const struct fa_journal_entry *mean, int n);

/* Whether enough windows are in it to tell; the same on all ranks. */
bool fa_rank_times_due(const struct fa_rank_times *times);

/* Collective. Into the journal, as means a step, and forgotten; a rank that is alone has nothing to tell. */
void fa_rank_times_tell(struct fa_rank_times *times, struct fa_comm *comm, struct fa_journal *journal,
                        int64_t step);

#endif
