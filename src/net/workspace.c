/*
 * What one image changes: plans by size, a bounded number of them, the memory that they share, and sums.
 */
#include "fa/machine.h"
#include "fa/memory.h"
#include "fa/trace.h"
#include "state.h"

/* Of one convolution in one direction, as measured with oneDNN 2.6: code and descriptors. */
#define PREPARED_BYTES  (20 << 10)
#define SHARE_OF_MEMORY 32

#define MAX_SIDE 16384 /* keeps every count of elements of one plane within an int */

fa_status fa_size_check(int h, int w)
{
    if (h > 0 && w > 0 && h <= MAX_SIDE && w <= MAX_SIDE && h % FA_SIZE_DIVISOR == 0 &&
        w % FA_SIZE_DIVISOR == 0)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "an image of %dx%d does not fit the network; pad it to multiples of %d, at most %d", w, h,
                   FA_SIZE_DIVISOR, MAX_SIDE);
}

static struct fa_plan *cached(struct fa_workspace *workspace, bool training, int h, int w)
{
    for (int p = 0; p < workspace->n_plans; p++) {
        struct fa_plan *plan = workspace->plan[p];

        if (plan->training == training && plan->h == h && plan->w == w)
            return plan;
    }
    return NULL;
}

static void evict_oldest(struct fa_workspace *workspace)
{
    int oldest = 0;

    for (int p = 1; p < workspace->n_plans; p++)
        if (workspace->plan[p]->last_used < workspace->plan[oldest]->last_used)
            oldest = p;
    fa_plan_destroy(workspace->plan[oldest]);
    workspace->plan[oldest] = workspace->plan[--workspace->n_plans];
}

static fa_status create_plan(struct fa_workspace *workspace, bool training, int h, int w,
                             struct fa_plan **plan)
{
    const struct fa_model *model = workspace->model;
    const int span = fa_span_begin("plan");
    fa_status status =
        fa_plan_create(&model->graph, workspace->queue, model->weights, model->affine, training, h, w, plan);

    fa_span_end(span);
    return status;
}

fa_status fa_workspace_plan(struct fa_workspace *workspace, enum fa_pass pass, int h, int w,
                            struct fa_plan **out)
{
    const bool training = pass == FA_TRAINING;
    struct fa_plan *plan;

    FA_TRY(fa_size_check(h, w));
    workspace->taken = workspace->trained = NULL;
    plan = cached(workspace, training, h, w);
    if (plan == NULL) {
        FA_TRY(create_plan(workspace, training, h, w, &plan));
        if (workspace->n_plans == workspace->most_plans)
            evict_oldest(workspace);
        workspace->plan[workspace->n_plans++] = plan;
        plan->number = ++workspace->n_planned;
        if (plan->arena_bytes > workspace->largest_arena)
            workspace->largest_arena = plan->arena_bytes;
    }
    plan->last_used = ++workspace->clock;
    *out = plan;
    return FA_OK;
}

/* Frees before it takes: what was there is no longer wanted. */
static fa_status take_anew(struct fa_backend *queue, size_t n_bytes, void **memory)
{
    fa_backend_free(queue, *memory);
    *memory = NULL;
    return fa_backend_alloc(queue, n_bytes, memory);
}

static fa_status grow_arena(struct fa_workspace *workspace, size_t n_bytes)
{
    if (n_bytes <= workspace->arena_bytes)
        return FA_OK;
    workspace->arena_bytes = 0;
    FA_TRY(take_anew(workspace->queue, n_bytes, &workspace->arena));
    workspace->arena_bytes = n_bytes;
    return FA_OK;
}

static fa_status grow_head(struct fa_workspace *workspace, size_t n_anchors)
{
    const size_t n_classes = (size_t)workspace->model->config.num_classes;

    if (n_anchors <= workspace->head_anchors)
        return FA_OK;
    workspace->head_anchors = 0;
    FA_TRY(take_anew(workspace->queue, n_anchors * n_classes * sizeof(fa_real), &workspace->cls));
    FA_TRY(take_anew(workspace->queue, n_anchors * 4 * sizeof(fa_real), &workspace->reg));
    workspace->head_anchors = n_anchors;
    return FA_OK;
}

