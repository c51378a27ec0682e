/*
 * The feature pyramid (doc/method.md 2.2): laterals of C3 to C5 merged top-down, P3 to P5 from the merged
 * maps, P6 from C5 and P7 from P6; or all of it from C2 on, up to P6. Biases or group norm, no activation.
 */
#include <stdio.h>

#include "graph.h"

static int add_layer(struct fa_graph *graph, const struct fa_model_config *config, const char *list,
                     int index, int in_channels, int kernel, int stride)
{
    char scope[FA_NAME_MAX / 2];
    struct fa_layer layer = {.desc = {.out_channels = config->neck_channels,
                                      .in_channels = in_channels,
                                      .groups = 1,
                                      .kernel = kernel},
                             .stride = stride,
                             .filler = FA_FILL_XAVIER};

    snprintf(scope, sizeof scope, "neck.%s.%d", list, index);
    snprintf(layer.name, sizeof layer.name, "%s.conv", scope);
    fa_layer_set_norm(&layer, config, scope, NULL, "gn");
    return fa_graph_layer(graph, &layer);
}

/* A lateral adds the upsampled level above as its residual, in place. */
static void merge_top_down(struct fa_graph *graph, int n, const int lateral[], const int feature[],
                           int merged[])
{
    for (int l = n - 1; l >= 0; l--) {
        int above = FA_NONE;

        if (l < n - 1)
            above = fa_graph_upsample(graph, merged[l + 1], feature[l]);
        merged[l] = fa_graph_conv(graph, lateral[l], feature[l], above, false);
    }
}

/* Each halves what is below it; the first reads C5. */
static void add_coarser(struct fa_graph *graph, int n_merged, const int output[FA_LEVELS], int c5,
                        int pyramid[FA_LEVELS])
{
    for (int l = n_merged; l < FA_LEVELS; l++)
        pyramid[l] = fa_graph_conv(graph, output[l], l == n_merged ? c5 : pyramid[l - 1], FA_NONE, false);
}

static void add_layers(struct fa_graph *graph, const struct fa_model_config *config, int n,
                       const int feature[], int lateral[], int output[FA_LEVELS])
{
    const int channels = config->neck_channels;

    for (int l = 0; l < n; l++)
        lateral[l] = add_layer(graph, config, "lateral_convs", l, graph->node[feature[l]].channels, 1, 1);
    for (int l = 0; l < n; l++)
        output[l] = add_layer(graph, config, "fpn_convs", l, channels, 3, 1);
    for (int l = n; l < FA_LEVELS; l++)
        output[l] = add_layer(graph, config, "fpn_convs", l,
                              l == n ? graph->node[feature[n - 1]].channels : channels, 3, 2);
}

void fa_fpn_build(struct fa_graph *graph, const struct fa_model_config *config, const int feature[4],
                  int pyramid[FA_LEVELS])
{
    const int finest_level = fa_anchors_meant(&config->anchors)->finest_level;
    const int n = FA_COARSEST_FEATURE + 1 - finest_level; /* levels with a lateral */
    const int *from = feature + 4 - n;
    int lateral[4], output[FA_LEVELS], merged[4];

    graph->finest_level = finest_level;
    add_layers(graph, config, n, from, lateral, output);
    merge_top_down(graph, n, lateral, from, merged);
    for (int l = 0; l < n; l++)
        pyramid[l] = fa_graph_conv(graph, output[l], merged[l], FA_NONE, false);
    add_coarser(graph, n, output, from[n - 1], pyramid);
}
