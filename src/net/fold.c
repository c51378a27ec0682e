/*
 * fold.c - the way of a layer's parameters into the backend's weights, and of what backward adds up for them
 * back to the flat gradient.
 */
#include "fa/trace.h"
#include "state.h"

/* ---- where a layer's parameters lie ---- */

static const fa_real *value_of(const struct fa_model *model, const struct fa_param *param)
{
    return param != NULL ? fa_flat_memory(model->params.value) + param->offset : NULL;
}

/* With group norm, gamma and beta belong to the node behind the convolution. */
static struct fa_layer_values values_of(const struct fa_model *model, const struct fa_layer *layer)
{
    struct fa_layer_values values = {.filters = value_of(model, layer->weight)};

    if (fa_layer_has_group_norm(layer))
        return values;
    values.bias = value_of(model, layer->bias);
    values.gamma = value_of(model, layer->gamma);
    values.mean = value_of(model, layer->mean);
    values.var = value_of(model, layer->var);
    return values;
}

static fa_real *grad_of(const struct fa_workspace *workspace, const struct fa_param *param)
{
    return param != NULL ? fa_flat_memory(workspace->grad) + param->offset : NULL;
}

static struct fa_layer_grads grads_of(const struct fa_workspace *workspace, const struct fa_layer *layer)
{
    struct fa_layer_grads grads = {.filters = grad_of(workspace, layer->weight)};

    if (fa_layer_has_group_norm(layer))
        return grads;
    grads.bias = grad_of(workspace, layer->bias);
    grads.gamma = grad_of(workspace, layer->gamma);
    return grads;
}

/* ---- weights ---- */

fa_status fa_model_create_weights(struct fa_model *model)
{
    for (int l = 0; l < model->graph.n_layers; l++) {
        const struct fa_layer *layer = &model->graph.layer[l];

        FA_TRY(fa_weights_create(model->backend, &layer->desc, &model->weights[l]));
        if (fa_layer_has_group_norm(layer))
            FA_TRY(fa_affine_create(model->backend, layer->desc.out_channels, &model->affine[l]));
    }
    return FA_OK;
}

void fa_model_destroy_weights(struct fa_model *model)
{
    for (int l = 0; l < model->graph.n_layers; l++) {
        fa_weights_destroy(model->weights[l]);
        fa_affine_destroy(model->affine[l]);
    }
}

/* ---- from parameters to weights ---- */

fa_status fa_layer_fold(struct fa_model *model, int l)
{
    const struct fa_layer *layer = &model->graph.layer[l];
    const struct fa_layer_values values = values_of(model, layer);

    if (fa_layer_has_group_norm(layer))
        FA_TRY(fa_affine_load(model->affine[l], value_of(model, layer->gamma), value_of(model, layer->bias)));
    return fa_weights_fold(model->weights[l], &values);
}

fa_status fa_layer_load_raw(struct fa_model *model, int l)
{
    const struct fa_layer_values filters = {.filters = value_of(model, model->graph.layer[l].weight)};

    return fa_weights_fold(model->weights[l], &filters);
}

static fa_status refold(struct fa_model *model, int l)
{
    model->is_stale[l] = true;
    FA_TRY(fa_layer_fold(model, l));
    model->is_stale[l] = false;
    return FA_OK;
}

fa_status fa_model_fold(struct fa_model *model)
{
    fa_status status = FA_OK;
    int span;

    if (!model->any_stale)
        return FA_OK;
    span = fa_backend_span_begin(model->backend, "fold");
    for (int l = 0; l < model->graph.n_layers && status == FA_OK; l++)
        if (model->is_stale[l])
            status = refold(model, l);
    fa_backend_span_end(model->backend, span);
    model->any_stale = status != FA_OK;
    model->folded = fa_backend_mark(model->backend);
    return status;
}

/* ---- from sums to gradients ---- */

void fa_layer_clear_sum(struct fa_workspace *workspace, int l)
{
    fa_weights_sum_clear(workspace->weights_sum[l]);
    if (workspace->affine_sum[l] != NULL)
        fa_affine_sum_clear(workspace->affine_sum[l]);
}

void fa_layer_unfold(struct fa_workspace *workspace, int l)
{
    const struct fa_layer *layer = &workspace->model->graph.layer[l];
    const struct fa_layer_values values = values_of(workspace->model, layer);
    const struct fa_layer_grads grads = grads_of(workspace, layer);
    const int span = fa_span_begin_of("unfold", layer->name, FA_NO_ITEM);

    fa_weights_sum_unfold(workspace->weights_sum[l], &values, &grads);
    if (fa_layer_has_group_norm(layer))
        fa_affine_sum_add(workspace->affine_sum[l], grad_of(workspace, layer->gamma),
                          grad_of(workspace, layer->bias));
    fa_layer_clear_sum(workspace, l);
    fa_span_end(span);
}
