#include "graph.h"

#include <assert.h>
#include <stdio.h>

int fa_graph_layer(struct fa_graph *graph, const struct fa_layer *layer)
{
    int index = graph->n_layers++;

    assert(index < FA_GRAPH_MAX_LAYERS);
    graph->layer[index] = *layer;
    graph->layer[index].first_use = graph->layer[index].last_use = FA_NONE;
    return index;
}

/* Tells `producer` that node `reader` reads it, and the reader whether gradients pass. */
static void connect(struct fa_graph *graph, int producer, int reader)
{
    struct fa_node *from = &graph->node[producer];

    assert(producer >= 0 && producer < reader);
    if (from->first_use == FA_NONE)
        from->first_use = reader;
    from->last_use = reader;
    graph->node[reader].trains |= from->trains;
}

static int add_node(struct fa_graph *graph, struct fa_node node)
{
    int index = graph->n_nodes++;

    assert(index < FA_GRAPH_MAX_NODES);
    node.first_use = node.last_use = FA_NONE;
    graph->node[index] = node;
    if (node.in != FA_NONE)
        connect(graph, node.in, index);
    if (node.residual != FA_NONE)
        connect(graph, node.residual, index);
    return index;
}

int fa_graph_image(struct fa_graph *graph)
{
    return add_node(graph, (struct fa_node){.kind = FA_NODE_IMAGE,
                                            .in = FA_NONE,
                                            .residual = FA_NONE,
                                            .like = FA_NONE,
                                            .layer = FA_NONE,
                                            .channels = 3});
}

void fa_layer_set_norm(struct fa_layer *layer, const struct fa_model_config *config, const char *scope,
                       const char *batch, const char *group)
{
    const bool is_group = config->norm == FA_NORM_GROUP;
    const int channels = layer->desc.out_channels;
    const char *name = is_group ? group : batch;

    if (name == NULL)
        return;
    snprintf(layer->norm, sizeof layer->norm, "%s.%s", scope, name);
    layer->initial_gamma = 1;
    if (is_group)
        layer->norm_groups = channels < config->norm_groups ? channels / 4 : config->norm_groups;
}

static int add_norm(struct fa_graph *graph, int layer, int in, int residual, bool relu)
{
    return add_node(graph, (struct fa_node){.kind = FA_NODE_NORM,
                                            .in = in,
                                            .residual = residual,
                                            .like = FA_NONE,
                                            .layer = layer,
                                            .channels = graph->node[in].channels,
                                            .relu = relu,
                                            .trains = !graph->layer[layer].frozen});
}

static int add_conv(struct fa_graph *graph, int layer, int in, int residual, bool relu)
{
    struct fa_layer *weights = &graph->layer[layer];

    if (weights->first_use == FA_NONE)
        weights->first_use = graph->n_nodes;
    weights->last_use = graph->n_nodes;
    return add_node(graph, (struct fa_node){.kind = FA_NODE_CONV,
                                            .in = in,
                                            .residual = residual,
                                            .like = FA_NONE,
                                            .layer = layer,
                                            .channels = weights->desc.out_channels,
                                            .relu = relu,
                                            .trains = !weights->frozen});
}

int fa_graph_conv(struct fa_graph *graph, int layer, int in, int residual, bool relu)
{
    assert(graph->layer[layer].desc.in_channels == graph->node[in].channels && residual != in);
    assert(residual == FA_NONE || graph->node[residual].channels == graph->layer[layer].desc.out_channels);
    if (!fa_layer_has_group_norm(&graph->layer[layer]))
        return add_conv(graph, layer, in, residual, relu);
    return add_norm(graph, layer, add_conv(graph, layer, in, FA_NONE, false), residual, relu);
}

int fa_graph_pool(struct fa_graph *graph, int in)
{
    return add_node(graph, (struct fa_node){.kind = FA_NODE_POOL,
                                            .in = in,
                                            .residual = FA_NONE,
                                            .like = FA_NONE,
                                            .layer = FA_NONE,
                                            .channels = graph->node[in].channels});
}

int fa_graph_upsample(struct fa_graph *graph, int in, int like)
{
    return add_node(graph, (struct fa_node){.kind = FA_NODE_UPSAMPLE,
                                            .in = in,
                                            .residual = FA_NONE,
                                            .like = like,
                                            .layer = FA_NONE,
                                            .channels = graph->node[in].channels});
}

const char *fa_node_name(const struct fa_graph *graph, int i)
{
    static const char *const kinds[] = {[FA_NODE_IMAGE] = "image",
                                        [FA_NODE_CONV] = "conv",
                                        [FA_NODE_NORM] = "norm",
                                        [FA_NODE_POOL] = "pool",
                                        [FA_NODE_UPSAMPLE] = "upsample"};
    const struct fa_node *node = &graph->node[i];

    if (node->layer == FA_NONE)
        return kinds[node->kind];
    return node->kind == FA_NODE_NORM ? graph->layer[node->layer].norm : graph->layer[node->layer].name;
}

bool fa_node_masks_itself(const struct fa_node *node)
{
    return node->kind == FA_NODE_NORM && node->residual == FA_NONE;
}

int fa_graph_output_level(const struct fa_graph *graph, int i, bool *is_cls)
{
    for (int l = 0; l < FA_LEVELS; l++) {
        *is_cls = graph->cls[l] == i;
        if (*is_cls || graph->reg[l] == i)
            return l;
    }
    return FA_NONE;
}
