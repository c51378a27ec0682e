/*
 * allreduce.c - freeanchor bench allreduce: the sum of gradients over ranks, nothing beside it; by size, and
 * of a whole gradient. From the times, what the network between the ranks is like.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "fa/reduction_time.h"
#include "session.h"

enum { MAX_SIZES = FA_LIST_MAX + 1 };

/* Seconds as alpha_s + bytes * beta_s. */
struct fit {
    double alpha_s, beta_s;
};

struct measure {
    struct fa_invocation *invocation;
    struct fa_comm *comm;
    enum fa_transport transport, found; /* asked for; and what the canonical reduction goes by */
    size_t bucket_bytes, n_repeats;
    size_t n_sizes, bytes[MAX_SIZES]; /* the last one is that of the gradient */
    double seconds[FA_N_REDUCTIONS][MAX_SIZES];
    struct fa_backend *backend; /* in whose memory the gradient lies */
};

/* ---- what is measured ---- */

static void take_sizes(struct measure *measure)
{
    static const int64_t usual[] = {sizeof(fa_real), 256, 4096, 65536, 1048576, 16777216};
    int64_t sizes[FA_LIST_MAX];

    measure->n_sizes = fa_arguments_list(&measure->invocation->arguments, "--sizes", sizes);
    if (measure->n_sizes == 0) {
        measure->n_sizes = sizeof usual / sizeof *usual;
        memcpy(sizes, usual, sizeof usual);
    }
    for (size_t i = 0; i < measure->n_sizes; i++)
        measure->bytes[i] = (size_t)sizes[i];
}

static fa_status choose_sizes(const struct fa_settings *settings, struct measure *measure)
{
    struct fa_model_config model = settings->model;
    struct fa_params params;

    model.num_classes = fa_bench_classes(measure->invocation);
    FA_TRY(fa_model_list_params(&model, &params));
    take_sizes(measure);
    measure->bytes[measure->n_sizes++] = params.n_trainable * sizeof(fa_real);
    fa_params_destroy(&params);
    return FA_OK;
}

/* ---- time ---- */

/* As long as the slowest rank takes. */
static fa_status time_once(const struct measure *measure, struct fa_reducer *reducer, double *seconds)
{
    double start;
    fa_status status;

    fa_reducer_begin(reducer);
    fa_comm_barrier(measure->comm);
    start = fa_clock_seconds();
    fa_reducer_next(reducer, fa_backend_mark(measure->backend));
    status = fa_reducer_finish(reducer);
    *seconds = fa_clock_seconds() - start;
    fa_comm_max_double(measure->comm, seconds, 1);
    return fa_comm_agree(measure->comm, status);
}

/* The first time is for warming up. */
static fa_status time_often(struct measure *measure, struct fa_reducer *reducer, double *each, double *median)
{
    FA_TRY(time_once(measure, reducer, &each[0]));
    for (size_t k = 0; k < measure->n_repeats; k++)
        FA_TRY(time_once(measure, reducer, &each[k]));
    *median = fa_median(each, measure->n_repeats);
    return FA_OK;
}

static fa_status time_size(struct measure *measure, int reduction, size_t i)
{
    const struct fa_reducer_config config = {
        .reduction = (enum fa_reduction)reduction,
        .transport = reduction == FA_REDUCTION_CANONICAL ? measure->transport : FA_TRANSPORT_MESSAGES,
        .batch = (size_t)fa_comm_size(measure->comm),
        .bucket_bytes = measure->bucket_bytes};
    struct fa_flat *grad;
    struct fa_reducer *reducer = NULL;
    double *each = NULL;
    fa_status status = fa_flat_create(measure->backend, measure->bytes[i] / sizeof(fa_real), &grad);

    if (status == FA_OK)
        status = fa_reducer_create(measure->comm, &config, grad, NULL, &reducer);
    if (status == FA_OK)
        status = fa_alloc(measure->n_repeats, sizeof *each, &each);
    status = fa_comm_agree(measure->comm, status);
    if (status == FA_OK)
        status = fa_reducer_connect(reducer);
    if (status == FA_OK && reduction == FA_REDUCTION_CANONICAL)
        measure->found = fa_reducer_transport(reducer, NULL);
    if (status == FA_OK)
        status = time_often(measure, reducer, each, &measure->seconds[reduction][i]);
    fa_free(each);
    fa_reducer_destroy(reducer);
    fa_flat_destroy(grad);
    return status;
}

/* ---- what the times say ---- */

/* Through the smallest size and the gradient: those between may stay within a cache. Beside other work the
 * smallest may have taken longest, so no more than half of the gradient's time counts as latency. */
static struct fit fit(const double *seconds, const size_t *bytes, size_t n)
{
    const double alpha_s = fmin(seconds[0], seconds[n - 1] / 2);

    return (struct fit){.alpha_s = alpha_s, .beta_s = (seconds[n - 1] - alpha_s) / (double)bytes[n - 1]};
}

/* The network on which such a reduction takes that long. Ranks of one host count as hosts of their own. */
static struct fa_network network_of(const struct measure *measure, int reduction, struct fit line)
{
    const int size = fa_comm_size(measure->comm), local = fa_comm_local_size(measure->comm);
    const bool is_one_host = local == size;
    const struct fa_reducer_config config = {.reduction = (enum fa_reduction)reduction,
                                             .batch = (size_t)size,
                                             .bucket_bytes = measure->bucket_bytes};
    struct fa_network unit = {.n_nodes = is_one_host ? size : size / local,
                              .ranks_per_node = is_one_host ? 1 : local,
                              .bandwidth = INFINITY,
                              .latency_s = 1};
    struct fa_network network = unit;

