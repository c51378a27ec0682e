#include "fa/trace.h"
#include "state.h"

/* The rows of one level in the head's matrices are the positions of its map, nine anchors each. */
static void export_level(const struct fa_workspace *workspace, const struct fa_plan *plan, int i)
{
    const struct fa_model *model = workspace->model;
    bool is_cls;
    const int level = fa_graph_output_level(&model->graph, i, &is_cls);
    const size_t n_columns = is_cls ? (size_t)model->config.num_classes : 4;
    fa_real *rows = is_cls ? workspace->cls : workspace->reg;

    if (level != FA_NONE)
        fa_backend_export_hwc(workspace->queue, plan->node[i].shape, fa_plan_value(plan, workspace->arena, i),
                              rows + plan->pyramid.first[level] * n_columns);
}

/* Filters are packed at a layer's first node. Between its last and its backward, packed forms of all other
   layers would take as much memory as the parameters; in inference they serve the next image. */
static void forget_filters(const struct fa_model *model, const struct fa_plan *plan, int i)
{
    const int layer = model->graph.node[i].layer;

    if (plan->training && layer != FA_NONE && model->graph.layer[layer].last_use == i)
        fa_weights_forget(model->weights[layer]);
}

static fa_status run_node(const struct fa_workspace *workspace, const struct fa_plan *plan, int i)
{
    const int span = fa_span_begin_of("layer", fa_node_name(plan->graph, i), i);
    fa_status status = fa_plan_run(plan, workspace->arena, i);

    if (status == FA_OK)
        export_level(workspace, plan, i);
    forget_filters(workspace->model, plan, i);
    fa_span_end(span);
    return status;
}

fa_status fa_workspace_take(struct fa_workspace *workspace, enum fa_pass pass, const struct fa_image *image,
                            struct fa_head *head, uint64_t *number)
{
    struct fa_model *model = workspace->model;
    struct fa_plan *plan;

    FA_TRY(fa_workspace_plan(workspace, pass, image->h, image->w, &plan));
    FA_TRY(fa_workspace_reserve(workspace, plan));
    FA_TRY(fa_model_fold(model));
    fa_backend_follow(workspace->queue, model->folded);
    FA_TRY(fa_plan_import(plan, image, workspace->arena));
    workspace->taken = plan;
    *head =
        (struct fa_head){plan->pyramid.n_anchors, model->config.num_classes, workspace->cls, workspace->reg};
    *number = plan->number;
    return FA_OK;
}

fa_status fa_workspace_run(struct fa_workspace *workspace)
{
    const struct fa_model *model = workspace->model;
    const struct fa_plan *plan = workspace->taken;

    if (plan == NULL)
        return fa_fail(FA_EINVAL, "there is no image to run the network on");
    workspace->taken = NULL;
    for (int i = 0; i < model->graph.n_nodes; i++)
        FA_TRY(run_node(workspace, plan, i));

    workspace->trained = plan->training ? plan : NULL;
    workspace->trained_version = model->version;
    return FA_OK;
}

fa_status fa_workspace_forward(struct fa_workspace *workspace, enum fa_pass pass,
                               const struct fa_image *image, struct fa_head *head)
{
    uint64_t plan;

    FA_TRY(fa_workspace_take(workspace, pass, image, head, &plan));
    return fa_workspace_run(workspace);
}
