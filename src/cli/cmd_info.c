/*
 * cmd_info.c - freeanchor info: this build and machine; the network as a table; the configuration keys.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "fa/cuda.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "recipe/option.h"
#include "session.h"
#include "version.h"

static const struct fa_flag flags[] = {
    {"--config", "C.json", "also print its network: every layer with its shape, parameters and cost", false},
    {"--set", "KEY=VALUE", "change a key of it; may be repeated", false},
    {"--backend", "NAME", "onednn or blas (default: the fastest of this build)", false},
    {"--classes", "N", "classes of the network (default 80)", false, FA_WHOLE(1, 100000)},
    {"--size", "HxW", "image size of the table, multiples of 32 (default: the recipe's largest)", false,
     FA_SIDES},
    {"--keys", NULL, "print every configuration key with its default and meaning", false},
    {0}};

/* How many, and what holds them down: cores that the process may not use, time that it does not get. */
static void print_threads(struct fa_invocation *invocation)
{
    const struct fa_cores cores = fa_comm_cores(invocation->comm);

    printf("threads     %d for this rank, %d core%s on this machine", invocation->threads, cores.on_host,
           fa_plural((size_t)cores.on_host));
    if (cores.usable < cores.on_host)
        printf("; its affinity lets it run on %d", cores.usable);
    if (cores.quota < cores.on_host)
        printf("; the quota of its control group is the time of %g", cores.quota);
    printf("\n");
    fa_report_number(invocation, "threads", invocation->threads);
    fa_report_number(invocation, "cores", cores.on_host);
    fa_report_number(invocation, "usable_cores", cores.usable);
    if (cores.quota < cores.on_host)
        fa_report_number(invocation, "cpu_quota", cores.quota);
}

/* In which a processor's backend computes here. */
static void print_precisions(struct fa_backend_config config)
{
    struct fa_backend *backend;

    for (int p = 0; fa_precision_names[p] != NULL; p++) {
        config.precision = (enum fa_precision)p;
        if (fa_backend_open(&config, &backend) != FA_OK)
            continue;
        printf("%s%s", p == 0 ? ", in " : " or ", fa_precision_names[p]);
        fa_backend_close(backend);
    }
}

static void print_backend(const char *name, int threads, bool is_default)
{
    const struct fa_backend_config config = {.name = name, .n_threads = threads, .device = -1};
    struct fa_backend *backend;

    if (fa_backend_open(&config, &backend) != FA_OK) {
        printf("backend     %s: %s\n", name, fa_message());
        return;
    }
    printf("backend     %s: %s", name, fa_backend_description(backend));
    if (fa_backend_is_host(backend))
        print_precisions(config);
    printf("%s\n", is_default ? " (default)" : "");
    fa_backend_close(backend);
}

/* What there is for GPUs, and what is missing. */
static void print_gpus(struct fa_invocation *invocation)
{
    struct fa_cuda_finding findings[FA_CUDA_PARTS];

    fa_cuda_survey(findings);
    for (int p = 0; p < FA_CUDA_PARTS; p++)
        printf("%-11s %s%s\n", fa_cuda_part_names[p],
               findings[p].is_there ? "" : "not here: ", findings[p].text);
    if (findings[FA_CUDA_PART_DEVICES].is_there)
        fa_report_string(invocation, "gpus", findings[FA_CUDA_PART_DEVICES].text);
}

static void print_build(struct fa_invocation *invocation)
{
    const struct fa_comm *comm = invocation->comm;

    printf("freeanchor  %s, %s build, %s\n", fa_version, FA_BUILD, FA_COMPILER);
    printf("MPI         %s, %d rank%s, %d on %s\n", fa_comm_library(), fa_comm_size(comm),
           fa_comm_size(comm) == 1 ? "" : "s", fa_comm_local_size(comm), fa_comm_host(comm));
    print_threads(invocation);
    for (size_t i = 0; fa_backend_known(i) != NULL; i++)
        print_backend(fa_backend_known(i), invocation->threads, i == 0);
    print_gpus(invocation);
    fa_report_string(invocation, "version", FA_VERSION);
    fa_report_string(invocation, "backend", fa_backend_known(0));
}

static void print_keys(void)
{
    char range[256];

    for (const struct fa_option *option = fa_options; option->key != NULL; option++) {
        fa_option_print_range(option, range, sizeof range);
        printf("%-36s %s\n%36s   %s; default %s\n", option->key, option->sentence, "", range,
               option->fallback);
    }
}

struct totals {
    double macs, outputs; /* outputs: of convolutions with a bias of their own or folded */
};

