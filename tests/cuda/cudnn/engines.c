/*
 * engines.c - asks the real cuDNN, without a GPU, for an engine of every convolution of recipes: prints, for
 * described devices and each precision, how many graphs have one that is deterministic and precompiled, and
 * how much workspace the first choice takes at most.
 *
 *     engines MIB N_SIZES RECIPE.json... -- DEVICE.json...
 *
 * Sizes are images of COCO at 1333x800, padded to 32: the first two are 800x1344 and its transpose. A graph
 * that has no engine within the workspace is printed, and the exit code is 1; but a precision for which a
 * device has no engine at all is one that it does not know. 77: there is no cuDNN.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cudnn/plan.h"
#include "fa/memory.h"
#include "fa/number.h"
#include "net/graph.h"
#include "net/plan.h"
#include "recipe/settings.h"

#define MIB ((size_t)1 << 20)

enum { MOST_SIZES = 60, CLASSES = 80, UNKNOWN_AFTER = 40 };

static size_t most_workspace;

struct size {
    int h, w;
};

/* ---- sizes ---- */

/* The longer side is at most 1333, the shorter at most 800, one of the two is met. */
static int list_sizes(struct size *size)
{
    int n = 0;

    for (int w = 1344; w >= 800; w -= 32) {
        size[n++] = (struct size){800, w};
        if (w != 800)
            size[n++] = (struct size){w, 800};
    }
    for (int h = 768; h >= 384 && n < MOST_SIZES; h -= 32) {
        size[n++] = (struct size){h, 1344};
        if (n < MOST_SIZES)
            size[n++] = (struct size){1344, h};
    }
    return n;
}

/* ---- convolutions ---- */

struct list {
    size_t n, capacity;
    struct fa_cudnn_conv *conv;
};

static bool same(const struct fa_cudnn_conv *a, const struct fa_cudnn_conv *b)
{
    const struct fa_conv_desc *p = &a->desc, *q = &b->desc;

    return a->direction == b->direction && a->bias == b->bias && fa_shape_equal(p->in, q->in) &&
           p->out_channels == q->out_channels && p->groups == q->groups && p->kernel == q->kernel &&
           p->stride == q->stride && p->relu == q->relu && p->residual == q->residual;
}

/* Looks at the convolutions from `first` on: those of the same image size. */
static fa_status add(struct list *list, size_t first, const struct fa_cudnn_conv *conv)
{
    for (size_t i = first; i < list->n; i++)
        if (same(&list->conv[i], conv))
            return FA_OK;
    if (list->n == list->capacity) {
        FA_TRY(fa_realloc(&list->conv, 2 * list->capacity + 256, sizeof *list->conv));
        list->capacity = 2 * list->capacity + 256;
    }
    list->conv[list->n++] = *conv;
    return FA_OK;
}

static fa_status add_node(struct list *list, size_t first, const struct fa_plan *plan, int i)
{
    const struct fa_layer *layer = &plan->graph->layer[plan->graph->node[i].layer];
    struct fa_cudnn_conv conv = {.desc = fa_plan_conv_desc(plan, i), .bias = !fa_layer_has_group_norm(layer)};
    const bool data = conv.desc.backward_data, weights = conv.desc.backward_weights;

    FA_TRY(add(list, first, &conv));
    conv.desc.relu = conv.desc.residual = conv.bias = false; /* gradients know nothing of them */
    conv.direction = FA_CONV_BACKWARD_DATA;
    if (data)
        FA_TRY(add(list, first, &conv));
    conv.direction = FA_CONV_BACKWARD_WEIGHTS;
    return weights ? add(list, first, &conv) : FA_OK;
}

static fa_status add_size(struct list *list, size_t first, const struct fa_graph *graph, struct size size)
{
    fa_status status = FA_OK;
    struct fa_plan *plan;

    FA_TRY(fa_plan_outline(graph, NULL, true, size.h, size.w, &plan));
    for (int i = 0; i < graph->n_nodes && status == FA_OK; i++)
        if (graph->node[i].kind == FA_NODE_CONV)
            status = add_node(list, first, plan, i);
    fa_plan_destroy(plan);
    return status;
}

