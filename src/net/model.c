#include <string.h>

#include "fa/memory.h"
#include "layout.h"
#include "state.h"

static fa_status check_channels(const char *key, int channels, int most)
{
    if (!fa_width_can_be(channels, most))
        return fa_fail(FA_EINVAL, "%s is %d; it must be a multiple of %d from %d to %d", key, channels,
                       FA_WIDTH_STEP, FA_WIDTH_STEP, most);
    return FA_OK;
}

static fa_status check_backbone(const struct fa_model_config *config)
{
    const int depth = config->depth;
    const bool bottleneck = depth == 50 || depth == 101;

    if (!bottleneck && depth != 18 && depth != 34)
        return fa_fail(FA_EINVAL, "model.backbone.depth is %d; it can be 18, 34, 50 or 101", depth);
    if (config->groups < 1 || config->base_width < 1 || config->groups > 64 || config->base_width > 64)
        return fa_fail(FA_EINVAL, "a ResNeXt of %d groups of width %d is not supported; both are 1 to 64",
                       config->groups, config->base_width);
    if (!bottleneck && (config->groups != 1 || config->base_width != 64))
        return fa_fail(FA_EINVAL, "ResNet-%d has no bottleneck to group; use 1 group of width 64", depth);
    FA_TRY(check_channels("model.backbone.base_channels", config->base_channels, FA_MAX_BASE_CHANNELS));
    if (config->base_channels != 64 && (config->groups != 1 || config->base_width != 64))
        return fa_fail(
            FA_EINVAL,
            "model.backbone.base_channels is %d; it must be 64 unless groups is 1 and base_width 64",
            config->base_channels);
    if (config->frozen_stages < -1 || config->frozen_stages > 4)
        return fa_fail(FA_EINVAL, "model.backbone.frozen_stages is %d; it can be -1 to 4",
                       config->frozen_stages);
    return FA_OK;
}

static fa_status check_neck_and_head(const struct fa_model_config *config)
{
    const int finest = fa_anchors_meant(&config->anchors)->finest_level;

    if (finest != 2 && finest != 3)
        return fa_fail(FA_EINVAL, "model.finest_level is %d; it can be 2 or 3", finest);
    FA_TRY(check_channels("model.neck_channels", config->neck_channels, FA_MAX_WIDTH));
    FA_TRY(check_channels("model.head_channels", config->head_channels, FA_MAX_WIDTH));
    if (config->head_convs < 1 || config->head_convs > FA_HEAD_MAX_CONVS)
        return fa_fail(FA_EINVAL, "model.head_convs is %d; it can be 1 to %d", config->head_convs,
                       FA_HEAD_MAX_CONVS);
    return FA_OK;
}

static fa_status check_config(const struct fa_model_config *config)
{
    FA_TRY(check_backbone(config));
    FA_TRY(check_neck_and_head(config));
    if (config->num_classes < 1 || config->num_classes > FA_MAX_CLASSES)
        return fa_fail(FA_EINVAL, "%d classes; there can be 1 to %d", config->num_classes, FA_MAX_CLASSES);
    if (config->norm == FA_NORM_GROUP && config->norm_groups < 1)
        return fa_fail(FA_EINVAL, "model.norm_groups is %d; it must be at least 1", config->norm_groups);
    if (!(config->prior_probability > 0 && config->prior_probability < 1))
        return fa_fail(FA_EINVAL, "the prior probability is %g; it must lie between 0 and 1",
                       config->prior_probability);
    return FA_OK;
}

static fa_status check_norms(const struct fa_graph *graph)
{
    for (int l = 0; l < graph->n_layers; l++) {
        const struct fa_layer *layer = &graph->layer[l];

        if (fa_layer_has_group_norm(layer) && layer->desc.out_channels % layer->norm_groups != 0)
            return fa_fail(
                FA_EINVAL,
                "model.norm_groups: the %d channels of %s cannot be divided into %d groups; take a number "
                "that divides the channels of every layer",
                layer->desc.out_channels, layer->norm, layer->norm_groups);
    }
    return FA_OK;
}

static fa_status build_graph(struct fa_graph *graph, const struct fa_model_config *config)
{
    int feature[4], pyramid[FA_LEVELS];

    fa_resnet_build(graph, config, fa_graph_image(graph), feature);
    fa_fpn_build(graph, config, feature, pyramid);
    fa_retina_head_build(graph, config, pyramid);
    return check_norms(graph);
}

fa_status fa_model_create(const struct fa_model_config *config, struct fa_backend *backend,
                          struct fa_model **out)
{
    struct fa_model *model;
    fa_status status;

    *out = NULL;
    FA_TRY(check_config(config));
    FA_TRY(fa_alloc_zero(1, sizeof *model, &model));
    model->config = *config;
    model->backend = backend;
    status = build_graph(&model->graph, config);
    if (status == FA_OK)
        status = fa_params_create(&model->graph, backend, &model->params);
    if (status == FA_OK)
        status = fa_model_create_weights(model);
    if (status != FA_OK) {
        fa_model_destroy(model);
        return status;
    }
    fa_model_params_changed(model);
    *out = model;
    return FA_OK;
}

fa_status fa_graph_make(const struct fa_model_config *config, struct fa_graph *graph,
                        struct fa_params *params)
{
    FA_TRY(check_config(config));
    FA_TRY(build_graph(graph, config));
    return fa_params_list(graph, params);
}

fa_status fa_model_list_params(const struct fa_model_config *config, struct fa_params *params)
{
    struct fa_graph *graph;
    fa_status status;

    *params = (struct fa_params){0};
    FA_TRY(fa_alloc_zero(1, sizeof *graph, &graph));
    status = fa_graph_make(config, graph, params);
    fa_free(graph);
    return status;
}

void fa_model_destroy(struct fa_model *model)
{
    if (model == NULL)
        return;
    fa_model_destroy_weights(model);
    fa_params_destroy(&model->params);
    fa_free(model);
}

const struct fa_model_config *fa_model_config(const struct fa_model *model)
{
    return &model->config;
}

struct fa_params *fa_model_params(struct fa_model *model)
{
    return &model->params;
}

struct fa_backend *fa_model_backend(const struct fa_model *model)
{
    return model->backend;
}

/* Backward would unfold by other statistics than forward folded. */
void fa_model_params_stepped(struct fa_model *model)
{
    for (int l = 0; l < model->graph.n_layers; l++)
        model->is_stale[l] |= !model->graph.layer[l].frozen;
    model->any_stale = true;
    model->version++;
}

void fa_model_params_changed(struct fa_model *model)
{
    for (int l = 0; l < model->graph.n_layers; l++)
        model->is_stale[l] = true;
    fa_model_params_stepped(model);
}
