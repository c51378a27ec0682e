/*
 * cmd_estimate.c - freeanchor estimate: how long training takes on ranks that one does not have yet.
 */
#include <stdio.h>

#include "estimate/image_time.h"
#include "estimate/predict.h"
#include "estimate/start.h"
#include "fa/clock.h"
#include "fa/log.h"
#include "fa/shard.h"
#include "session.h"

static const struct fa_flag flags[] = {
    {"--config", "C.json", "the recipe: network, batch, epochs, reduction, bucket size", true},
    {"--set", "KEY=VALUE", "change a key of it; may be repeated", false},
    {"--nodes", "N", "how many hosts", true, FA_WHOLE(1, 100000)},
    {"--ranks-per-node", "R", "ranks on each", true, FA_WHOLE(1, 1024)},
    {"--bandwidth", "GBIT", "Gbit/s that a host can send while it receives as many", true,
     FA_REAL(1e-3, 1e5)},
    {"--latency", "US", "microseconds that a small message takes to another host", true, FA_REAL(0, 1e6)},
    {"--message", "US", "microseconds of a processor for each message sent and received (default 1)", false,
     FA_REAL(0, 1e4)},
    {"--copy", "GB/S", "gradients that MPI on one processor can pass on, GB/s (default: at no cost)", false,
     FA_REAL(1e-3, 1e6)},
    {"--pcie", "GB/S", "ranks are GPUs: GB/s between one and its host's memory, each way (default: no GPUs)",
     false, FA_REAL(1e-3, 1e6)},
    {"--peer", "GB/S", "GB/s that a GPU reads from others of its host (default: it cannot)", false,
     FA_REAL(1e-3, 1e6)},
    {"--images", "N", "images of an epoch (default 117266: COCO train2017 without empty ones)", false,
     FA_WHOLE(1, 1e9)},
    {"--profile", "FILE", "time of an image: the output of freeanchor bench step --json on such a rank",
     false},
    {"--step-s", "S", "or: seconds that a training step of one image takes there (default: measured here)",
     false, FA_REAL(1e-6, 1e6)},
    {"--backend", "NAME", "onednn or blas (default: the fastest of this build)", false},
    {"--size", "HxW", "padded image size, multiples of 32 (default: the recipe's largest)", false, FA_SIDES},
    {"--classes", "N", "classes of the network (default 80)", false, FA_WHOLE(1, 10000)},
    {"--objects", "N", "objects of the image that is measured (default 8)", false, FA_WHOLE(0, 10000)},
    {"--data", "SHARDDIR", "also tell how long packed data like these take to open on all ranks", false},
    {"--storage", "GB/S", "of --data: what the file system gives to all readers together (default 1)", false,
     FA_REAL(1e-3, 1e6)},
    {"--disk", "GB/S", "of --data: what a host's own disk takes (default 1)", false, FA_REAL(1e-3, 1e6)},
    {"--steps", "N", "repetitions to measure, after one to warm up (default 5)", false, FA_WHOLE(1, 1000)},
    {0}};

static const char details[] =
    "\n"
    "A step is the time of its images on one rank, and what of the sum of gradients is not hidden behind\n"
    "backward. That sum is computed from latency and bandwidth, bucket by bucket; freeanchor bench "
    "allreduce\n"
    "tells both of a network, and freeanchor bench overlap how well the estimate holds there. Give the time "
    "of\n"
    "the largest image: some rank of many has one in every step, and the others wait for it. Ranks beyond "
    "the\n"
    "images of a batch make the batch grow, which changes the training; the learning rate follows by "
    "train.lr_scaling.";

enum { SMALLEST_RANKS = 8, MOST_RANKS = 4096 };

/* What is computed for each rank takes seconds from here on. */
enum { MOST_ASKED = 131072 };

struct estimate {
    struct fa_invocation *invocation;
    const struct fa_train_config *config;
    struct fa_image_time time;
    struct fa_network network; /* as asked for */
    struct fa_job job;
};

/* ---- what is asked ---- */

