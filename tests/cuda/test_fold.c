/*
 * test_fold.c - folding and unfolding by the formulas of doc/method.md 2.6, in the host's order of
 * operations: the same bits, but for the inner product of a gamma's gradient, which both add up in double.
 */
#include <math.h>
#include <string.h>

#include "fold.h"
#include "on_device.h"

struct layer {
    int out, in, kernel, out_padded, in_padded;
    bool batch_norm, bias;
};

/* Two runs of a tile in the third; a stem; a group's four channels; padding both ways. */
static const struct layer layers[] = {{3, 4, 3, 3, 4, true, true},
                                      {5, 3, 7, 8, 8, true, true},
                                      {2, 300, 3, 2, 304, true, true},
                                      {36, 16, 1, 40, 16, false, true},
                                      {9, 8, 3, 16, 8, false, false}};

enum { N_LAYERS = sizeof layers / sizeof layers[0] };

/* The parameters of one layer, on the host; those that it has not are NULL on the device. */
struct parameters {
    size_t n_weight, n_filters;
    float *weight, *bias, *gamma, *mean, *var;
};

static struct parameters parameters_new(const struct layer *layer, uint64_t seed)
{
    const size_t n = (size_t)layer->out, taps = (size_t)(layer->kernel * layer->kernel);
    struct parameters p = {n * (size_t)layer->in * taps,
                           (size_t)layer->out_padded * (size_t)layer->in_padded * taps,
                           NULL,
                           noise(n, seed + 1),
                           noise(n, seed + 2),
                           noise(n, seed + 3),
                           noise(n, seed + 4)};

    p.weight = noise(p.n_weight, seed);
    for (size_t o = 0; o < n; o++)
        p.var[o] = 1.5f + p.var[o];
    return p;
}

static void parameters_free(struct parameters *p)
{
    fa_free(p->weight), fa_free(p->bias), fa_free(p->gamma), fa_free(p->mean), fa_free(p->var);
}

static struct fa_cuda_layer on_device(const struct layer *layer, const struct parameters *p)
{
    const size_t bytes = (size_t)layer->out * sizeof(float);

    return (struct fa_cuda_layer){.out = layer->out,
                                  .in = layer->in,
                                  .kernel = layer->kernel,
                                  .out_padded = layer->out_padded,
                                  .in_padded = layer->in_padded,
                                  .weight = device_copy(p->weight, p->n_weight * sizeof(float)),
                                  .bias = layer->bias ? device_copy(p->bias, bytes) : NULL,
                                  .gamma = layer->batch_norm ? device_copy(p->gamma, bytes) : NULL,
                                  .mean = layer->batch_norm ? device_copy(p->mean, bytes) : NULL,
                                  .var = layer->batch_norm ? device_copy(p->var, bytes) : NULL};
}

static void layer_free(struct fa_cuda_layer *layer)
{
    const float *const all[] = {layer->weight, layer->bias, layer->gamma, layer->mean, layer->var};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        device_free((void *)(uintptr_t)all[i]);
}

static double sigma_of(const struct layer *layer, const struct parameters *p, int o)
{
    return layer->batch_norm ? sqrt((double)p->var[o] + 1e-5) : 1;
}

static double scale_of(const struct layer *layer, const struct parameters *p, int o)
{
    return layer->batch_norm ? (double)p->gamma[o] / sigma_of(layer, p, o) : 1;
}

/* Where filter (o, i) has a tap, in the convolution's order. */
static size_t place_of(const struct layer *layer, int o, int i, int tap)
{
    return (size_t)((o * layer->kernel * layer->kernel + tap) * layer->in_padded + i);
}

/* ---- folding ---- */

static float folded_filter(const struct layer *layer, const struct parameters *p, int o, int i, int tap)
{
    const int taps = layer->kernel * layer->kernel;

    if (o >= layer->out || i >= layer->in)
        return 0;
    return p->weight[(o * layer->in + i) * taps + tap] * (float)scale_of(layer, p, o);
}

static float folded_bias(const struct layer *layer, const struct parameters *p, int o)
{
    if (o >= layer->out || !layer->bias)
        return 0;
    return layer->batch_norm ? (float)((double)p->bias[o] - (double)p->mean[o] * scale_of(layer, p, o))
                             : p->bias[o];
}

static void check_folded(enum fa_cuda_type type, const struct layer *layer, const struct parameters *p,
                         const struct fa_cuda_folding *folding)
{
    float *filters = device_read(type, folding->filters, p->n_filters);
    float *bias = device_read(type, folding->bias, (size_t)layer->out_padded);

    for (int o = 0; o < layer->out_padded; o++) {
        const float want_bias = rounded(type, folded_bias(layer, p, o));

        assert_all_same(&bias[o], &want_bias, 1);
        for (int i = 0; i < layer->in_padded; i++)
            for (int tap = 0; tap < layer->kernel * layer->kernel; tap++) {
                const float want = rounded(type, folded_filter(layer, p, o, i, tap));

                assert_true(filters[place_of(layer, o, i, tap)] == want);
            }
    }
    fa_free(filters), fa_free(bias);
}

