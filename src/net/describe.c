#include "state.h"

static size_t learned_elements(const struct fa_layer *layer)
{
    return layer->weight->n_elem + layer->bias->n_elem + (layer->gamma != NULL ? layer->gamma->n_elem : 0);
}

static void describe_node(const struct fa_plan *plan, int i, fa_layer_fn visit, void *context)
{
    const struct fa_node *node = &plan->graph->node[i];
    const struct fa_layer *layer = &plan->graph->layer[node->layer];
    const struct fa_conv *conv = plan->node[i].conv;
    struct fa_layer_info info = {.node = i,
                                 .name = layer->name,
                                 .conv = fa_plan_conv_desc(plan, i),
                                 .out = plan->node[i].shape,
                                 .norm_groups = layer->norm_groups,
                                 .n_params = layer->first_use == i ? learned_elements(layer) : 0};

    info.macs = fa_conv_macs(&info.conv);
    info.algorithm[FA_CONV_FORWARD] = fa_conv_chosen(conv, FA_CONV_FORWARD);
    if (info.conv.backward_data)
        info.algorithm[FA_CONV_BACKWARD_DATA] = fa_conv_chosen(conv, FA_CONV_BACKWARD_DATA);
    if (info.conv.backward_weights)
        info.algorithm[FA_CONV_BACKWARD_WEIGHTS] = fa_conv_chosen(conv, FA_CONV_BACKWARD_WEIGHTS);
    visit(context, &info);
}

fa_status fa_workspace_describe(struct fa_workspace *workspace, int h, int w, fa_layer_fn visit,
                                void *context)
{
    const struct fa_graph *graph = &workspace->model->graph;
    struct fa_plan *plan;

    FA_TRY(fa_workspace_plan(workspace, FA_TRAINING, h, w, &plan));
    for (int i = 0; i < graph->n_nodes; i++)
        if (graph->node[i].kind == FA_NODE_CONV)
            describe_node(plan, i, visit, context);
    return FA_OK;
}