static struct fa_network network_of(const struct fa_arguments *given)
{
    const double copy_gb = fa_arguments_real(given, "--copy", 0);

    return (struct fa_network){.n_nodes = (int)fa_arguments_whole(given, "--nodes", 1),
                               .ranks_per_node = (int)fa_arguments_whole(given, "--ranks-per-node", 1),
                               .bandwidth = fa_arguments_real(given, "--bandwidth", 1) * 1e9 / 8,
                               .latency_s = fa_arguments_real(given, "--latency", 0) * 1e-6,
                               .message_s = fa_arguments_real(given, "--message", 1) * 1e-6,
                               .byte_s = copy_gb > 0 ? 1e-9 / copy_gb : 0,
                               .staging = fa_arguments_real(given, "--pcie", 0) * 1e9,
                               .peer = fa_arguments_real(given, "--peer", 0) * 1e9};
}

static fa_status check_ranks(const struct fa_network *network)
{
    const int64_t ranks = (int64_t)network->n_nodes * network->ranks_per_node;

    if (ranks <= MOST_ASKED)
        return FA_OK;
    return fa_fail(FA_EINVAL, "--nodes %d --ranks-per-node %d: are %lld ranks; expected up to %d together",
                   network->n_nodes, network->ranks_per_node, (long long)ranks, MOST_ASKED);
}

static struct fa_job job_of(const struct fa_arguments *given, const struct fa_train_config *config)
{
    return (struct fa_job){.batch = config->batch,
                           .n_images = fa_arguments_whole(given, "--images", 117266),
                           .reduction = config->reduction,
                           .bucket_bytes = (size_t)config->bucket_mib << 20};
}

/* ---- the answer ---- */

static double learning_rate(const struct estimate *estimate, int batch)
{
    const struct fa_train_config *config = estimate->config;

    return config->schedule.lr * fa_lr_scale(config->lr_scaling, batch, config->reference_batch);
}

static struct fa_json *to_json(const struct estimate *estimate, const struct fa_job *job,
                               const struct fa_network *network, const struct fa_prediction *p)
{
    struct fa_json *row = fa_json_new_object();

    fa_json_set(row, "reduction", fa_json_new_string(fa_reduction_names[job->reduction]));
    fa_json_set(row, "ranks", fa_json_new_number(p->ranks));
    fa_json_set(row, "nodes", fa_json_new_number(network->n_nodes));
    fa_json_set(row, "batch", fa_json_new_number(p->batch));
    fa_json_set(row, "images_per_rank", fa_json_new_number(p->images_per_rank));
    fa_json_set(row, "lr", fa_json_new_number(learning_rate(estimate, p->batch)));
    fa_json_set(row, "compute_s", fa_json_new_number(p->compute_s));
    fa_json_set(row, "exposed_s", fa_json_new_number(p->exposed_s));
    fa_json_set(row, "step_s", fa_json_new_number(p->step_s));
    fa_json_set(row, "epoch_s", fa_json_new_number(p->epoch_s));
    fa_json_set(row, "efficiency", fa_json_new_number(p->efficiency));
    fa_json_set(row, "limit", fa_json_new_string(fa_limit_names[p->limit]));
    return row;
}

/* Where the literature does not reach. */
static void print_doubt(const struct estimate *estimate, const struct fa_prediction *p)
{
    struct fa_schedule schedule = estimate->config->schedule;
    const struct fa_batch batch = {p->batch, estimate->config->reference_batch, p->steps,
                                   estimate->config->lr_scaling};
    char why[FA_MESSAGE_MAX / 2];

    schedule.lr = learning_rate(estimate, p->batch);
    fa_schedule_fit(&schedule, estimate->config->epochs, p->steps, p->batch);
    if (!fa_schedule_is_untried(&schedule, &batch, why, sizeof why))
        return;
    printf("           %s\n", why);
    fa_json_set(estimate->invocation->report, "doubt", fa_json_new_string(why));
}

