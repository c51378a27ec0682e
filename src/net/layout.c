/*
 * Where each parameter lies: trainable ones layer by layer as backward completes them, then frozen ones, then
 * statistics, both in the order of the state_dict.
 */
#include "layout.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"

#define PER_LAYER      5                  /* weight, gamma, beta, mean, variance */
#define PARAM_NAME_MAX (FA_NAME_MAX + 16) /* the layer's and ".running_mean" */

struct layout {
    struct fa_params *params;
    char (*names)[PARAM_NAME_MAX];
};

/* Layers in which backward completes their gradients: the later the first use, the earlier. */
static int by_completion(const void *a, const void *b)
{
    const struct fa_layer *const *x = a, *const *y = b;

    return (*y)->first_use - (*x)->first_use;
}

static const struct fa_param *add(struct layout *layout, const char *scope, const char *part,
                                  enum fa_param_kind kind, int module_order, int n_dims,
                                  const int64_t dims[FA_TENSOR_MAX_DIMS])
{
    struct fa_params *params = layout->params;
    struct fa_param *entry = &params->entry[params->n];
    char *name = layout->names[params->n++];

    snprintf(name, PARAM_NAME_MAX, "%s.%s", scope, part);
    *entry = (struct fa_param){.name = name,
                               .kind = kind,
                               .n_dims = n_dims,
                               .n_elem = 1,
                               .offset = params->n_elem,
                               .module_order = module_order};
    for (int d = 0; d < n_dims; d++) {
        entry->dims[d] = dims[d];
        entry->n_elem *= (size_t)dims[d];
    }
    params->n_elem += entry->n_elem;
    return entry;
}

static const struct fa_param *add_of_norm(struct layout *layout, const struct fa_layer *layer,
                                          const char *part, enum fa_param_kind kind, int module_order)
{
    const int64_t channels[4] = {layer->desc.out_channels};
    const struct fa_param *entry = add(layout, layer->norm, part, kind, module_order, 1, channels);

    layout->params->entry[layout->params->n - 1].of_norm = true;
    return entry;
}

static void add_learned(struct layout *layout, struct fa_layer *layer, int module_order)
{
    const struct fa_weights_desc *w = &layer->desc;
    const enum fa_param_kind kind = layer->frozen ? FA_PARAM_FROZEN : FA_PARAM_TRAINABLE;
    const int64_t filters[4] = {w->out_channels, w->in_channels / w->groups, w->kernel, w->kernel};
    const int64_t channels[4] = {w->out_channels};

    layer->weight = add(layout, layer->name, "weight", kind, module_order, 4, filters);
    if (fa_layer_has_norm(layer)) {
        layer->gamma = add_of_norm(layout, layer, "weight", kind, module_order + 1);
        layer->bias = add_of_norm(layout, layer, "bias", kind, module_order + 2);
    } else {
        layer->bias = add(layout, layer->name, "bias", kind, module_order + 1, 1, channels);
    }
}

static void add_statistics(struct layout *layout, struct fa_layer *layer, int module_order)
{
    layer->mean = add_of_norm(layout, layer, "running_mean", FA_PARAM_STATISTIC, module_order + 3);
    layer->var = add_of_norm(layout, layer, "running_var", FA_PARAM_STATISTIC, module_order + 4);
}

static void lay_out(struct layout *layout, struct fa_graph *graph)
{
    struct fa_layer *completion[FA_GRAPH_MAX_LAYERS];
    int n_trainable = 0;

    for (int l = 0; l < graph->n_layers; l++)
        if (!graph->layer[l].frozen)
            completion[n_trainable++] = &graph->layer[l];
    qsort(completion, (size_t)n_trainable, sizeof *completion, by_completion);

    for (int l = 0; l < n_trainable; l++)
        add_learned(layout, completion[l], PER_LAYER * (int)(completion[l] - graph->layer));
    layout->params->n_trainable = layout->params->n_elem;
    for (int l = 0; l < graph->n_layers; l++)
        if (graph->layer[l].frozen)
            add_learned(layout, &graph->layer[l], PER_LAYER * l);
    for (int l = 0; l < graph->n_layers; l++)
        if (fa_layer_has_batch_norm(&graph->layer[l]))
            add_statistics(layout, &graph->layer[l], PER_LAYER * l);
}

/* Turns module orders, which have gaps where a layer has a bias instead of a norm, into ranks. */
static void close_gaps(struct fa_params *params)
{
    int rank_of[PER_LAYER * FA_GRAPH_MAX_LAYERS] = {0};
    int rank = 0;

    for (size_t i = 0; i < params->n; i++)
        rank_of[params->entry[i].module_order] = 1;
    for (int m = 0; m < PER_LAYER * FA_GRAPH_MAX_LAYERS; m++)
        if (rank_of[m])
            rank_of[m] = rank++;
    for (size_t i = 0; i < params->n; i++)
        params->entry[i].module_order = rank_of[params->entry[i].module_order];
}

fa_status fa_params_list(struct fa_graph *graph, struct fa_params *params)
{
    const size_t capacity = PER_LAYER * (size_t)graph->n_layers;
    struct layout layout = {.params = params};

    memset(params, 0, sizeof *params);
    FA_TRY(fa_alloc_zero(capacity, sizeof *layout.names, &layout.names));
    if (fa_alloc_zero(capacity, sizeof *params->entry, &params->entry) != FA_OK) {
        fa_free(layout.names);
        return FA_ENOMEM;
    }
    lay_out(&layout, graph);
    close_gaps(params);
    return FA_OK;
}

fa_status fa_params_create(struct fa_graph *graph, struct fa_backend *backend, struct fa_params *params)
{
    fa_status status;

    FA_TRY(fa_params_list(graph, params));
    status = fa_flat_create(backend, params->n_elem, &params->value);
    if (status == FA_OK)
        status = fa_flat_create(backend, params->n_trainable, &params->grad);
    if (status != FA_OK)
        fa_params_destroy(params);
    return status;
}

void fa_params_destroy(struct fa_params *params)
{
    if (params->entry != NULL)
        fa_free((void *)params->entry[0].name); /* all names are one block */
    fa_free(params->entry);
    fa_flat_destroy(params->value);
    fa_flat_destroy(params->grad);
    memset(params, 0, sizeof *params);
}

size_t fa_layer_end(const struct fa_layer *layer)
{
    assert(!layer->frozen);
    return layer->bias->offset + layer->bias->n_elem;
}
