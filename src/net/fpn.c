/*
 * The feature pyramid (doc/method.md 2.2): laterals of C3 to C5 merged top-down, P3 to P5 from the merged
 * maps, P6 from C5 and P7 from P6. Biases or group norm, no activation.
 */
#include <stdio.h>

#include "graph.h"

#define MERGED 3 /* levels with a lateral: P3, P4, P5 */

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
static void merge_top_down(struct fa_graph *graph, const int lateral[MERGED], const int feature[4],
                           int merged[MERGED])
{
    for (int l = MERGED - 1; l >= 0; l--) {
        int above = FA_NONE;

        if (l < MERGED - 1)
            above = fa_graph_upsample(graph, merged[l + 1], feature[l + 1]);
        merged[l] = fa_graph_conv(graph, lateral[l], feature[l + 1], above, false);
    }
}

void fa_fpn_build(struct fa_graph *graph, const struct fa_model_config *config, const int feature[4],
                  int pyramid[FA_LEVELS])
{
    const int channels = config->neck_channels, c5 = feature[3];
    int lateral[MERGED], output[FA_LEVELS], merged[MERGED];

    for (int l = 0; l < MERGED; l++)
        lateral[l] = add_layer(graph, config, "lateral_convs", l, graph->node[feature[l + 1]].channels, 1, 1);
    for (int l = 0; l < MERGED; l++)
        output[l] = add_layer(graph, config, "fpn_convs", l, channels, 3, 1);
    output[3] = add_layer(graph, config, "fpn_convs", 3, graph->node[c5].channels, 3, 2);
    output[4] = add_layer(graph, config, "fpn_convs", 4, channels, 3, 2);

    merge_top_down(graph, lateral, feature, merged);
    for (int l = 0; l < MERGED; l++)
        pyramid[l] = fa_graph_conv(graph, output[l], merged[l], FA_NONE, false);
    pyramid[3] = fa_graph_conv(graph, output[3], c5, FA_NONE, false);
    pyramid[4] = fa_graph_conv(graph, output[4], pyramid[3], FA_NONE, false);
}
