#include "graph.h"

#include <assert.h>

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

int fa_graph_conv(struct fa_graph *graph, int layer, int in, int residual, bool relu)
{
    struct fa_layer *weights = &graph->layer[layer];

    assert(weights->desc.in_channels == graph->node[in].channels && residual != in);
    assert(residual == FA_NONE || graph->node[residual].channels == weights->desc.out_channels);
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
                                        [FA_NODE_POOL] = "pool",
                                        [FA_NODE_UPSAMPLE] = "upsample"};
    const struct fa_node *node = &graph->node[i];

    return node->layer != FA_NONE ? graph->layer[node->layer].name : kinds[node->kind];
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
