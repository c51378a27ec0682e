#include "fa/algorithms.h"
#include "state.h"

fa_status fa_model_autotune(struct fa_model *model, int h, int w)
{
    const struct fa_graph *graph = &model->graph;
    struct fa_plan *plan;
    fa_status status = FA_OK;

    FA_TRY(fa_size_check(h, w));
    FA_TRY(fa_plan_outline(graph, model->backend, true, h, w, &plan));
    for (int i = 0; i < graph->n_nodes && status == FA_OK; i++) {
        if (graph->node[i].kind != FA_NODE_CONV)
            continue;
        const struct fa_conv_desc desc = fa_plan_conv_desc(plan, i);
        status = fa_prefix(fa_algorithms_measure(model->backend, &desc), "%s",
                           graph->layer[graph->node[i].layer].name);
    }
    fa_plan_destroy(plan);
    return status;
}
