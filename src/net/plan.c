#include "plan.h"

#include <assert.h>

#include "fa/memory.h"

struct fa_conv_desc fa_plan_conv_desc(const struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const struct fa_layer *layer = &plan->graph->layer[node->layer];

    return (struct fa_conv_desc){.in = plan->node[node->in].shape,
                                 .out_channels = layer->desc.out_channels,
                                 .groups = layer->desc.groups,
                                 .kernel = layer->desc.kernel,
                                 .stride = layer->stride,
                                 .pad = layer->desc.kernel / 2,
                                 .relu = node->relu,
                                 .residual = node->residual != FA_NONE,
                                 .backward_data = fa_plan_trains(plan, node->in),
                                 .backward_weights = plan->training && !layer->frozen};
}

static struct fa_shape node_shape(const struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    struct fa_conv_desc conv;

    switch (node->kind) {
    case FA_NODE_IMAGE:
        break;
    case FA_NODE_CONV:
        conv = fa_plan_conv_desc(plan, i);
        return fa_conv_output_shape(&conv);
    case FA_NODE_NORM:
        return plan->node[node->in].shape;
    case FA_NODE_POOL:
        return fa_pool_output_shape(plan->node[node->in].shape);
    case FA_NODE_UPSAMPLE:
        return (struct fa_shape){node->channels, plan->node[node->like].shape.h,
                                 plan->node[node->like].shape.w};
    }
    return (struct fa_shape){node->channels, plan->h, plan->w};
}

fa_status fa_plan_outline(const struct fa_graph *graph, struct fa_backend *backend, bool training, int h,
                          int w, struct fa_plan **out)
{
    struct fa_plan *plan;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *plan, &plan));
    plan->graph = graph;
    plan->backend = backend;
    plan->training = training;
    plan->h = h;
    plan->w = w;
    for (int i = 0; i < graph->n_nodes; i++)
        plan->node[i].shape = node_shape(plan, i);
    *out = plan;
    return FA_OK;
}

static fa_status create_conv(struct fa_plan *plan, struct fa_weights *const *weights, int i)
{
    const struct fa_conv_desc desc = fa_plan_conv_desc(plan, i);
    const int layer = plan->graph->node[i].layer;

    return fa_prefix(fa_conv_create(plan->backend, &desc, weights[layer], &plan->node[i].conv), "%s",
                     plan->graph->layer[layer].name);
}

static fa_status create_norm(struct fa_plan *plan, struct fa_affine *const *affine, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const struct fa_norm_desc desc = {.shape = plan->node[i].shape,
                                      .groups = plan->graph->layer[node->layer].norm_groups,
                                      .relu = node->relu,
                                      .residual = node->residual != FA_NONE};

    return fa_norm_create(plan->backend, &desc, affine[node->layer], &plan->node[i].norm);
}

static fa_status create_pool(struct fa_plan *plan, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const struct fa_shape in = plan->node[node->in].shape;

    /* Its backward overwrites the gradient that it passes on. */
    assert(plan->graph->node[node->in].first_use == plan->graph->node[node->in].last_use);
    return fa_pool_create(plan->backend, in, &plan->node[i].pool);
}

static fa_status create_node(struct fa_plan *plan, struct fa_weights *const *weights,
                             struct fa_affine *const *affine, int i)
{
    switch (plan->graph->node[i].kind) {
    case FA_NODE_CONV:
        return create_conv(plan, weights, i);
    case FA_NODE_NORM:
        return create_norm(plan, affine, i);
    case FA_NODE_POOL:
        return create_pool(plan, i);
    case FA_NODE_IMAGE:
    case FA_NODE_UPSAMPLE:
        break;
    }
    return FA_OK;
}

/* The head's levels have the sizes for which anchors are made. */
static void place_levels(struct fa_plan *plan)
{
    fa_pyramid_make(plan->graph->finest_level, plan->h, plan->w, &plan->pyramid);
    for (int l = 0; l < FA_LEVELS; l++) {
        assert(plan->node[plan->graph->reg[l]].shape.h == plan->pyramid.h[l]);
        assert(plan->node[plan->graph->reg[l]].shape.w == plan->pyramid.w[l]);
    }
}

fa_status fa_plan_create(const struct fa_graph *graph, struct fa_backend *backend,
                         struct fa_weights *const *weights, struct fa_affine *const *affine, bool training,
                         int h, int w, struct fa_plan **out)
{
    fa_status status = FA_OK;
    struct fa_plan *plan;

    *out = NULL;
    FA_TRY(fa_plan_outline(graph, backend, training, h, w, &plan));
    for (int i = 0; i < graph->n_nodes && status == FA_OK; i++)
        status = create_node(plan, weights, affine, i);
    if (status == FA_OK)
        status = fa_plan_store(plan);
    if (status != FA_OK) {
        fa_plan_destroy(plan);
        return fa_prefix(status, "plan for an image of %dx%d", w, h);
    }
    place_levels(plan);
    *out = plan;
    return FA_OK;
}

void fa_plan_destroy(struct fa_plan *plan)
{
    if (plan == NULL)
        return;
    for (int i = 0; i < plan->graph->n_nodes; i++) {
        fa_conv_destroy(plan->node[i].conv);
        fa_norm_destroy(plan->node[i].norm);
        fa_pool_destroy(plan->node[i].pool);
    }
    fa_free(plan);
}

fa_status fa_plan_import(const struct fa_plan *plan, const struct fa_image *image, void *arena)
{
    const struct fa_shape shape = plan->node[0].shape;

    assert((image->chw != NULL) != (image->frame != NULL));
    if (image->frame != NULL)
        return fa_backend_import_frame(plan->backend, shape, image->frame, fa_plan_value(plan, arena, 0));
    fa_backend_import_chw(plan->backend, shape, image->chw, fa_plan_value(plan, arena, 0));
    return FA_OK;
}

fa_status fa_plan_run(const struct fa_plan *plan, void *arena, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const struct fa_plan_node *self = &plan->node[i];
    const void *src = node->in == FA_NONE ? NULL : fa_plan_value(plan, arena, node->in);
    const void *residual = node->residual == FA_NONE ? NULL : fa_plan_value(plan, arena, node->residual);
    void *dst = fa_plan_value(plan, arena, i);
    void *kept = fa_plan_trains(plan, i) ? fa_at(arena, self->kept) : NULL;

    switch (node->kind) {
    case FA_NODE_IMAGE:
        return FA_OK;
    case FA_NODE_CONV:
        return fa_conv_forward(self->conv, src, residual, dst);
    case FA_NODE_NORM:
        return fa_norm_forward(self->norm, src, residual, dst, kept);
    case FA_NODE_POOL:
        return fa_pool_forward(self->pool, src, dst, kept);
    case FA_NODE_UPSAMPLE:
        fa_backend_upsample(plan->backend, plan->node[node->in].shape, self->shape, src, dst);
        return FA_OK;
    }
    return FA_OK;
}

fa_status fa_plan_run_again(const struct fa_plan *plan, void *arena, int i)
{
    const struct fa_node *node = &plan->graph->node[i];
    const void *residual =
        node->residual == FA_NONE ? NULL : fa_plan_value_again(plan, arena, node->residual);

    assert(node->kind == FA_NODE_NORM);
    return fa_norm_repeat(plan->node[i].norm, fa_plan_value_again(plan, arena, node->in), residual,
                          fa_at(arena, plan->node[i].kept), fa_plan_value_again(plan, arena, i));
}