/* More layers than one launch takes, unless it is slow. */
static void check_fold(enum fa_cuda_type type)
{
    enum { MOST = 6 * N_LAYERS };
    const int n = is_slow() ? N_LAYERS : MOST;
    struct parameters p[MOST];
    struct fa_cuda_folding folding[MOST];

    for (int k = 0; k < n; k++) {
        p[k] = parameters_new(&layers[k % N_LAYERS], (uint64_t)k);
        folding[k] = (struct fa_cuda_folding){
            on_device(&layers[k % N_LAYERS], &p[k]), device_new(p[k].n_filters * fa_cuda_type_bytes(type)),
            device_new((size_t)layers[k % N_LAYERS].out_padded * fa_cuda_type_bytes(type))};
    }
    assert_runs(fa_cuda_fold(NULL, type, folding, n));
    for (int k = 0; k < n; k++) {
        check_folded(type, &layers[k % N_LAYERS], &p[k], &folding[k]);
        layer_free(&folding[k].layer);
        device_free(folding[k].filters), device_free(folding[k].bias);
        parameters_free(&p[k]);
    }
}

static void layers_are_folded_into_padded_filters(void **state)
{
    (void)state;
    for_each_type(check_fold);
}

/* ---- unfolding ---- */

/* The gradients of a folded layer, and what is in the flat gradient before. */
struct gradients {
    float *filters, *bias, *weight, *beta, *gamma;
};

static void check_weight(const struct layer *layer, const struct parameters *p, const struct gradients *g,
                         const float *got)
{
    const int taps = layer->kernel * layer->kernel;

    for (int o = 0; o < layer->out; o++)
        for (int i = 0; i < layer->in; i++)
            for (int tap = 0; tap < taps; tap++) {
                const int at = (o * layer->in + i) * taps + tap;
                const float want =
                    g->weight[at] + g->filters[place_of(layer, o, i, tap)] * (float)scale_of(layer, p, o);

                assert_all_same(&got[at], &want, 1);
            }
}

static void check_gamma(const struct layer *layer, const struct parameters *p, const struct gradients *g,
                        const float *got)
{
    const int taps = layer->kernel * layer->kernel;

    for (int o = 0; o < layer->out; o++) {
        double product = 0;

        for (int i = 0; i < layer->in; i++)
            for (int tap = 0; tap < taps; tap++)
                product += (double)g->filters[place_of(layer, o, i, tap)] *
                           (double)p->weight[(o * layer->in + i) * taps + tap];
        product = (product - (double)p->mean[o] * (double)g->bias[o]) / sigma_of(layer, p, o);
        assert_near((double)got[o], (double)(g->gamma[o] + (float)product), 1e-6);
    }
}

static void check_unfold_layer(enum fa_cuda_type type, const struct layer *layer)
{
    const size_t out = (size_t)layer->out, bytes = out * sizeof(float);
    struct parameters p = parameters_new(layer, 7);
    struct gradients g = {noise(p.n_filters, 11), noise(out, 12), noise(p.n_weight, 13), noise(out, 14),
                          noise(out, 15)};
    void *filters = device_values(type, g.filters, p.n_filters), *bias = device_copy(g.bias, bytes);
    struct fa_cuda_unfolding work = {.layer = on_device(layer, &p),
                                     .filters = filters,
                                     .bias = bias,
                                     .weight_gradient = device_copy(g.weight, p.n_weight * sizeof(float)),
                                     .bias_gradient = layer->bias ? device_copy(g.beta, bytes) : NULL,
                                     .gamma_gradient =
                                         layer->batch_norm ? device_copy(g.gamma, bytes) : NULL};

    assert_runs(fa_cuda_unfold(NULL, type, &work, 1));
    check_weight(layer, &p, &g, work.weight_gradient);
    for (size_t o = 0; o < out && layer->bias; o++)
        assert_true(work.bias_gradient[o] == g.beta[o] + g.bias[o]);
    if (layer->batch_norm)
        check_gamma(layer, &p, &g, work.gamma_gradient);
    layer_free(&work.layer);
    device_free(filters), device_free(bias);
    device_free(work.weight_gradient), device_free(work.bias_gradient), device_free(work.gamma_gradient);
    fa_free(g.filters), fa_free(g.bias), fa_free(g.weight), fa_free(g.beta), fa_free(g.gamma);
    parameters_free(&p);
}

static void check_unfold(enum fa_cuda_type type)
{
    for (int k = 0; k < N_LAYERS; k++)
        if (!is_slow() || layers[k].out < 4)
            check_unfold_layer(type, &layers[k]);
}

static void gradients_are_unfolded_into_the_flat_gradient(void **state)
{
    (void)state;
    for_each_type(check_unfold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_are_folded_into_padded_filters),
        cmocka_unit_test(gradients_are_unfolded_into_the_flat_gradient),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