static fa_status build_graph(const char *recipe, struct fa_graph *graph)
{
    int feature[4], pyramid[FA_LEVELS];
    struct fa_settings settings;

    FA_TRY(fa_settings_read_over(NULL, recipe, NULL, 0, &settings));
    settings.model.num_classes = CLASSES;
    *graph = (struct fa_graph){0};
    fa_resnet_build(graph, &settings.model, fa_graph_image(graph), feature);
    fa_fpn_build(graph, &settings.model, feature, pyramid);
    fa_retina_head_build(graph, &settings.model, pyramid);
    fa_settings_clear(&settings);
    return FA_OK;
}

static fa_status list_convolutions(char **recipe, int n_recipes, int n_sizes, struct list *list)
{
    struct size size[MOST_SIZES];
    struct fa_graph *graph;
    fa_status status = FA_OK;

    list_sizes(size);
    FA_TRY(fa_alloc((size_t)n_recipes, sizeof *graph, &graph));
    for (int r = 0; r < n_recipes && status == FA_OK; r++)
        status = build_graph(recipe[r], &graph[r]);
    for (int s = 0; s < n_sizes && status == FA_OK; s++) {
        const size_t first = list->n;

        for (int r = 0; r < n_recipes && status == FA_OK; r++)
            status = add_size(list, first, &graph[r], size[s]);
    }
    fa_free(graph);
    return status;
}

/* ---- engines ---- */

struct tally {
    size_t n_found, n_none, workspace[FA_CONV_BACKWARD_WEIGHTS + 1]; /* the most, by direction */
};

/* Its name alone must give the same plan again. */
static fa_status recall(const struct fa_cudnn_device *device, const struct fa_cudnn_plan *plan)
{
    char text[FA_CUDNN_CHOICE_TEXT_MAX];
    struct fa_cudnn_choice choice;
    struct fa_cudnn_plan again;
    bool same_bytes;

    fa_cudnn_choice_print(&plan->choice, text);
    FA_TRY(fa_cudnn_choice_parse(text, &choice));
    FA_TRY(fa_cudnn_plan_create(device, plan->graph, &choice, most_workspace, &again));
    same_bytes = again.workspace_bytes == plan->workspace_bytes;
    fa_cudnn_plan_destroy(&again);
    return same_bytes ? FA_OK : fa_fail(FA_EIO, "%s: recalled with another workspace", text);
}

static fa_status try_graph(const struct fa_cudnn_device *device, const struct fa_cudnn_graph *graph,
                           struct tally *tally)
{
    size_t *const most = &tally->workspace[graph->conv.direction];
    struct fa_cudnn_plan plan;
    fa_status status = fa_cudnn_plan_first(device, graph, most_workspace, &plan);

    tally->n_found += status == FA_OK;
    tally->n_none += status == FA_EINVAL;
    if (status != FA_OK)
        return status == FA_EINVAL ? FA_OK : status;
    *most = plan.workspace_bytes > *most ? plan.workspace_bytes : *most;
    status = recall(device, &plan);
    fa_cudnn_plan_destroy(&plan);
    return status;
}

static fa_status try_conv(const struct fa_cudnn_device *device, struct fa_cudnn_conv conv,
                          enum fa_cudnn_precision precision, struct tally *tally)
{
    const size_t n_none = tally->n_none;
    struct fa_cudnn_graph graph;
    fa_status status;

    conv.precision = precision;
    FA_TRY(fa_cudnn_graph_create(device->descriptors.cudnn, &conv, &graph));
    status = try_graph(device, &graph, tally);
    fa_cudnn_graph_destroy(&graph);
    if (tally->n_none > n_none && tally->n_found > 0)
        printf("  %s\n", fa_message());
    return status;
}