static void print_layer(void *context, const struct fa_layer_info *layer)
{
    struct totals *totals = context;
    char filter[48], out[48], norm[16] = "";

    if (layer->norm_groups > 0)
        snprintf(norm, sizeof norm, " gn%d", layer->norm_groups);
    snprintf(filter, sizeof filter, "%dx%d/%d %d->%d%s%s", layer->conv.kernel, layer->conv.kernel,
             layer->conv.stride, layer->conv.in.c, layer->conv.out_channels,
             layer->conv.groups > 1 ? " grouped" : "", norm);
    snprintf(out, sizeof out, "%dx%dx%d", layer->out.c, layer->out.h, layer->out.w);
    printf("%-36s %-24s %-14s %10zu %9.3f  %s\n", layer->name, filter, out, layer->n_params,
           layer->macs / 1e9, layer->algorithm[FA_CONV_FORWARD]);
    totals->macs += layer->macs;
    totals->outputs += (double)fa_shape_elements(layer->out);
}

static void count_parameters(const struct fa_params *params, size_t *all, size_t *trainable)
{
    *all = *trainable = 0;
    for (size_t i = 0; i < params->n; i++) {
        *all += params->entry[i].kind != FA_PARAM_STATISTIC ? params->entry[i].n_elem : 0;
        *trainable += params->entry[i].kind == FA_PARAM_TRAINABLE ? params->entry[i].n_elem : 0;
    }
}

static fa_status print_network(struct fa_invocation *invocation, struct fa_session *session, int h, int w)
{
    const bool averages = session->settings.train.ema_decay > 0;
    struct totals totals = {0};
    struct fa_workspace *workspace;
    struct fa_model_memory memory;
    size_t all, trainable;
    fa_status status;

    printf("\n%-36s %-24s %-14s %10s %9s  %s\n", "layer", "convolution", "output", "parameters", "GMAC",
           "forward");
    FA_TRY(fa_workspace_create(session->model, NULL, &workspace));
    status = fa_workspace_describe(workspace, h, w, print_layer, &totals);
    fa_workspace_memory(workspace, &memory);
    fa_workspace_destroy(workspace);
    FA_TRY(status);
    count_parameters(fa_model_params(session->model), &all, &trainable);
    printf("\n%zu parameters, %zu of them trainable; %.2f G multiply-adds at %dx%d\n", all, trainable,
           totals.macs / 1e9, h, w);
    printf(
        "memory of a training step: parameters%s and momentum %.0f MiB, gradients %.0f MiB, packed weights "
        "%.0f MiB, "
        "arena %.0f MiB\n",
        averages ? ", moving average" : "",
        (double)(memory.parameters + (averages ? 2 : 1) * memory.gradients) / 1048576,
        (double)memory.gradients / 1048576, (double)memory.packed_weights / 1048576,
        (double)memory.arena / 1048576);
    fa_report_number(invocation, "parameters", (double)all);
    fa_report_number(invocation, "trainable", (double)trainable);
    fa_report_number(invocation, "macs", totals.macs);
    fa_report_number(invocation, "arena_bytes", (double)memory.arena);
    return FA_OK;
}

static fa_status show_network(struct fa_invocation *invocation)
{
    struct fa_session session;
    int h, w;
    fa_status status;

    status = fa_session_open(invocation, NULL, &session);
    if (status == FA_OK)
        status = fa_session_size(invocation, &session.settings, &h, &w);
    if (status == FA_OK)
        status = fa_session_make_model(invocation, &session,
                                       (int)fa_arguments_whole(&invocation->arguments, "--classes", 80));
    if (status == FA_OK && fa_invocation_speaks(invocation))
        status = print_network(invocation, &session, h, w);
    fa_session_close(&session);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    const struct fa_arguments *given = &invocation->arguments;
    bool network;

    FA_TRY(fa_invocation_no_operands(invocation));
    if (fa_arguments_get(given, "--keys") != NULL) {
        if (fa_invocation_speaks(invocation))
            print_keys();
        return FA_OK;
    }
    network = fa_arguments_get(given, "--config") != NULL || fa_arguments_get(given, "--set") != NULL;
    if (!network) {
        FA_TRY(fa_invocation_needs(invocation, "--classes", "--config"));
        FA_TRY(fa_invocation_needs(invocation, "--size", "--config"));
    }
    if (fa_invocation_speaks(invocation))
        print_build(invocation);
    if (!network)
        return FA_OK;
    return show_network(invocation);
}

const struct fa_command fa_command_info = {
    .name = "info",
    .operands = "",
    .summary = "this build and machine; the network as a table; the configuration keys",
    .flags = flags,
    .parallel = true,
    .run = run};
