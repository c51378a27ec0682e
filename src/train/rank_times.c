#include "rank_times.h"

#include <stdio.h>
#include <string.h>

#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"

enum { WINDOWS = 10 };

static double *row_of(struct fa_rank_times *times, int rank)
{
    return times->all + (size_t)rank * FA_RANK_PARTS;
}

/* Ranks on the host of r, if that is the first of them; else 0. */
static int count_from(const struct fa_rank_times *times, int r)
{
    int n = 0;

    for (int other = 0; other < times->n_ranks; other++)
        if (strcmp(times->hosts[other], times->hosts[r]) == 0) {
            if (other < r)
                return 0;
            n++;
        }
    return n;
}

/* Rank 0. "node1 (4 ranks), node2 (4 ranks)", where there are several. */
static void tell_hosts(const struct fa_rank_times *times)
{
    char text[FA_MESSAGE_MAX] = "";
    int n_hosts = 0;

    for (int r = 0; r < times->n_ranks; r++) {
        const int n = count_from(times, r);

        if (n > 0)
            fa_text_add(text, sizeof text, "%s%s (%d rank%s)", n_hosts++ > 0 ? ", " : "", times->hosts[r], n,
                        fa_plural((size_t)n));
    }
    if (n_hosts > 1)
        fa_info("%d hosts: %s", n_hosts, text);
}

fa_status fa_rank_times_open(struct fa_comm *comm, struct fa_rank_times *out)
{
    char host[FA_RANK_HOST_MAX] = "";
    void *hosts;
    size_t n_bytes;

    *out = (struct fa_rank_times){.n_ranks = fa_comm_size(comm)};
    FA_TRY(fa_comm_agree(comm,
                         fa_alloc_zero((size_t)out->n_ranks * FA_RANK_PARTS, sizeof *out->all, &out->all)));
    snprintf(host, sizeof host, "%s", fa_comm_host(comm));
    FA_TRY(fa_comm_gather(comm, host, sizeof host, 0, &hosts, &n_bytes));
    out->hosts = hosts;
    if (hosts != NULL)
        tell_hosts(out);
    return FA_OK;
}

void fa_rank_times_clear(struct fa_rank_times *times)
{
    fa_free(times->all);
    fa_free(times->hosts);
    *times = (struct fa_rank_times){0};
}

void fa_rank_times_add(struct fa_rank_times *times, const struct fa_journal_entry *mean, int n)
{
    static const enum fa_rank_part part_of[FA_PHASES] = {
        [FA_PHASE_DATA] = FA_RANK_DATA,      [FA_PHASE_FORWARD] = FA_RANK_COMPUTE,
        [FA_PHASE_LOSS] = FA_RANK_COMPUTE,   [FA_PHASE_BACKWARD] = FA_RANK_COMPUTE,
        [FA_PHASE_UPDATE] = FA_RANK_COMPUTE, [FA_PHASE_COMM] = FA_RANK_EXCHANGE};

    for (int p = 0; p < FA_PHASES; p++)
        times->sum[part_of[p]] += n * mean->phase_s[p];
    times->n_steps += n;
    times->n_windows++;
}

bool fa_rank_times_due(const struct fa_rank_times *times)
{
    return times->n_windows >= WINDOWS;
}

void fa_rank_times_tell(struct fa_rank_times *times, struct fa_comm *comm, struct fa_journal *journal,
                        int64_t step)
{
    const size_t n = (size_t)times->n_ranks * FA_RANK_PARTS;

    if (times->n_ranks < 2 || times->n_steps == 0)
        return;
    memset(times->all, 0, n * sizeof *times->all);
    for (int p = 0; p < FA_RANK_PARTS; p++)
        row_of(times, fa_comm_rank(comm))[p] = times->sum[p] / (double)times->n_steps;
    fa_comm_sum_double(comm, times->all, n); /* only one of each has a row that is not zero */
    fa_journal_ranks(journal, &(struct fa_journal_ranks){.step = step,
                                                         .n_steps = times->n_steps,
                                                         .n_ranks = times->n_ranks,
                                                         .seconds = times->all});
    memset(times->sum, 0, sizeof times->sum);
    times->n_steps = times->n_windows = 0;
}