static void print_row(const char *origin, enum fa_cudnn_precision precision, const struct tally *tally)
{
    printf("%-64s %s  ", origin, fa_cudnn_precision_names[precision]);
    if (tally->n_found == 0)
        printf("not known\n");
    else
        printf("%7zu %5zu %9.1f %7.1f %8.1f\n", tally->n_found, tally->n_none,
               (double)tally->workspace[FA_CONV_FORWARD] / MIB,
               (double)tally->workspace[FA_CONV_BACKWARD_DATA] / MIB,
               (double)tally->workspace[FA_CONV_BACKWARD_WEIGHTS] / MIB);
    fflush(stdout);
}

static fa_status try_precision(const struct fa_cudnn_device *device, const struct list *list,
                               enum fa_cudnn_precision precision, bool *failed)
{
    struct tally tally = {0};

    for (size_t i = 0; i < list->n && (tally.n_found > 0 || tally.n_none < UNKNOWN_AFTER); i++)
        FA_TRY(try_conv(device, list->conv[i], precision, &tally));
    print_row(device->origin, precision, &tally);
    *failed = *failed || (tally.n_found > 0 && tally.n_none > 0);
    return FA_OK;
}

/* A device that cuDNN does not accept is told of, and is no failure. */
static fa_status try_device(const struct fa_cudnn *cudnn, const char *path, const struct list *list,
                            bool *failed)
{
    struct fa_cudnn_device device;
    fa_status status = FA_OK;
    char json[8192];
    FILE *file = fopen(path, "rb");
    const size_t n = file != NULL ? fread(json, 1, sizeof json, file) : 0;

    if (file != NULL)
        fclose(file);
    if (fa_cudnn_device_describe(cudnn, path, json, n, &device) != FA_OK) {
        printf("refused: %s\n", fa_message());
        return FA_OK;
    }
    for (int p = FA_CUDNN_FP32; p <= FA_CUDNN_BF16 && status == FA_OK; p++)
        status = try_precision(&device, list, (enum fa_cudnn_precision)p, failed);
    fa_cudnn_device_close(&device);
    return status;
}

static fa_status try_devices(const struct fa_cudnn *cudnn, char **path, int n_paths, const struct list *list,
                             bool *failed)
{
    printf("%zu graphs; the most workspace of first choices, in MiB, of %zu allowed\n", list->n,
           most_workspace / MIB);
    printf("%-64s %-4s  %7s %5s %9s %7s %8s\n", "device", "", "have", "none", "forward", "data", "weights");
    for (int i = 0; i < n_paths; i++)
        FA_TRY(try_device(cudnn, path[i], list, failed));
    return FA_OK;
}

static fa_status run(int n_sizes, char **recipe, int n_recipes, char **device, int n_devices, bool *failed)
{
    struct list list = {0};
    struct fa_cudnn *cudnn;
    fa_status status;

    FA_TRY(fa_cudnn_open(NULL, &cudnn));
    status = list_convolutions(recipe, n_recipes, n_sizes, &list);
    if (status == FA_OK)
        status = try_devices(cudnn, device, n_devices, &list, failed);
    fa_free(list.conv);
    fa_cudnn_close(cudnn);
    return status;
}

int main(int argc, char **argv)
{
    const struct fa_range sizes = FA_WHOLE(1, MOST_SIZES), mib = FA_WHOLE(0, 65536);
    int dashes = 3;
    bool failed = false;
    int64_t n_mib, n_sizes;
    fa_status status;

    while (dashes < argc && strcmp(argv[dashes], "--") != 0)
        dashes++;
    if (dashes + 1 >= argc || fa_number_whole("MIB", argv[1], &mib, &n_mib) != FA_OK ||
        fa_number_whole("N_SIZES", argv[2], &sizes, &n_sizes) != FA_OK) {
        fprintf(stderr, "usage: engines MIB N_SIZES RECIPE.json... -- DEVICE.json...\n");
        return 2;
    }
    most_workspace = (size_t)n_mib * MIB;
    status = run((int)n_sizes, argv + 3, dashes - 3, argv + dashes + 1, argc - dashes - 1, &failed);
    if (status == FA_OK)
        return failed;
    fprintf(stderr, "%s%s\n", status == FA_EMISSING ? "skipped: " : "", fa_message());
    return status == FA_EMISSING ? 77 : 1;
}
