/*
 * Backward: nodes in reverse, each passing its gradient on to what it read (plan.h tells how a gradient is
 * completed), and a layer's gradient unfolded as soon as its first use is done.
 */
#include <assert.h>

#include "fa/trace.h"
#include "layout.h"
#include "state.h"

struct backward {
    struct fa_workspace *workspace;
    struct fa_model *model;
    const struct fa_plan *plan;
    const fa_real *grad_cls, *grad_reg;
};

static void *value(const struct backward *run, int i)
{
    return fa_plan_value_again(run->plan, run->workspace->arena, i);
}

static void *grad(const struct backward *run, int i)
{
    return fa_plan_grad(run->plan, run->workspace->arena, i);
}

/* Has a reader after `reader` already written the gradient of value i? */
static bool accumulates(const struct backward *run, int reader, int i)
{
    return reader != run->model->graph.node[i].last_use;
}

/* The ReLU output by which `reader` is to mask the gradient of value i: NULL unless it completes it. */
static const void *mask(const struct backward *run, int reader, int i)
{
    const struct fa_node *node = &run->model->graph.node[i];

    return node->relu && !fa_node_masks_itself(node) && reader == node->first_use ? value(run, i) : NULL;
}

static void import_level(const struct backward *run, int i)
{
    const struct fa_model *model = run->model;
    bool is_cls;
    const int level = fa_graph_output_level(&model->graph, i, &is_cls);
    const size_t n_columns = is_cls ? (size_t)model->config.num_classes : 4;
    const fa_real *rows = is_cls ? run->grad_cls : run->grad_reg;

    if (level != FA_NONE)
        fa_backend_import_hwc(run->workspace->queue, run->plan->node[i].shape,
                              rows + run->plan->pyramid.first[level] * n_columns, grad(run, i));
}

/* The residual's share is the node's own gradient. Where the node is the first to give, storage.c made the
   two one buffer. */
static void pass_to_residual(const struct backward *run, int i)
{
    const int residual = run->model->graph.node[i].residual;
    const void *relu_output = mask(run, i, residual);
    const bool add = accumulates(run, i, residual);

    if (add || relu_output != NULL)
        fa_backend_add_masked(run->workspace->queue, run->plan->node[residual].shape,
                              add ? grad(run, i) : NULL, relu_output, grad(run, residual));
}

static fa_status conv_backward(const struct backward *run, int i)
{
    const struct fa_node *node = &run->model->graph.node[i];
    struct fa_conv *conv = run->plan->node[i].conv;

    if (!run->model->graph.layer[node->layer].frozen)
        FA_TRY(fa_conv_backward_weights(conv, value(run, node->in), grad(run, i),
                                        run->workspace->weights_sum[node->layer]));
    if (fa_plan_trains(run->plan, node->in))
        FA_TRY(fa_conv_backward_data(conv, grad(run, i), accumulates(run, i, node->in),
                                     mask(run, i, node->in), grad(run, node->in)));
    if (node->residual != FA_NONE && fa_plan_trains(run->plan, node->residual))
        pass_to_residual(run, i);
    return FA_OK;
}

static fa_status norm_backward(const struct backward *run, int i)
{
    const struct fa_node *node = &run->model->graph.node[i];

    FA_TRY(fa_norm_backward(run->plan->node[i].norm, value(run, node->in),
                            fa_at(run->workspace->arena, run->plan->node[i].kept), grad(run, i),
                            grad(run, node->in), run->workspace->affine_sum[node->layer]));
    if (node->residual != FA_NONE && fa_plan_trains(run->plan, node->residual))
        pass_to_residual(run, i);
    return FA_OK;
}

static fa_status pool_backward(const struct backward *run, int i)
{
    const int in = run->model->graph.node[i].in;

    return fa_pool_backward(run->plan->node[i].pool, fa_at(run->workspace->arena, run->plan->node[i].kept),
                            grad(run, i), mask(run, i, in), grad(run, in));
}

static void upsample_backward(const struct backward *run, int i)
{
    const int in = run->model->graph.node[i].in;

    assert(!run->model->graph.node[in].relu);
    fa_backend_upsample_backward(run->workspace->queue, run->plan->node[in].shape, run->plan->node[i].shape,
                                 grad(run, i), accumulates(run, i, in), grad(run, in));
}

static fa_status backward_by_kind(const struct backward *run, int i)
{
    switch (run->model->graph.node[i].kind) {
    case FA_NODE_IMAGE:
        break;
    case FA_NODE_CONV:
        import_level(run, i);
        return conv_backward(run, i);
    case FA_NODE_NORM:
        return norm_backward(run, i);
    case FA_NODE_POOL:
        return pool_backward(run, i);
    case FA_NODE_UPSAMPLE:
        upsample_backward(run, i);
        break;
    }
    return FA_OK;
}

/* Values that this node and those before it read, and that were not kept. */
static fa_status make_again(const struct backward *run, int i)
{
    for (int k = 0; k < i; k++)
        if (run->plan->node[k].again_before == i)
            FA_TRY(fa_plan_run_again(run->plan, run->workspace->arena, k));
    return FA_OK;
}

static fa_status node_backward(const struct backward *run, int i)
{
    const int span = fa_span_begin_of("layer", fa_node_name(&run->model->graph, i), i);
    fa_status status = make_again(run, i);

    if (status == FA_OK)
        status = backward_by_kind(run, i);

    fa_span_end(span);
    return status;
}

/* The layer whose gradient is complete after backward of node i; FA_NONE if there is none. */
static int completed_layer(const struct fa_graph *graph, int i)
{
    const int layer = graph->node[i].layer;

    if (layer == FA_NONE || graph->layer[layer].frozen || graph->layer[layer].first_use != i)
        return FA_NONE;
    return layer;
}

/* A training forward serves one backward, while the parameters are those that it ran with. */
static fa_status take_trained(struct fa_workspace *workspace, const struct fa_plan **plan)
{
    *plan = workspace->trained;
    workspace->trained = NULL; /* gradients take the place of values */
    if (*plan == NULL || workspace->trained_version != workspace->model->version)
        return fa_fail(FA_EINVAL, "backward needs a training forward before it");
    return FA_OK;
}

static void clear_sums(struct fa_workspace *workspace)
{
    const struct fa_graph *graph = &workspace->model->graph;

    for (int l = 0; l < graph->n_layers; l++)
        if (!graph->layer[l].frozen)
            fa_layer_clear_sum(workspace, l);
}

fa_status fa_workspace_backward(struct fa_workspace *workspace, const fa_real *grad_cls,
                                const fa_real *grad_reg, fa_grad_ready_fn ready, void *context)
{
    struct fa_model *model = workspace->model;
    struct backward run = {workspace, model, NULL, grad_cls, grad_reg};
    size_t n_final = 0;

    FA_TRY(take_trained(workspace, &run.plan));
    clear_sums(workspace);
    for (int i = model->graph.n_nodes - 1; i >= 0; i--) {
        const int layer = completed_layer(&model->graph, i);

        if (!fa_plan_trains(run.plan, i))
            continue;
        FA_TRY(node_backward(&run, i));
        if (layer != FA_NONE) {
            fa_layer_unfold(workspace, layer);
            fa_weights_forget(model->weights[layer]);
            n_final = fa_layer_end(&model->graph.layer[layer]);
        }
        if (ready != NULL)
            ready(context, n_final);
    }
    return FA_OK;
}
