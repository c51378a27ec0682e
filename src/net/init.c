/*
 * Random weights: every element is a draw from a stream of its own parameter, so they depend on the seed and
 * the name alone.
 */
#include <math.h>
#include <string.h>

#include "fa/hash.h"
#include "fa/philox.h"
#include "layout.h"
#include "state.h"

#define GAUSSIAN_STD 0.01

static void fill(fa_real *values, const struct fa_param *param, double value)
{
    for (size_t i = 0; param != NULL && i < param->n_elem; i++)
        values[param->offset + i] = (fa_real)value;
}

static void fill_normal(struct fa_random *random, fa_real *value, size_t n, double std)
{
    for (size_t i = 0; i < n; i++)
        value[i] = (fa_real)(std * fa_random_normal(random));
}

static void fill_uniform(struct fa_random *random, fa_real *value, size_t n, double bound)
{
    for (size_t i = 0; i < n; i++)
        value[i] = (fa_real)(bound * (2 * fa_random_double(random) - 1));
}

/* The upper 40 bits of the name's hash: as many as tell streams apart for certain (fa/philox.h). */
static uint64_t stream_of(const char *name)
{
    return fa_hash(FA_HASH_START, name, strlen(name)) >> 24;
}

static void fill_filters(fa_real *values, const struct fa_layer *layer, uint64_t seed)
{
    const struct fa_param *weight = layer->weight;
    const double area = (double)layer->desc.kernel * layer->desc.kernel;
    const double fan_out = layer->desc.out_channels * area;
    const double fan_in = (double)layer->desc.in_channels / layer->desc.groups * area;
    fa_real *value = values + weight->offset;
    struct fa_random random;

    fa_random_init(&random, seed, FA_RANDOM_WEIGHTS, stream_of(weight->name), 0);
    switch (layer->filler) {
    case FA_FILL_KAIMING:
        fill_normal(&random, value, weight->n_elem, sqrt(2 / fan_out));
        break;
    case FA_FILL_XAVIER:
        fill_uniform(&random, value, weight->n_elem, sqrt(6 / (fan_in + fan_out)));
        break;
    case FA_FILL_GAUSSIAN:
        fill_normal(&random, value, weight->n_elem, GAUSSIAN_STD);
        break;
    }
}

static void init_layer(fa_real *values, const struct fa_layer *layer, uint64_t seed)
{
    fill_filters(values, layer, seed);
    fill(values, layer->bias, layer->initial_bias);
    fill(values, layer->gamma, layer->initial_gamma);
    fill(values, layer->mean, 0);
    fill(values, layer->var, 1);
}

fa_status fa_model_init_part(struct fa_model *model, uint64_t seed, const char *prefix)
{
    fa_real *values;

    FA_TRY(fa_flat_open(model->params.value, FA_FLAT_WRITE, &values));
#pragma omp parallel for schedule(dynamic) num_threads(fa_backend_threads(model->backend))
    for (int l = 0; l < model->graph.n_layers; l++)
        if (strncmp(model->graph.layer[l].name, prefix, strlen(prefix)) == 0)
            init_layer(values, &model->graph.layer[l], seed);
    fa_model_params_changed(model);
    return fa_flat_close(model->params.value);
}

fa_status fa_model_init(struct fa_model *model, uint64_t seed)
{
    return fa_model_init_part(model, seed, "");
}
