/*
 * cmd_bench.c - freeanchor bench: which measurement is meant. A new one is a file in bench/ and a line here.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "help.h"

static const struct fa_flag flags[] = {
    {"--config", "C.json", "the recipe (default: FreeAnchor R-50)", false},
    {"--set", "KEY=VALUE", "change a key of it; may be repeated", false},
    {"--backend", "NAME", "onednn, blas or cuda (default: the fastest of this build)", false},
    {"--size", "HxW", "padded image size, multiples of 32 (default: the recipe's largest)", false, FA_SIDES},
    {"--classes", "N", "classes of the network (default 80)", false, FA_WHOLE(1, 10000)},
    {"--objects", "N", "objects of the image (default 8; loss: 100)", false, FA_WHOLE(0, 10000)},
    {"--steps", "N", "repetitions after one to warm up; their median counts (default 5)", false,
     FA_WHOLE(1, 1000)},
    {"--autotune", NULL, "step: measure which algorithm suits each convolution, and step with those", false},
    {"--inference", NULL, "step: also one image's inference and post-processing", false},
    {"--plans", "N", "step: also what N further image sizes cost, in time and memory", false,
     FA_WHOLE(0, 1000)},
    {"--sizes", "BYTES,...", "allreduce: what is added up, besides a whole gradient", false,
     FA_WHOLE(sizeof(fa_real), (size_t)1 << 34), FA_LIST(',', 0)},
    {"--trace", "FILE", "step: write one step for chrome://tracing or Perfetto", false},
    {"--data", "SHARDDIR",
     "open, loader: packed images (default of loader: a synthetic JPEG of 640x480 in memory)", false},
    {"--images", "N", "loader, eval: how many images (default 64; eval: 5000)", false, FA_WHOLE(1, 1000000)},
    {"--coco", "A.json", "eval: ground truth instead of synthetic one", false},
    {"--results", "R.json", "eval: the detections to go with it", false},
    {"--out", "DIR", "checkpoint: where to write, and remove again (default: the current directory)", false},
    {"--step-ms", "N", "checkpoint: what a step takes, instead of measuring it", false, FA_WHOLE(1, 1000000)},
    {0}};

static const char details[] =
    "Layers are counted as direct convolutions, 2 operations a multiply-add. Times are medians of the\n"
    "repetitions, in seconds; --json has every number of the tables.";

static const struct fa_bench *const benches[] = {&fa_bench_step,      &fa_bench_conv,    &fa_bench_loss,
                                                 &fa_bench_loader,    &fa_bench_eval,    &fa_bench_checkpoint,
                                                 &fa_bench_allreduce, &fa_bench_overlap, &fa_bench_open};

enum { N_BENCHES = sizeof benches / sizeof benches[0] };

static const struct fa_bench *find_bench(const char *name)
{
    for (int i = 0; name != NULL && i < N_BENCHES; i++)
        if (strcmp(benches[i]->name, name) == 0)
            return benches[i];
    return NULL;
}

static fa_status unknown_bench(const char *name)
{
    char known[128] = "";

    for (int i = 0; i < N_BENCHES; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i > 0 ? ", " : "",
                 benches[i]->name);
    return fa_fail(FA_EINVAL, "bench %s: expected one of %s", name != NULL ? name : "", known);
}

static bool takes(const struct fa_bench *bench, const char *flag)
{
    for (const char *const *own = bench->flags; *own != NULL; own++)
        if (strcmp(*own, flag) == 0)
            return true;
    return false;
}

static fa_status check_usage(const struct fa_invocation *invocation, const struct fa_bench *bench)
{
    const char *further = fa_arguments_nth(&invocation->arguments, NULL, 1);

    if (further != NULL)
        return fa_fail(FA_EINVAL, "unexpected argument %s; see freeanchor bench %s --help", further,
                       bench->name);
    for (const struct fa_flag *flag = flags; flag->name != NULL; flag++)
        if (fa_arguments_get(&invocation->arguments, flag->name) != NULL && !takes(bench, flag->name))
            return fa_fail(FA_EINVAL, "bench %s takes no %s; see freeanchor bench %s --help", bench->name,
                           flag->name, bench->name);
    if (!bench->parallel && fa_comm_size(invocation->comm) > 1)
        return fa_fail(FA_EINVAL, "bench %s measures one process; start it without mpirun", bench->name);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    const char *name = fa_arguments_nth(&invocation->arguments, NULL, 0);
    const struct fa_bench *bench = find_bench(name);

    if (bench == NULL)
        return unknown_bench(name);
    FA_TRY(check_usage(invocation, bench));
    fa_report_string(invocation, "bench", name);
    fa_report_number(invocation, "threads", invocation->threads);
    return bench->run(invocation);
}

/* ---- help ---- */

static void help_with_one(const struct fa_bench *bench)
{
    printf("usage: freeanchor bench %s [OPTION]...\n\n%s\n\n", bench->name, bench->summary);
    for (const struct fa_flag *flag = flags; flag->name != NULL; flag++)
        if (takes(bench, flag->name))
            fa_help_flag(flag);
    fa_help_common(bench->parallel);
}

static void help(const struct fa_arguments *given)
{
    const struct fa_bench *bench = find_bench(fa_arguments_nth(given, NULL, 0));

    if (bench != NULL) {
        help_with_one(bench);
        return;
    }
    printf("usage: freeanchor bench NAME [OPTION]...\n\n%s\n\n", fa_command_bench.summary);
    for (int i = 0; i < N_BENCHES; i++)
        printf("  %-10s  %s\n", benches[i]->name, benches[i]->summary);
    printf("\n%s\n\n`freeanchor bench NAME --help` tells the options of one.\n", details);
}

const struct fa_command fa_command_bench = {
    .name = "bench",
    .operands = "step | conv | loss | loader | eval | checkpoint | allreduce | overlap | open",
    .summary = "how fast it is here, and where the time goes",
    .details = details,
    .flags = flags,
    .help = help,
    .parallel = true,
    .run = run};
