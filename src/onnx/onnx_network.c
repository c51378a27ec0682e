#include "onnx_network.h"

#include <math.h>
#include <stdio.h>

#include "fa/memory.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

void fa_onnx_value_name(const struct fa_graph *graph, int i, char name[FA_ONNX_NAME_MAX])
{
    static const char *const kinds[] = {[FA_NODE_IMAGE] = "padded",
                                        [FA_NODE_POOL] = "backbone.maxpool",
                                        [FA_NODE_UPSAMPLE] = "neck.upsample"};
    const struct fa_node *node = &graph->node[i];
    const char *base = node->kind == FA_NODE_CONV   ? graph->layer[node->layer].name
                       : node->kind == FA_NODE_NORM ? graph->layer[node->layer].norm
                                                    : kinds[node->kind];

    snprintf(name, FA_ONNX_NAME_MAX, "%s:%d", base, i);
}

/* ---- the image ---- */

/* Pixels are R G B; a network that wants B G R swaps them. */
static void add_normalising(struct fa_onnx *onnx, const struct fa_weights_meta *meta)
{
    static const int64_t dims[4] = {1, 3, 1, 1};
    const int64_t order[3] = {meta->to_rgb ? 0 : 2, 1, meta->to_rgb ? 2 : 0};
    const struct fa_onnx_node nodes[] = {
        {.op = "Gather",
         .in = {FA_ONNX_IMAGE, "image.order"},
         .out = {"image.ordered"},
         .attributes = {FA_ONNX_NUMBER("axis", 1)}},
        {.op = "Sub", .in = {"image.ordered", "image.mean"}, .out = {"image.centred"}},
        {.op = "Div", .in = {"image.centred", "image.std"}, .out = {"image.normal"}},
    };

    fa_onnx_integers(onnx, "image.order", 1, 3, order);
    fa_onnx_floats(onnx, "image.mean", 4, dims, meta->mean);
    fa_onnx_floats(onnx, "image.std", 4, dims, meta->std);
    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

/* By zeros at the right and below, to the next multiple of the divisor: -size mod divisor of each side. */
static void add_padding(struct fa_onnx *onnx, const char *out)
{
    const struct fa_onnx_node nodes[] = {
        {.op = "Shape", .in = {FA_ONNX_IMAGE}, .out = {FA_ONNX_IMAGE_SHAPE}},
        {.op = "Neg", .in = {FA_ONNX_IMAGE_SHAPE}, .out = {"image.negative"}},
        {.op = "Mod", .in = {"image.negative", "image.divisor"}, .out = {"image.missing"}},
        {.op = "Mul", .in = {"image.missing", "image.sides"}, .out = {"image.after"}},
        {.op = "Concat",
         .in = {"image.before", "image.after"},
         .out = {"image.pads"},
         .attributes = {FA_ONNX_NUMBER("axis", 0)}},
        {.op = "Pad", .in = {"image.normal", "image.pads"}, .out = {out}},
    };

    fa_onnx_integers(onnx, "image.divisor", 1, 1, (const int64_t[]){FA_SIZE_DIVISOR});
    fa_onnx_integers(onnx, "image.sides", 1, 4, (const int64_t[]){0, 0, 1, 1});
    fa_onnx_integers(onnx, "image.before", 1, 4, (const int64_t[]){0, 0, 0, 0});
    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

/* ---- the constants of a layer ---- */

struct layer_names {
    char filters[FA_ONNX_NAME_MAX], bias[FA_ONNX_NAME_MAX];
    char gamma[FA_ONNX_NAME_MAX], beta[FA_ONNX_NAME_MAX], groups[FA_ONNX_NAME_MAX], ones[FA_ONNX_NAME_MAX],
        zeros[FA_ONNX_NAME_MAX]; /* of group norm */
};

static struct layer_names names_of(const struct fa_layer *layer)
{
    struct layer_names names;

    snprintf(names.filters, sizeof names.filters, "%s.weight", layer->name);
    snprintf(names.bias, sizeof names.bias, "%s.bias", layer->name);
    snprintf(names.gamma, sizeof names.gamma, "%s.weight", layer->norm);
    snprintf(names.beta, sizeof names.beta, "%s.bias", layer->norm);
    snprintf(names.groups, sizeof names.groups, "%s.groups", layer->norm);
    snprintf(names.ones, sizeof names.ones, "%s.ones", layer->norm);
    snprintf(names.zeros, sizeof names.zeros, "%s.zeros", layer->norm);
    return names;
}

static const float *values_of(const struct fa_weights_file *weights, const struct fa_param *param)
{
    return fa_weights_find(weights, param->name)->data;
}

/* gamma / sigma of each channel; 1 without batch norm. */
static double scale_of(const struct fa_layer *layer, const struct fa_weights_file *weights, size_t o)
{
    if (!fa_layer_has_batch_norm(layer))
        return 1;
    return (double)values_of(weights, layer->gamma)[o] /
           sqrt((double)values_of(weights, layer->var)[o] + FA_NORM_EPSILON);
}

static void fold_filters(const struct fa_layer *layer, const struct fa_weights_file *weights, float *filters)
{
    const float *given = values_of(weights, layer->weight);
    const size_t n_out = (size_t)layer->desc.out_channels, n_each = layer->weight->n_elem / n_out;

    for (size_t o = 0; o < n_out; o++) {
        const double scale = scale_of(layer, weights, o);

        for (size_t i = o * n_each; i < (o + 1) * n_each; i++)
            filters[i] = (float)(given[i] * scale);
    }
}

static void fold_bias(const struct fa_layer *layer, const struct fa_weights_file *weights, float *bias)
{
    const float *given = values_of(weights, layer->bias);

    for (size_t o = 0; o < layer->bias->n_elem; o++) {
        const double mean = fa_layer_has_batch_norm(layer) ? (double)values_of(weights, layer->mean)[o] : 0;

        bias[o] = (float)(given[o] - mean * scale_of(layer, weights, o));
    }
}

static fa_status add_filters(struct fa_onnx *onnx, const struct fa_layer *layer,
                             const struct fa_weights_file *weights)
{
    const struct layer_names names = names_of(layer);
    float *folded;

    FA_TRY(fa_alloc(layer->weight->n_elem, sizeof *folded, &folded));
    fold_filters(layer, weights, folded);
    fa_onnx_floats(onnx, names.filters, 4, layer->weight->dims, folded);
    if (!fa_layer_has_group_norm(layer)) {
        fold_bias(layer, weights, folded); /* which has fewer elements than the filters */
        fa_onnx_floats(onnx, names.bias, 1, layer->bias->dims, folded);
    }
    fa_free(folded);
    return FA_OK;
}

/* A group is normalised by ones and zeros; gain and offset are of each channel. */
static fa_status add_group_norm(struct fa_onnx *onnx, const struct fa_layer *layer,
                                const struct fa_weights_file *weights)
{
    const struct layer_names names = names_of(layer);
    const int64_t groups = layer->norm_groups, channels[3] = {layer->desc.out_channels, 1, 1};
    float *values;

    FA_TRY(fa_alloc_zero((size_t)groups, sizeof *values, &values));
    fa_onnx_floats(onnx, names.zeros, 1, &groups, values);
    for (int64_t g = 0; g < groups; g++)
        values[g] = 1;
    fa_onnx_floats(onnx, names.ones, 1, &groups, values);
    fa_free(values);
    fa_onnx_integers(onnx, names.groups, 1, 3, (const int64_t[]){1, groups, -1});
    fa_onnx_floats(onnx, names.gamma, 3, channels, values_of(weights, layer->gamma));
    fa_onnx_floats(onnx, names.beta, 3, channels, values_of(weights, layer->bias));
    return FA_OK;
}

static fa_status add_constants(struct fa_onnx *onnx, const struct fa_graph *graph,
                               const struct fa_weights_file *weights)
{
    fa_onnx_floats(onnx, "upsample.scales", 1, &(const int64_t){4}, (const float[]){1, 1, 2, 2});
    for (int l = 0; l < graph->n_layers; l++) {
        FA_TRY(add_filters(onnx, &graph->layer[l], weights));
        if (fa_layer_has_group_norm(&graph->layer[l]))
            FA_TRY(add_group_norm(onnx, &graph->layer[l], weights));
    }
    return FA_OK;
}

/* ---- nodes ---- */

/* What a convolution or norm gives is raw where a residual or ReLU follows. */
static const char *raw_name(const struct fa_node *node, const char *out)
{
    return node->residual != FA_NONE || node->relu ? ".raw" : out;
}

static void add_tail(struct fa_onnx *onnx, const struct fa_graph *graph, const struct fa_node *node,
                     const char *out)
{
    const bool adds = node->residual != FA_NONE;
    char residual[FA_ONNX_NAME_MAX];
    const struct fa_onnx_node sum = {
        .op = "Add", .in = {".raw", residual}, .out = {node->relu ? ".sum" : out}};
    const struct fa_onnx_node relu = {.op = "Relu", .in = {adds ? ".sum" : ".raw"}, .out = {out}};

    if (adds) {
        fa_onnx_value_name(graph, node->residual, residual);
        fa_onnx_add(onnx, &sum, 1);
    }
    if (node->relu)
        fa_onnx_add(onnx, &relu, 1);
}

static void add_conv(struct fa_onnx *onnx, const struct fa_layer *layer, const char *in, const char *out)
{
    const struct layer_names names = names_of(layer);
    const int64_t kernel = layer->desc.kernel, stride = layer->stride, pad = kernel / 2;
    const struct fa_onnx_node conv = {
        .op = "Conv",
        .in = {in, names.filters, fa_layer_has_group_norm(layer) ? NULL : names.bias},
        .out = {out},
        .attributes = {FA_ONNX_TWO_NUMBERS("kernel_shape", kernel, kernel),
                       FA_ONNX_TWO_NUMBERS("strides", stride, stride),
                       FA_ONNX_NUMBERS("pads", pad, pad, pad, pad),
                       FA_ONNX_NUMBER("group", layer->desc.groups)}};

    fa_onnx_add(onnx, &conv, 1);
}

/* Group norm is a normalisation of instances with a channel for each group. */
static void add_norm(struct fa_onnx *onnx, const struct fa_layer *layer, const char *in, const char *out)
{
    const struct layer_names names = names_of(layer);
    const struct fa_onnx_node nodes[] = {
        {.op = "Shape", .in = {in}, .out = {".shape"}},
        {.op = "Reshape", .in = {in, names.groups}, .out = {".grouped"}},
        {.op = "InstanceNormalization",
         .in = {".grouped", names.ones, names.zeros},
         .out = {".normal"},
         .attributes = {FA_ONNX_REAL("epsilon", (float)FA_NORM_EPSILON)}},
        {.op = "Reshape", .in = {".normal", ".shape"}, .out = {".channels"}},
        {.op = "Mul", .in = {".channels", names.gamma}, .out = {".gained"}},
        {.op = "Add", .in = {".gained", names.beta}, .out = {out}},
    };

    fa_onnx_add(onnx, nodes, COUNT(nodes));
}

static void add_pool(struct fa_onnx *onnx, const char *in, const char *out)
{
    const struct fa_onnx_node pool = {.op = "MaxPool",
                                      .in = {in},
                                      .out = {out},
                                      .attributes = {FA_ONNX_TWO_NUMBERS("kernel_shape", 3, 3),
                                                     FA_ONNX_TWO_NUMBERS("strides", 2, 2),
                                                     FA_ONNX_NUMBERS("pads", 1, 1, 1, 1)}};

    fa_onnx_add(onnx, &pool, 1);
}

/* Padded sides are multiples of the coarsest stride, so a level has exactly twice those of the next. */
static void add_upsample(struct fa_onnx *onnx, const char *in, const char *out)
{
    const struct fa_onnx_node upsample = {
        .op = "Resize",
        .in = {in, "", "upsample.scales"},
        .out = {out},
        .attributes = {FA_ONNX_TEXT("mode", "nearest"), FA_ONNX_TEXT("nearest_mode", "floor"),
                       FA_ONNX_TEXT("coordinate_transformation_mode", "asymmetric")}};

    fa_onnx_add(onnx, &upsample, 1);
}

static void add_node(struct fa_onnx *onnx, const struct fa_graph *graph, int i)
{
    const struct fa_node *node = &graph->node[i];
    char in[FA_ONNX_NAME_MAX] = "", out[FA_ONNX_NAME_MAX];

    if (node->in != FA_NONE)
        fa_onnx_value_name(graph, node->in, in);
    fa_onnx_value_name(graph, i, out);
    fa_onnx_scope(onnx, out);
    if (node->kind == FA_NODE_IMAGE)
        add_padding(onnx, out);
    else if (node->kind == FA_NODE_POOL)
        add_pool(onnx, in, out);
    else if (node->kind == FA_NODE_UPSAMPLE)
        add_upsample(onnx, in, out);
    else if (node->kind == FA_NODE_CONV)
        add_conv(onnx, &graph->layer[node->layer], in, raw_name(node, out));
    else
        add_norm(onnx, &graph->layer[node->layer], in, raw_name(node, out));
    if (node->layer != FA_NONE)
        add_tail(onnx, graph, node, out);
}

fa_status fa_onnx_network(struct fa_onnx *onnx, const struct fa_graph *graph,
                          const struct fa_weights_file *weights)
{
    FA_TRY(add_constants(onnx, graph, weights));
    add_normalising(onnx, &weights->meta);
    for (int i = 0; i < graph->n_nodes; i++)
        add_node(onnx, graph, i);
    return FA_OK;
}
