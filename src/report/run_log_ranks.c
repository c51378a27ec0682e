/*
 * run_log_ranks.c - what each rank did with its seconds since the run's last start, from the journal's lines
 * on ranks.
 */
#include <stddef.h>
#include <stdio.h>

#include "fa/memory.h"
#include "run_log_parts.h"

fa_status fa_log_begin_ranks(const struct fa_json *hosts, struct fa_run_log *log)
{
    const size_t n = fa_json_kind(hosts) == FA_JSON_ARRAY ? fa_json_count(hosts) : 0;
    const struct fa_json *item = fa_json_first(hosts);

    fa_free(log->ranks);
    log->ranks = NULL;
    log->n_ranks = 0;
    log->rank_steps = 0;
    FA_TRY(fa_alloc_zero(n, sizeof *log->ranks, &log->ranks));
    for (size_t r = 0; r < n; r++, item = fa_json_next(item)) {
        const char *host = "";

        fa_json_to_string(item, &host);
        snprintf(log->ranks[r].host, sizeof log->ranks[r].host, "%s", host);
    }
    log->n_ranks = n;
    return FA_OK;
}

/* What is no number of seconds counts as none. */
static double seconds_of(const struct fa_json *item)
{
    double value = 0;

    return fa_json_to_double(item, &value) && value >= 0 && value < 1e9 ? value : 0;
}

/* column: of a rank, a mean over the steps before, which those of this line join. */
static void mix_ranks(const struct fa_json *values, size_t column, double share_of_new,
                      struct fa_run_log *log)
{
    const struct fa_json *item = fa_json_first(values);

    for (size_t r = 0; r < log->n_ranks; r++, item = fa_json_next(item)) {
        double *mean = (double *)(void *)((char *)&log->ranks[r] + column);

        *mean += share_of_new * (seconds_of(item) - *mean);
    }
}

void fa_log_add_ranks(const struct fa_json *line, struct fa_run_log *log)
{
    static const struct {
        const char *key;
        size_t column;
    } parts[] = {{"data_time", offsetof(struct fa_log_rank, data)},
                 {"compute_time", offsetof(struct fa_log_rank, compute)},
                 {"comm_time", offsetof(struct fa_log_rank, exchange)}};
    const double steps = fa_log_number(line, "steps");

    if (!(steps > 0) || log->n_ranks == 0 || fa_json_count(fa_json_get(line, "compute_time")) != log->n_ranks)
        return;
    log->rank_steps += steps;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++)
        mix_ranks(fa_json_get(line, parts[p].key), parts[p].column, steps / log->rank_steps, log);
}
