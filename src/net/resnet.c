/*
 * ResNet and ResNeXt (doc/method.md 2.1): the stem and four stages of residual blocks, stride of a bottleneck
 * in its 3x3.
 */
#include <stdio.h>

#include "graph.h"

struct resnet {
    struct fa_graph *graph;
    const struct fa_model_config *config;
    bool bottleneck;
};

/* What a norm is called, by kind. */
struct norm_name {
    const char *batch, *group;
};

static const struct norm_name norm1 = {"bn1", "gn1"}, norm2 = {"bn2", "gn2"}, norm3 = {"bn3", "gn3"},
                              shortcut_norm = {"downsample.1", "downsample.1"};

/* One conv and its norm. */
struct unit {
    const char *scope; /* "backbone.layer2.0" */
    const char *conv;  /* names below it */
    struct norm_name norm;
    int stage; /* 0: the stem; 1 .. 4 */
    int in_channels, out_channels, kernel, stride, groups;
    bool ends_residual; /* the last of a residual branch */
};

static int add_unit(const struct resnet *net, const struct unit *unit)
{
    struct fa_layer layer = {.desc = {.out_channels = unit->out_channels,
                                      .in_channels = unit->in_channels,
                                      .groups = unit->groups,
                                      .kernel = unit->kernel},
                             .stride = unit->stride,
                             .frozen = unit->stage <= net->config->frozen_stages,
                             .filler = FA_FILL_KAIMING};

    snprintf(layer.name, sizeof layer.name, "%s.%s", unit->scope, unit->conv);
    fa_layer_set_norm(&layer, net->config, unit->scope, unit->norm.batch, unit->norm.group);
    if (unit->ends_residual && net->config->zero_init_residual)
        layer.initial_gamma = 0;
    return fa_graph_layer(net->graph, &layer);
}

struct block {
    char scope[FA_NAME_MAX / 2];
    int stage, stride;
    int in_channels, width, out_channels; /* width: of the 3x3 */
};

/* A 1x1 or 3x3 of the block, ungrouped and of stride 1 unless the caller changes that. */
static struct unit unit_of(const struct block *block, const char *conv, struct norm_name norm,
                           int in_channels, int out_channels, int kernel)
{
    return (struct unit){.scope = block->scope,
                         .conv = conv,
                         .norm = norm,
                         .stage = block->stage,
                         .in_channels = in_channels,
                         .out_channels = out_channels,
                         .kernel = kernel,
                         .stride = 1,
                         .groups = 1};
}

/* The shortcut's 1x1, where the shapes differ; FA_NONE where the shortcut is the input itself. */
static int add_shortcut(const struct resnet *net, const struct block *block)
{
    struct unit unit =
        unit_of(block, "downsample.0", shortcut_norm, block->in_channels, block->out_channels, 1);

    if (block->stride == 1 && block->in_channels == block->out_channels)
        return FA_NONE;
    unit.stride = block->stride;
    return add_unit(net, &unit);
}

/* Layers go first, in the order of the state_dict; then nodes, the shortcut as late as can be, so that its
   value lives short. */
static int add_basic_block(const struct resnet *net, const struct block *block, int x)
{
    struct unit first = unit_of(block, "conv1", norm1, block->in_channels, block->out_channels, 3);
    struct unit second = unit_of(block, "conv2", norm2, block->out_channels, block->out_channels, 3);
    int conv1, conv2, shortcut, y;

    first.stride = block->stride;
    second.ends_residual = true;
    conv1 = add_unit(net, &first);
    conv2 = add_unit(net, &second);
    shortcut = add_shortcut(net, block);

    y = fa_graph_conv(net->graph, conv1, x, FA_NONE, true);
    if (shortcut != FA_NONE)
        x = fa_graph_conv(net->graph, shortcut, x, FA_NONE, false);
    return fa_graph_conv(net->graph, conv2, y, x, true);
}

static int add_bottleneck(const struct resnet *net, const struct block *block, int x)
{
    struct unit reduce = unit_of(block, "conv1", norm1, block->in_channels, block->width, 1);
    struct unit middle = unit_of(block, "conv2", norm2, block->width, block->width, 3);
    struct unit expand = unit_of(block, "conv3", norm3, block->width, block->out_channels, 1);
    int conv1, conv2, conv3, shortcut, y;

    middle.stride = block->stride;
    middle.groups = net->config->groups;
    expand.ends_residual = true;
    conv1 = add_unit(net, &reduce);
    conv2 = add_unit(net, &middle);
    conv3 = add_unit(net, &expand);
    shortcut = add_shortcut(net, block);

    y = fa_graph_conv(net->graph, conv1, x, FA_NONE, true);
    y = fa_graph_conv(net->graph, conv2, y, FA_NONE, true);
    if (shortcut != FA_NONE)
        x = fa_graph_conv(net->graph, shortcut, x, FA_NONE, false);
    return fa_graph_conv(net->graph, conv3, y, x, true);
}

static int add_stage(const struct resnet *net, int stage, int n_blocks, int x)
{
    const int planes = net->config->base_channels << (stage - 1);
    struct block block = {.stage = stage,
                          .stride = stage == 1 ? 1 : 2,
                          .width = planes * net->config->base_width / 64 * net->config->groups,
                          .out_channels = net->bottleneck ? 4 * planes : planes};

    for (int b = 0; b < n_blocks; b++) {
        snprintf(block.scope, sizeof block.scope, "backbone.layer%d.%d", stage, b);
        block.in_channels = net->graph->node[x].channels;
        x = net->bottleneck ? add_bottleneck(net, &block, x) : add_basic_block(net, &block, x);
        block.stride = 1;
    }
    return x;
}

static const int *blocks_per_stage(int depth)
{
    static const int r18[4] = {2, 2, 2, 2}, r34_r50[4] = {3, 4, 6, 3}, r101[4] = {3, 4, 23, 3};

    return depth == 18 ? r18 : depth == 101 ? r101 : r34_r50;
}

void fa_resnet_build(struct fa_graph *graph, const struct fa_model_config *config, int image, int feature[4])
{
    const struct resnet net = {graph, config, config->depth >= 50};
    const int *n_blocks = blocks_per_stage(config->depth);
    const int stem = add_unit(&net, &(struct unit){.scope = "backbone",
                                                   .conv = "conv1",
                                                   .norm = norm1,
                                                   .in_channels = 3,
                                                   .out_channels = config->base_channels,
                                                   .kernel = 7,
                                                   .stride = 2,
                                                   .groups = 1});
    int x = fa_graph_pool(graph, fa_graph_conv(graph, stem, image, FA_NONE, true));

    for (int s = 0; s < 4; s++)
        x = feature[s] = add_stage(&net, s + 1, n_blocks[s], x);
}
