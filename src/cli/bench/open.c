/*
 * open.c - freeanchor bench open: how long packed data take to open where one process of a host reads the
 * index for all, and where each reads it for itself.
 */
#include <stdio.h>

#include "bench.h"
#include "fa/clock.h"
#include "fa/log.h"
#include "fa/shard.h"

struct opening {
    const char *path;
    const struct fa_team *host;
    uint64_t n_index_bytes;
    size_t n_images;
};

static fa_status open_and_close(const struct opening *opening, struct opening *seen)
{
    struct fa_dataset *dataset;

    FA_TRY(fa_dataset_open_together(opening->path, opening->host, &dataset));
    seen->n_index_bytes = dataset->n_index_bytes;
    seen->n_images = dataset->n_records;
    fa_dataset_close(dataset);
    return FA_OK;
}

/* Until the last rank has it. */
static fa_status time_opening(struct fa_invocation *invocation, struct opening *opening, double *seconds)
{
    double begin;

    fa_comm_barrier(invocation->comm);
    begin = fa_clock_seconds();
    FA_TRY(fa_invocation_agree(invocation, open_and_close(opening, opening)));
    *seconds = fa_clock_seconds() - begin;
    fa_comm_max_double(invocation->comm, seconds, 1);
    return FA_OK;
}

static void report(struct fa_invocation *invocation, const struct opening *opening, double together_s,
                   double alone_s)
{
    if (!fa_invocation_speaks(invocation))
        return;
    printf("%d rank%s, %zu images, an index of %.1f MB: %.3f s where one of each host reads it, %.3f s where "
           "each "
           "reads it\n",
           fa_comm_size(invocation->comm), fa_plural((size_t)fa_comm_size(invocation->comm)),
           opening->n_images, (double)opening->n_index_bytes * 1e-6, together_s, alone_s);
    fa_report_number(invocation, "ranks", fa_comm_size(invocation->comm));
    fa_report_number(invocation, "index_bytes", (double)opening->n_index_bytes);
    fa_report_number(invocation, "together_s", together_s);
    fa_report_number(invocation, "alone_s", alone_s);
}

/* The first opening brings the index into memory, where the host has it. */
static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_team host = fa_comm_host_team(invocation->comm);
    struct opening opening = {.path = fa_arguments_get(&invocation->arguments, "--data"), .host = &host};
    double together_s, alone_s;

    if (opening.path == NULL)
        return fa_fail(FA_EINVAL, "bench open needs --data SHARDDIR");
    FA_TRY(time_opening(invocation, &opening, &together_s));
    FA_TRY(time_opening(invocation, &opening, &together_s));
    opening.host = NULL;
    FA_TRY(time_opening(invocation, &opening, &alone_s));
    report(invocation, &opening, together_s, alone_s);
    return FA_OK;
}

const struct fa_bench fa_bench_open = {.name = "open",
                                       .summary = "packed data opened by all ranks",
                                       .flags = {"--data"},
                                       .parallel = true,
                                       .run = run};
