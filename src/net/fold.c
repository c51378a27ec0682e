/*
 * Batch norm with fixed statistics folded into its convolution (doc/method.md 2.6).
 *
 * With sigma = sqrt(var + eps) and s = gamma / sigma the layer is conv(x; W s) + (beta - mean s). From the
 * gradients dW' and db' of these filters and bias, for output channel o:
 *     dW = dW' s       dbeta = db'       dgamma = (<dW'_o, W_o> - mean db') / sigma
 * Sums are in double. A layer without batch norm has s = 1 and its own bias, or with group norm none: gamma
 * and beta are then loaded, and their gradients read, as they are.
 */
#include <math.h>
#include <omp.h>

#include "fa/crc32c.h"
#include "fa/memory.h"
#include "fa/trace.h"
#include "fa/vector.h"
#include "state.h"

#define BN_EPSILON 1e-5

/* The gradients of so many output channels are unfolded while they are in cache. */
enum { CHANNELS_AT_A_TIME = 16 };

static const fa_real *value_of(const struct fa_model *model, const struct fa_param *param)
{
    return model->params.value + param->offset;
}

static size_t filter_elements(const struct fa_layer *layer)
{
    return layer->weight->n_elem / (size_t)layer->desc.out_channels;
}

fa_status fa_model_create_weights(struct fa_model *model)
{
    const size_t n_threads = (size_t)fa_backend_threads(model->backend);
    size_t filters = 0, channels = 0;

    for (int l = 0; l < model->graph.n_layers; l++) {
        const struct fa_layer *layer = &model->graph.layer[l];

        filters = filter_elements(layer) > filters ? filter_elements(layer) : filters;
        channels = layer->bias->n_elem > channels ? layer->bias->n_elem : channels;
        FA_TRY(fa_weights_create(model->backend, &layer->desc, &model->weights[l]));
        if (fa_layer_has_group_norm(layer))
            FA_TRY(fa_affine_create(model->backend, layer->desc.out_channels, &model->affine[l]));
    }
    model->scratch.filters_per_thread = CHANNELS_AT_A_TIME * filters;
    FA_TRY(fa_alloc(n_threads * model->scratch.filters_per_thread, sizeof(fa_real), &model->scratch.filters));
    FA_TRY(fa_alloc(channels, sizeof(fa_real), &model->scratch.scale));
    return fa_alloc(channels, sizeof(fa_real), &model->scratch.bias);
}

void fa_model_destroy_weights(struct fa_model *model)
{
    for (int l = 0; l < model->graph.n_layers; l++) {
        fa_weights_destroy(model->weights[l]);
        fa_affine_destroy(model->affine[l]);
    }
    fa_free(model->scratch.filters);
    fa_free(model->scratch.scale);
    fa_free(model->scratch.bias);
}

static double sigma_of(const struct fa_model *model, const struct fa_layer *layer, size_t o)
{
    return sqrt((double)value_of(model, layer->var)[o] + BN_EPSILON);
}

fa_status fa_layer_fold(struct fa_model *model, int l)
{
    const struct fa_layer *layer = &model->graph.layer[l];
    const fa_real *weight = value_of(model, layer->weight), *bias = value_of(model, layer->bias);
    const fa_real *gamma, *mean;

    if (!fa_layer_has_norm(layer))
        return fa_weights_load(model->weights[l], weight, NULL, bias);
    gamma = value_of(model, layer->gamma);
    if (fa_layer_has_group_norm(layer)) {
        FA_TRY(fa_affine_load(model->affine[l], gamma, bias));
        return fa_layer_load_raw(model, l);
    }
    mean = value_of(model, layer->mean);
    for (size_t o = 0; o < layer->bias->n_elem; o++) {
        double scale = (double)gamma[o] / sigma_of(model, layer, o);

        model->scratch.scale[o] = (fa_real)scale;
        model->scratch.bias[o] = (fa_real)((double)bias[o] - (double)mean[o] * scale);
    }
    return fa_weights_load(model->weights[l], weight, model->scratch.scale, model->scratch.bias);
}

fa_status fa_layer_load_raw(struct fa_model *model, int l)
{
    const struct fa_layer *layer = &model->graph.layer[l];

    for (size_t o = 0; o < layer->bias->n_elem; o++)
        model->scratch.bias[o] = 0;
    return fa_weights_load(model->weights[l], value_of(model, layer->weight), NULL, model->scratch.bias);
}

static uint32_t crc_of(const struct fa_model *model, const struct fa_layer *layer)
{
    const struct fa_param *part[] = {layer->weight, layer->bias, layer->gamma, layer->mean, layer->var};
    uint32_t crc = 0;

    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        if (part[i] != NULL)
            crc = fa_crc32c(crc, value_of(model, part[i]), part[i]->n_elem * sizeof(fa_real));
    return crc;
}

/* Training steps change trainable layers only; frozen ones change when weights are loaded, which their CRC
   tells. */
static fa_status refold(struct fa_model *model, int l)
{
    const struct fa_layer *layer = &model->graph.layer[l];
    const uint32_t crc = layer->frozen ? crc_of(model, layer) : 0;

    if (layer->frozen && model->folded[l] && crc == model->folded_crc[l])
        return FA_OK;
    model->folded[l] = false;
    FA_TRY(fa_layer_fold(model, l));
    model->folded[l] = true;
    model->folded_crc[l] = crc;
    return FA_OK;
}

