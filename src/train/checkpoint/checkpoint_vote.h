/*
 * checkpoint_vote.h - every rank says how its part of a save went, and rank 0 what becomes of the save. Plain
 * values that travel between ranks as they are.
 */
#ifndef FA_CHECKPOINT_VOTE_H
#define FA_CHECKPOINT_VOTE_H

#include "checkpoint_private.h"
#include "fa/checkpoint_writer.h"

enum { FA_VOTE_HOST_MAX = 256 };

/* What a rank says of its slice. */
struct fa_checkpoint_vote {
    fa_status status;
    struct fa_checkpoint_shard shard;
    char host[FA_VOTE_HOST_MAX], message[FA_MESSAGE_MAX];
};

/* What rank 0 says of the save. */
struct fa_checkpoint_verdict {
    fa_status status;
    int culprit; /* the rank whose failure it is; FA_EVERYBODY: all ranks failed */
    struct fa_checkpoint_cost cost;
    char message[FA_MESSAGE_MAX];
};
enum { FA_EVERYBODY = -1 };

/* All but the shard; of a failure, its message. */
void fa_checkpoint_vote(struct fa_checkpoint_vote *vote, const struct fa_comm *comm, fa_status status);

/* votes: of all n ranks. */
void fa_checkpoint_count_votes(const struct fa_checkpoint_vote *votes, int n,
                               struct fa_checkpoint_verdict *verdict);

/* To a rank: its own failure, or FA_EREMOTE with the culprit's message. */
fa_status fa_checkpoint_hear(const struct fa_checkpoint_verdict *verdict, int rank) FA_CHECK_RESULT;

#endif
