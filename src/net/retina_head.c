/*
 * The head (doc/method.md 2.3, 2.4): two branches of 3x3 convs with ReLU, four in the reference, and group
 * norm before it if configured, and an output conv; one set of weights for all five levels.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph.h"

static struct fa_layer make_layer(int in_channels, int out_channels, enum fa_filler filler,
                                  double initial_bias)
{
    return (struct fa_layer){
        .desc = {.out_channels = out_channels, .in_channels = in_channels, .groups = 1, .kernel = 3},
        .stride = 1,
        .filler = filler,
        .initial_bias = initial_bias};
}

static int add_output(struct fa_graph *graph, const struct fa_model_config *config, const char *name,
                      int out_channels, double initial_bias)
{
    struct fa_layer layer = make_layer(config->head_channels, out_channels, FA_FILL_GAUSSIAN, initial_bias);

    snprintf(layer.name, sizeof layer.name, "bbox_head.%s", name);
    return fa_graph_layer(graph, &layer);
}

static void add_tower(struct fa_graph *graph, const struct fa_model_config *config, const char *list,
                      int tower[FA_HEAD_MAX_CONVS])
{
    const enum fa_filler filler = config->head_init == FA_HEAD_KAIMING ? FA_FILL_KAIMING : FA_FILL_GAUSSIAN;

    for (int d = 0; d < config->head_convs; d++) {
        struct fa_layer layer = make_layer(d == 0 ? config->neck_channels : config->head_channels,
                                           config->head_channels, filler, 0);
        char scope[FA_NAME_MAX / 2];

        snprintf(scope, sizeof scope, "bbox_head.%s.%d", list, d);
        snprintf(layer.name, sizeof layer.name, "%s.conv", scope);
        fa_layer_set_norm(&layer, config, scope, NULL, "gn");
        tower[d] = fa_graph_layer(graph, &layer);
    }
}

/* Layer after layer over all levels: filters stay in cache, and backward completes one layer's gradient after
   the other instead of all at its end. */
static void add_branch(struct fa_graph *graph, int n_convs, const int tower[], int last,
                       const int pyramid[FA_LEVELS], int output[FA_LEVELS])
{
    int x[FA_LEVELS];

    memcpy(x, pyramid, sizeof x);
    for (int d = 0; d < n_convs; d++)
        for (int l = 0; l < FA_LEVELS; l++)
            x[l] = fa_graph_conv(graph, tower[d], x[l], FA_NONE, true);
    for (int l = 0; l < FA_LEVELS; l++)
        output[l] = fa_graph_conv(graph, last, x[l], FA_NONE, false);
}

void fa_retina_head_build(struct fa_graph *graph, const struct fa_model_config *config,
                          const int pyramid[FA_LEVELS])
{
    const double prior = config->prior_probability;
    int cls_tower[FA_HEAD_MAX_CONVS], reg_tower[FA_HEAD_MAX_CONVS], cls, reg;

    add_tower(graph, config, "cls_convs", cls_tower);
    add_tower(graph, config, "reg_convs", reg_tower);
    cls = add_output(graph, config, "retina_cls", FA_CELL_ANCHORS * config->num_classes,
                     -log((1 - prior) / prior));
    reg = add_output(graph, config, "retina_reg", FA_CELL_ANCHORS * 4, 0);

    add_branch(graph, config->head_convs, cls_tower, cls, pyramid, graph->cls);
    add_branch(graph, config->head_convs, reg_tower, reg, pyramid, graph->reg);
}