    network.latency_s = line.alpha_s / fa_reduction_seconds(&unit, &config, 1);
    unit.latency_s = 0;
    unit.bandwidth = 1;
    network.bandwidth =
        fa_reduction_seconds(&unit, &config, measure->bytes[measure->n_sizes - 1] / sizeof(fa_real)) /
        ((double)measure->bytes[measure->n_sizes - 1] * line.beta_s);
    return network;
}

/* ---- for people and programs ---- */

static void print_table(const struct measure *measure)
{
    struct fa_json *rows = fa_json_new_array();

    printf("%14s", "bytes");
    for (int r = FA_N_REDUCTIONS - 1; r >= 0; r--)
        printf(" | %12s ms %8s GB/s", fa_reduction_names[r], "");
    printf("\n");
    for (size_t i = 0; i < measure->n_sizes; i++) {
        struct fa_json *row = fa_json_new_object();

        printf("%14zu", measure->bytes[i]);
        fa_json_set(row, "bytes", fa_json_new_number((double)measure->bytes[i]));
        for (int r = FA_N_REDUCTIONS - 1; r >= 0; r--) {
            printf(" | %15.3f %13.3f", 1e3 * measure->seconds[r][i],
                   (double)measure->bytes[i] / measure->seconds[r][i] / 1e9);
            fa_json_set(row, fa_reduction_names[r], fa_json_new_number(measure->seconds[r][i]));
        }
        printf("%s\n", i + 1 == measure->n_sizes ? "  the gradient" : "");
        fa_json_append(rows, row);
    }
    fa_json_set(measure->invocation->report, "sizes", rows);
}

static void print_fit(const struct measure *measure, int reduction)
{
    const struct fit line = fit(measure->seconds[reduction], measure->bytes, measure->n_sizes);
    const struct fa_network network = network_of(measure, reduction, line);
    const double gbit = 8 * network.bandwidth / 1e9, latency_us = 1e6 * network.latency_s;
    struct fa_json *row = fa_json_new_object();

    printf("%s: %.1f us + bytes / %.3f GB/s, as on links of %.3f Gbit/s and %.1f us\n",
           fa_reduction_names[reduction], 1e6 * line.alpha_s, 1e-9 / line.beta_s, gbit, latency_us);
    fa_json_set(row, "alpha_s", fa_json_new_number(line.alpha_s));
    fa_json_set(row, "beta_s", fa_json_new_number(line.beta_s));
    fa_json_set(row, "gradient_s", fa_json_new_number(measure->seconds[reduction][measure->n_sizes - 1]));
    fa_json_set(row, "gb_per_s", fa_json_new_number(1e-9 / line.beta_s));
    fa_json_set(row, "bandwidth_gbit", fa_json_new_number(gbit));
    fa_json_set(row, "latency_us", fa_json_new_number(latency_us));
    fa_json_set(measure->invocation->report, fa_reduction_names[reduction], row);
}

static void report(const struct measure *measure)
{
    struct fa_invocation *invocation = measure->invocation;

    fa_report_number(invocation, "ranks", fa_comm_size(measure->comm));
    fa_report_number(invocation, "bucket_bytes", (double)measure->bucket_bytes);
    fa_json_set(invocation->report, "transport", fa_json_new_string(fa_transport_names[measure->found]));
    if (!fa_invocation_speaks(invocation))
        return;
    printf("%d ranks, %d on %s; buckets of %zu MiB%s; median of %zu\n\n", fa_comm_size(measure->comm),
           fa_comm_local_size(measure->comm), fa_comm_host(measure->comm), measure->bucket_bytes >> 20,
           measure->found == FA_TRANSPORT_DEVICE ? ", canonical from GPU to GPU" : "", measure->n_repeats);
    print_table(measure);
    printf("\n");
    print_fit(measure, FA_REDUCTION_CANONICAL);
    print_fit(measure, FA_REDUCTION_ALLREDUCE);
}

static fa_status measure_all(struct fa_invocation *invocation, const struct fa_settings *settings)
{
    struct measure measure = {.invocation = invocation,
                              .comm = invocation->comm,
                              .transport = settings->train.transport,
                              .n_repeats = fa_bench_repeats(invocation),
                              .bucket_bytes = (size_t)settings->train.bucket_mib << 20};
    fa_status status;

    FA_TRY(fa_bench_several_ranks(invocation));
    FA_TRY(choose_sizes(settings, &measure));
    status = fa_comm_agree(measure.comm, fa_session_open_backend(invocation, settings, &measure.backend));
    for (int r = 0; r < FA_N_REDUCTIONS && status == FA_OK; r++)
        for (size_t i = 0; i < measure.n_sizes && status == FA_OK; i++)
            status = time_size(&measure, r, i);
    if (status == FA_OK)
        report(&measure);
    fa_backend_close(measure.backend);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    return fa_bench_configured(invocation, measure_all);
}

const struct fa_bench fa_bench_allreduce = {
    .name = "allreduce",
    .summary = "the sum of gradients over ranks, by size; the latency and bandwidth that it tells of",
    .flags = {"--config", "--set", "--backend", "--sizes", "--classes", "--steps"},
    .parallel = true,
    .run = run};
