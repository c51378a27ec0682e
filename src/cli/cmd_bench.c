/*
 * cmd_bench.c - freeanchor bench: which measurement is meant. A new one is a file in bench/ and a line here.
 */
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"

static const struct fa_flag flags[] = {
    {"--config", "C.json", "the recipe (default: FreeAnchor R-50)", false},
    {"--set", "KEY=VALUE", "change a key of it; may be repeated", false},
    {"--backend", "NAME", "onednn, blas or cuda (default: the fastest of this build)", false},
    {"--size", "HxW", "padded image size, multiples of 32 (default 800x1344)", false, FA_SIDES},
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
    {"--data", "SHARDDIR", "loader: packed images (default: a synthetic JPEG of 640x480 in memory)", false},
    {"--images", "N", "loader, eval: how many images (default 64; eval: 5000)", false, FA_WHOLE(1, 1000000)},
    {"--coco", "A.json", "eval: ground truth instead of synthetic one", false},
    {"--results", "R.json", "eval: the detections to go with it", false},
    {"--out", "DIR", "checkpoint: where to write, and remove again (default: the current directory)", false},
    {"--step-ms", "N", "checkpoint: what a step takes, instead of measuring it", false, FA_WHOLE(1, 1000000)},
    {0}};

static const char details[] =
    "\n"
    "  step        a training step: its phases, every layer's convolutions, what is not convolution\n"
    "  conv        each distinct convolution of the network alone, and how much slower it is within a step\n"
    "  loss        the loss of one image and its gradient\n"
    "  loader      JPEG to normalised tensor, images a second\n"
    "  eval        COCO metrics of a whole validation set; post-processing and NMS of one image\n"
    "  checkpoint  how long a save holds a step up, when it is durable, and how large it is\n"
    "  allreduce   the sum of gradients over ranks, by size; the latency and bandwidth that it tells of\n"
    "  overlap     what that sum costs a training step, after backward and while it runs\n"
    "\n"
    "Layers are counted as direct convolutions, 2 operations a multiply-add. Times are medians of the\n"
    "repetitions, in seconds; --json has every number of the tables.";

static const struct fa_bench *const benches[] = {&fa_bench_step,      &fa_bench_conv,   &fa_bench_loss,
                                                 &fa_bench_loader,    &fa_bench_eval,   &fa_bench_checkpoint,
                                                 &fa_bench_allreduce, &fa_bench_overlap};

enum { N_BENCHES = sizeof benches / sizeof benches[0] };

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
        return fa_fail(FA_EINVAL, "unexpected argument %s; see freeanchor bench --help", further);
    for (const struct fa_flag *flag = flags; flag->name != NULL; flag++)
        if (fa_arguments_get(&invocation->arguments, flag->name) != NULL && !takes(bench, flag->name))
            return fa_fail(FA_EINVAL, "bench %s takes no %s; see freeanchor bench --help", bench->name,
                           flag->name);
    if (!bench->parallel && fa_comm_size(invocation->comm) > 1)
        return fa_fail(FA_EINVAL, "bench %s measures one process; start it without mpirun", bench->name);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    const char *name = fa_arguments_nth(&invocation->arguments, NULL, 0);

    for (int i = 0; name != NULL && i < N_BENCHES; i++)
        if (strcmp(benches[i]->name, name) == 0) {
            FA_TRY(check_usage(invocation, benches[i]));
            fa_report_string(invocation, "bench", name);
            fa_report_number(invocation, "threads", invocation->threads);
            return benches[i]->run(invocation);
        }
    return unknown_bench(name);
}

const struct fa_command fa_command_bench = {
    .name = "bench",
    .operands = "step | conv | loss | loader | eval | checkpoint | allreduce | overlap",
    .summary = "how fast it is here, and where the time goes",
    .details = details,
    .flags = flags,
    .parallel = true,
    .run = run};