static void print_batch(const struct estimate *estimate, const struct fa_prediction *p)
{
    printf("batch      %d, %s%d image%s a rank; learning rate %g\n", p->batch,
           p->batch % p->ranks != 0 ? "up to " : "", p->images_per_rank, p->images_per_rank == 1 ? "" : "s",
           learning_rate(estimate, p->batch));
    if (p->batch > estimate->job.batch)
        printf(
            "           the recipe has %d images for %d ranks, so the batch is larger: fewer updates in an "
            "epoch%s\n",
            estimate->job.batch, p->ranks,
            estimate->config->lr_scaling == FA_LR_NONE ? "" : ", at a higher rate");
    print_doubt(estimate, p);
}

static void print_answer(const struct estimate *estimate)
{
    const struct fa_prediction p = fa_predict(&estimate->time.work, &estimate->job, &estimate->network);
    char epoch[32], all[32];

    fa_clock_duration(p.epoch_s, epoch, sizeof epoch);
    fa_clock_duration(p.epoch_s * estimate->config->epochs, all, sizeof all);
    printf("ranks      %d on %d node%s of %g Gbit/s and %g us\n", p.ranks, estimate->network.n_nodes,
           estimate->network.n_nodes == 1 ? "" : "s", estimate->network.bandwidth * 8e-9,
           estimate->network.latency_s * 1e6);
    print_batch(estimate, &p);
    printf("reduction  %s, %zu MB in buckets of %zu MiB\n", fa_reduction_names[estimate->job.reduction],
           estimate->time.work.readiness.elements[estimate->time.work.readiness.n - 1] * sizeof(fa_real) /
               1000000,
           estimate->job.bucket_bytes >> 20);
    printf("step       %.4f s: %.4f s of computing, %.4f s of communication that is not hidden behind it\n",
           p.step_s, p.compute_s, p.exposed_s);
    printf("epoch      %lld steps, %s; %d epochs %s, evaluation and saving not counted\n", (long long)p.steps,
           epoch, estimate->config->epochs, all);
    printf("limit      %s; efficiency %.1f %%\n", fa_limit_names[p.limit], 100 * p.efficiency);
    fa_json_set(estimate->invocation->report, "estimate",
                to_json(estimate, &estimate->job, &estimate->network, &p));
}

/* ---- other numbers of ranks ---- */

static void print_row(const struct estimate *estimate, const struct fa_job *job, int ranks,
                      struct fa_json *rows)
{
    struct fa_network network = estimate->network;
    struct fa_prediction p;

    if (network.ranks_per_node > ranks)
        network.ranks_per_node = ranks;
    network.n_nodes = ranks / network.ranks_per_node;
    p = fa_predict(&estimate->time.work, job, &network);
    printf("%6d %6d %6d %7.4g | %9.4f %9.4f %9.4f | %8.2f %8.1f | %6.1f %%  %s%s\n", p.ranks, network.n_nodes,
           p.batch, learning_rate(estimate, p.batch), p.compute_s, p.exposed_s, p.step_s, p.epoch_s / 3600,
           p.epoch_s / 3600 * estimate->config->epochs, 100 * p.efficiency, fa_limit_names[p.limit],
           p.batch > job->batch ? "; batch grown" : "");
    fa_json_append(rows, to_json(estimate, job, &network, &p));
}

static void print_table(const struct estimate *estimate, enum fa_reduction reduction, struct fa_json *rows)
{
    struct fa_job job = estimate->job;
    char all[24];

    job.reduction = reduction;
    snprintf(all, sizeof all, "%d ep. h", estimate->config->epochs);
    printf("\n%s\n%6s %6s %6s %7s | %9s %9s %9s | %8s %8s | %8s  %s\n", fa_reduction_names[reduction],
           "ranks", "nodes", "batch", "lr", "compute s", "exposed s", "step s", "epoch h", all, "effic.",
           "limit");
    for (int ranks = SMALLEST_RANKS; ranks <= MOST_RANKS; ranks *= 2)
        if (ranks % estimate->network.ranks_per_node == 0 || ranks < estimate->network.ranks_per_node)
            print_row(estimate, &job, ranks, rows);
}