static fa_status make_layer_sums(struct fa_workspace *workspace, int l)
{
    const struct fa_model *model = workspace->model;

    if (workspace->weights_sum[l] == NULL)
        FA_TRY(fa_weights_sum_create(workspace->queue, model->weights[l], &workspace->weights_sum[l]));
    if (model->affine[l] != NULL && workspace->affine_sum[l] == NULL)
        FA_TRY(fa_affine_sum_create(workspace->queue, model->affine[l], &workspace->affine_sum[l]));
    return FA_OK;
}

static fa_status make_sums(struct fa_workspace *workspace)
{
    const struct fa_graph *graph = &workspace->model->graph;

    for (int l = 0; l < graph->n_layers; l++)
        if (!graph->layer[l].frozen)
            FA_TRY(make_layer_sums(workspace, l));
    return FA_OK;
}

fa_status fa_workspace_reserve(struct fa_workspace *workspace, const struct fa_plan *plan)
{
    FA_TRY(grow_arena(workspace, plan->arena_bytes));
    FA_TRY(grow_head(workspace, plan->pyramid.n_anchors));
    return plan->training ? make_sums(workspace) : FA_OK;
}

/* ---- life ---- */

static int plans_that_fit(const struct fa_graph *graph)
{
    size_t n_prepared = 1, fit;

    for (int i = 0; i < graph->n_nodes; i++)
        n_prepared += 3 * (graph->node[i].kind == FA_NODE_CONV);
    fit = (size_t)(fa_machine_free_memory() / SHARE_OF_MEMORY) / (n_prepared * PREPARED_BYTES);
    return fit < FA_LEAST_PLANS ? FA_LEAST_PLANS : fit > FA_MOST_PLANS ? FA_MOST_PLANS : (int)fit;
}

fa_status fa_workspace_create(struct fa_model *model, struct fa_flat *grad, struct fa_workspace **out)
{
    struct fa_workspace *workspace;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *workspace, &workspace));
    status = fa_backend_fork(model->backend, &workspace->queue);
    if (status != FA_OK) {
        fa_free(workspace);
        return status;
    }
    workspace->model = model;
    workspace->most_plans = plans_that_fit(&model->graph);
    workspace->grad = grad != NULL ? grad : model->params.grad;
    *out = workspace;
    return FA_OK;
}

void fa_workspace_destroy(struct fa_workspace *workspace)
{
    if (workspace == NULL)
        return;
    for (int p = 0; p < workspace->n_plans; p++)
        fa_plan_destroy(workspace->plan[p]);
    for (int l = 0; l < FA_GRAPH_MAX_LAYERS; l++) {
        fa_weights_sum_destroy(workspace->weights_sum[l]);
        fa_affine_sum_destroy(workspace->affine_sum[l]);
    }
    fa_backend_free(workspace->queue, workspace->arena);
    fa_backend_free(workspace->queue, workspace->cls);
    fa_backend_free(workspace->queue, workspace->reg);
    fa_backend_close(workspace->queue);
    fa_free(workspace);
}

struct fa_backend *fa_workspace_queue(const struct fa_workspace *workspace)
{
    return workspace->queue;
}

struct fa_flat *fa_workspace_grad(const struct fa_workspace *workspace)
{
    return workspace->grad;
}

void fa_workspace_memory(const struct fa_workspace *workspace, struct fa_model_memory *out)
{
    const struct fa_model *model = workspace->model;

    *out = (struct fa_model_memory){.parameters = model->params.n_elem * sizeof(fa_real),
                                    .gradients = model->params.n_trainable * sizeof(fa_real),
                                    .arena = workspace->largest_arena,
                                    .n_plans = workspace->n_plans};
    for (int l = 0; l < model->graph.n_layers; l++)
        out->packed_weights += 2 * model->graph.layer[l].weight->n_elem * sizeof(fa_real);
}
