/*
 * majority.c - finds the ranks whose value is not that of most others: their memory or processor is suspect.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "comm_private.h"
#include "fa/activity.h"
#include "fa/memory.h"

struct vote {
    uint64_t value;
    char host[FA_HOST_MAX];
};

/* Collective. What every step of interest pays: one small reduction. */
static bool all_equal(struct fa_comm *comm, uint64_t value)
{
    uint64_t smallest[2] = {value, ~value};

    fa_activity_wait("comparison");
    MPI_Allreduce(MPI_IN_PLACE, smallest, 2, MPI_UINT64_T, MPI_MIN, comm->mpi);
    fa_activity_go_on();
    return smallest[0] == ~smallest[1];
}

static int count(const struct vote *votes, int n, uint64_t value)
{
    int same = 0;

    for (int r = 0; r < n; r++)
        same += votes[r].value == value;
    return same;
}

/* The value that most ranks have; of equally many, that of the lowest rank. */
static uint64_t elect(const struct vote *votes, int n, int *supporters)
{
    uint64_t elected = 0;

    *supporters = 0;
    for (int r = 0; r < n; r++) {
        const int same = count(votes, n, votes[r].value);

        if (same > *supporters) {
            *supporters = same;
            elected = votes[r].value;
        }
    }
    return elected;
}

/* "rank 3 (node2), rank 5 (node3)", and how many more where there is no room. */
static void list_others(const struct vote *votes, int n, uint64_t elected, char *text, size_t size)
{
    size_t length = 0;
    int left_out = 0;

    text[0] = '\0';
    for (int r = 0; r < n; r++) {
        char name[FA_HOST_MAX + 32];

        if (votes[r].value == elected)
            continue;
        snprintf(name, sizeof name, "%srank %d (%s)", length > 0 ? ", " : "", r, votes[r].host);
        if (left_out > 0 || length + strlen(name) + 20 > size)
            left_out++;
        else
            length += (size_t)snprintf(text + length, size - length, "%s", name);
    }
    if (left_out > 0)
        snprintf(text + length, size - length, " and %d more", left_out);
}

static fa_status accuse(const char *what, const struct vote *votes, int n)
{
    char others[512];
    int supporters;
    const uint64_t elected = elect(votes, n, &supporters);

    list_others(votes, n, elected, others, sizeof others);
    if (2 * supporters > n)
        return fa_fail(FA_ENUMERIC,
                       "%s differ on %s from those of the other %d rank%s; check the memory and "
                       "processors there, and start again without those hosts",
                       what, others, supporters, supporters == 1 ? "" : "s");
    return fa_fail(FA_ENUMERIC,
                   "%s are not the same on all ranks: those of rank 0 (%s) have the checksum %08" PRIx64
                   ", others have %s; start again, and look at memory and processors where it comes back",
                   what, votes[0].host, votes[0].value, others);
}

fa_status fa_comm_majority(struct fa_comm *comm, const char *what, uint64_t value)
{
    struct vote mine = {.value = value}, *votes = NULL;
    fa_status status;

    if (all_equal(comm, value))
        return FA_OK;
    memcpy(mine.host, comm->host, sizeof mine.host);
    status = fa_comm_agree(comm, fa_alloc((size_t)comm->size, sizeof *votes, &votes));
    if (status == FA_OK) {
        fa_activity_wait("comparison");
        MPI_Allgather(&mine, sizeof mine, MPI_BYTE, votes, sizeof mine, MPI_BYTE, comm->mpi);
        fa_activity_go_on();
        status = accuse(what, votes, comm->size);
    }
    fa_free(votes);
    return status;
}
