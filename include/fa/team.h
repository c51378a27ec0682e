/*
 * team.h - processes that do one work together, as rooms that know no MPI see them (fa_comm_team in comm.h).
 *
 * NULL is a process alone: it is the first of one, agrees with itself, and keeps what it hands out.
 * Everything below but rank and size is collective: all processes call it in the same order, from one thread
 * each.
 */
#ifndef FA_TEAM_H
#define FA_TEAM_H

#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_team {
    int rank, size;
    void *context;
    fa_status (*agree)(void *context, fa_status status);
    void (*broadcast)(void *context, void *data, size_t n_bytes, int root);
};

int fa_team_rank(const struct fa_team *team);
int fa_team_size(const struct fa_team *team);

/* All succeed or all fail. */
fa_status fa_team_agree(const struct fa_team *team, fa_status status) FA_CHECK_RESULT;

/* What root has is what all have afterwards. */
void fa_team_broadcast(const struct fa_team *team, void *data, size_t n_bytes, int root);

/* The same of a block whose size root alone knows: the others get memory for it, freed with fa_free. All
   succeed or all fail, and then theirs is NULL. */
fa_status fa_team_hand_out(const struct fa_team *team, void *block, size_t *n_bytes,
                           int root) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