fa_status fa_model_fold(struct fa_model *model)
{
    fa_status status = FA_OK;
    int span;

    if (!model->stale)
        return FA_OK;
    span = fa_span_begin("fold");
    for (int l = 0; l < model->graph.n_layers && status == FA_OK; l++)
        status = refold(model, l);
    fa_span_end(span);
    model->stale = status != FA_OK;
    return status;
}

/* ---- unfolding: output channels [first, first + n) of a layer, whose gradients are given in the folded form
 */

struct folded_grad {
    const struct fa_layer *layer;
    size_t first, n;
    const fa_real *filters, *bias;
};

/* In double, eight partial sums so that it runs in vector registers. */
FA_VECTOR_CLONES static double dot(const fa_real *a, const fa_real *b, size_t n)
{
    double part[8] = {0};
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t p = 0; p < 8; p++)
            part[p] += (double)a[i + p] * (double)b[i + p];
    for (; i < n; i++)
        part[i % 8] += (double)a[i] * (double)b[i];
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

FA_VECTOR_CLONES static void add_scaled(size_t n, fa_real scale, const fa_real *from, fa_real *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += from[i] * scale;
}

static fa_real *grad_of(const struct fa_workspace *workspace, const struct fa_param *param)
{
    return workspace->grad + param->offset;
}

static void unfold_plain(const struct fa_workspace *workspace, const struct folded_grad *folded)
{
    const size_t n = filter_elements(folded->layer);

    add_scaled(folded->n * n, 1, folded->filters,
               grad_of(workspace, folded->layer->weight) + folded->first * n);
}

static void unfold_norm(const struct fa_workspace *workspace, const struct folded_grad *folded)
{
    const struct fa_model *model = workspace->model;
    const struct fa_layer *layer = folded->layer;
    const fa_real *gamma = value_of(model, layer->gamma), *mean = value_of(model, layer->mean);
    const size_t n = filter_elements(layer);

    for (size_t k = 0; k < folded->n; k++) {
        const size_t o = folded->first + k;
        const fa_real *filters = folded->filters + k * n;
        const double sigma = sigma_of(model, layer, o);
        const double product = dot(filters, value_of(model, layer->weight) + o * n, n);

        add_scaled(n, (fa_real)((double)gamma[o] / sigma), filters,
                   grad_of(workspace, layer->weight) + o * n);
        grad_of(workspace, layer->gamma)[o] +=
            (fa_real)((product - (double)mean[o] * (double)folded->bias[k]) / sigma);
    }
}

static void unfold_channels(const struct fa_workspace *workspace, int l, size_t first)
{
    const struct fa_model *model = workspace->model;
    const struct fa_layer *layer = &model->graph.layer[l];
    const size_t rest = layer->bias->n_elem - first,
                 n = rest < CHANNELS_AT_A_TIME ? rest : CHANNELS_AT_A_TIME;
    fa_real *filters =
        model->scratch.filters + (size_t)omp_get_thread_num() * model->scratch.filters_per_thread;
    fa_real *bias = model->scratch.bias + first;

    fa_weights_sum_read(workspace->weights_sum[l], (int)first, (int)n, filters, bias);
    for (size_t k = 0; k < n && !fa_layer_has_group_norm(layer); k++)
        grad_of(workspace, layer->bias)[first + k] += bias[k];

    const struct folded_grad folded = {
        .layer = layer, .first = first, .n = n, .filters = filters, .bias = bias};

    if (fa_layer_has_batch_norm(layer))
        unfold_norm(workspace, &folded);
    else
        unfold_plain(workspace, &folded);
}

static void add_affine_grad(const struct fa_workspace *workspace, int l)
{
    const struct fa_model *model = workspace->model;
    const struct fa_layer *layer = &model->graph.layer[l];
    fa_real *gamma = model->scratch.scale, *beta = model->scratch.bias;

    fa_affine_sum_read(workspace->affine_sum[l], gamma, beta);
    add_scaled(layer->gamma->n_elem, 1, gamma, grad_of(workspace, layer->gamma));
    add_scaled(layer->bias->n_elem, 1, beta, grad_of(workspace, layer->bias));
}

void fa_layer_clear_sum(struct fa_workspace *workspace, int l)
{
    fa_weights_sum_clear(workspace->weights_sum[l]);
    if (workspace->affine_sum[l] != NULL)
        fa_affine_sum_clear(workspace->affine_sum[l]);
}

void fa_layer_unfold(struct fa_workspace *workspace, int l)
{
    const struct fa_model *model = workspace->model;
    const struct fa_layer *layer = &model->graph.layer[l];
    const int span = fa_span_begin_of("unfold", layer->name, FA_NO_ITEM);

#pragma omp parallel for schedule(static) num_threads(fa_backend_threads(model->backend))
    for (size_t first = 0; first < layer->bias->n_elem; first += CHANNELS_AT_A_TIME)
        unfold_channels(workspace, l, first);
    if (fa_layer_has_group_norm(layer))
        add_affine_grad(workspace, l);
    fa_layer_clear_sum(workspace, l);
    fa_span_end(span);
}
