#include "checkpoint_vote.h"

#include <stdio.h>

void fa_checkpoint_vote(struct fa_checkpoint_vote *vote, const struct fa_comm *comm, fa_status status)
{
    vote->status = status;
    snprintf(vote->host, sizeof vote->host, "%s", fa_comm_host(comm));
    snprintf(vote->message, sizeof vote->message, "%s", status == FA_OK ? "" : fa_message());
}

static int count_failures(const struct fa_checkpoint_vote *votes, int n, int *first)
{
    int n_failed = 0;

    for (int r = n - 1; r >= 0; r--)
        if (votes[r].status != FA_OK) {
            n_failed++;
            *first = r;
        }
    return n_failed;
}

/* A failure of all ranks needs no name. */
static void blame(const struct fa_checkpoint_vote *vote, int rank, struct fa_checkpoint_verdict *verdict)
{
    verdict->culprit = rank;
    verdict->status = fa_status_forward(vote->status, vote->message);
    if (rank != FA_EVERYBODY)
        verdict->status = fa_prefix(verdict->status, "rank %d (%s)", rank, vote->host);
    snprintf(verdict->message, sizeof verdict->message, "%s", fa_message());
}

void fa_checkpoint_count_votes(const struct fa_checkpoint_vote *votes, int n,
                               struct fa_checkpoint_verdict *verdict)
{
    int first = 0;
    const int n_failed = count_failures(votes, n, &first);

    *verdict = (struct fa_checkpoint_verdict){.status = FA_OK};
    if (n_failed > 0)
        blame(&votes[first], n_failed == n ? FA_EVERYBODY : first, verdict);
}

fa_status fa_checkpoint_hear(const struct fa_checkpoint_verdict *verdict, int rank)
{
    const bool is_own = verdict->culprit == FA_EVERYBODY || verdict->culprit == rank;

    if (verdict->status == FA_OK)
        return FA_OK;
    return fa_status_forward(is_own ? verdict->status : FA_EREMOTE, verdict->message);
}