static void report(struct estimate *estimate)
{
    const struct fa_work *work = &estimate->time.work;
    struct fa_json *rows = fa_json_new_array();

    printf("an image   %.4f s (%s): forward and loss %.4f, backward %.4f, update %.4f\n",
           work->forward_s + work->backward_s + work->update_s, estimate->time.source, work->forward_s,
           work->backward_s, work->update_s);
    print_answer(estimate);
    print_table(estimate, estimate->job.reduction, rows);
    print_table(estimate,
                estimate->job.reduction == FA_REDUCTION_CANONICAL ? FA_REDUCTION_ALLREDUCE
                                                                  : FA_REDUCTION_CANONICAL,
                rows);
    fa_json_set(estimate->invocation->report, "table", rows);
}

/* ---- the start ---- */

static fa_status measure_opening(const char *path, struct fa_start_case *job)
{
    struct fa_dataset *dataset;
    double begin;

    FA_TRY(fa_dataset_open(path, &dataset)); /* from the disk, perhaps */
    fa_dataset_close(dataset);
    begin = fa_clock_seconds();
    FA_TRY(fa_dataset_open(path, &dataset));
    job->open_s = fa_clock_seconds() - begin;
    job->n_bytes = (double)dataset->n_bytes;
    job->n_index_bytes = (double)dataset->n_index_bytes;
    fa_dataset_close(dataset);
    return FA_OK;
}

static void report_start(struct fa_invocation *invocation, const struct fa_start_case *job)
{
    const struct fa_start_times times = fa_predict_start(job);

    printf("start      %.1f s until all have the data open: %.1f MB of index for each of %d host%s (%.1f s "
           "if each "
           "rank\n"
           "           read it); %.1f s with --stage, which copies %.1f GB to each host\n",
           times.together_s, job->n_index_bytes * 1e-6, job->n_nodes, fa_plural((size_t)job->n_nodes),
           times.alone_s, times.staged_s, job->n_bytes * 1e-9);
    fa_report_number(invocation, "start_s", times.together_s);
    fa_report_number(invocation, "start_alone_s", times.alone_s);
    fa_report_number(invocation, "start_staged_s", times.staged_s);
}

static fa_status tell_start(const struct estimate *estimate)
{
    const struct fa_arguments *given = &estimate->invocation->arguments;
    const char *path = fa_arguments_get(given, "--data");
    struct fa_start_case job = {.n_nodes = estimate->network.n_nodes,
                                .ranks_per_node = estimate->network.ranks_per_node,
                                .storage = fa_arguments_real(given, "--storage", 1) * 1e9,
                                .disk = fa_arguments_real(given, "--disk", 1) * 1e9};

    if (path == NULL)
        return FA_OK;
    FA_TRY(measure_opening(path, &job));
    report_start(estimate->invocation, &job);
    return FA_OK;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct estimate estimate = {.invocation = invocation, .network = network_of(&invocation->arguments)};
    struct fa_session session;
    fa_status status;

    FA_TRY(fa_invocation_no_operands(invocation));
    FA_TRY(fa_invocation_needs(invocation, "--storage", "--data"));
    FA_TRY(fa_invocation_needs(invocation, "--disk", "--data"));
    FA_TRY(check_ranks(&estimate.network));
    status = fa_session_open(invocation, NULL, &session);
    estimate.config = &session.settings.train;
    estimate.job = job_of(&invocation->arguments, estimate.config);
    if (status == FA_OK)
        status = fa_image_time_open(invocation, &estimate.time);
    if (status == FA_OK)
        report(&estimate);
    if (status == FA_OK)
        status = tell_start(&estimate);
    fa_image_time_free(&estimate.time);
    fa_session_close(&session);
    return status;
}

const struct fa_command fa_command_estimate = {
    .name = "estimate",
    .operands = "",
    .summary = "how long training takes on more ranks than one has, and why",
    .details = details,
    .flags = flags,
    .run = run};
