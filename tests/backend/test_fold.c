/*
 * test_fold.c - a layer's parameters on their way into weights, and the gradient of the weights on its way
 * back, by the formulas of doc/method.md 2.6.
 */
#include <math.h>

#include "fa/memory.h"
#include "flats.h"
#include "op_cases.h"

enum { OUT = 36 };

#define EPSILON 1e-5

static const struct op_case op = {
    "folded", {{20, 7, 9}, OUT, 1, 3, 1, 1, false, false, true, true}, false, false, false};

struct kind {
    const char *name;
    bool has_norm, has_bias;
};

static const struct kind kinds[] = {
    {"batch norm", true, true}, {"a bias", false, true}, {"neither", false, false}};

/* On the host. */
struct layer {
    const struct kind *kind;
    struct op_data data; /* filters and bias are the layer's; scale is made of its norm */
    fa_real *gamma, *mean, *var;
};

static struct layer layer_new(const struct kind *kind)
{
    struct layer layer = {kind, op_data_new(&op), noise(OUT, 21), noise(OUT, 22), noise(OUT, 23)};

    for (size_t o = 0; o < OUT; o++) {
        layer.var[o] = (fa_real)fabs((double)layer.var[o]);
        layer.data.bias[o] = kind->has_bias ? layer.data.bias[o] : 0;
    }
    layer.var[5] = 0;
    return layer;
}

static void layer_free(struct layer *layer)
{
    op_data_free(&layer->data);
    fa_free(layer->gamma);
    fa_free(layer->mean);
    fa_free(layer->var);
}

static double sigma(const struct layer *layer, size_t o)
{
    return sqrt((double)layer->var[o] + EPSILON);
}

static double scale(const struct layer *layer, size_t o)
{
    return layer->kind->has_norm ? (double)layer->gamma[o] / sigma(layer, o) : 1;
}

/* ---- in the backend's memory ---- */

struct bound {
    struct fa_backend *backend;
    struct op_run run;
    fa_real *filters, *bias, *gamma, *mean, *var;
    struct fa_layer_values values;
};

static struct bound bound_open(struct fa_backend *backend, const struct layer *layer)
{
    const struct kind *kind = layer->kind;
    struct bound b = {.backend = backend, .run = op_run_open(backend, &op)};

    b.filters = backend_copy(backend, layer->data.filters, layer->data.n_filters);
    b.bias = backend_copy(backend, layer->data.bias, OUT);
    b.gamma = backend_copy(backend, layer->gamma, OUT);
    b.mean = backend_copy(backend, layer->mean, OUT);
    b.var = backend_copy(backend, layer->var, OUT);
    b.values = (struct fa_layer_values){.filters = b.filters,
                                        .bias = kind->has_bias ? b.bias : NULL,
                                        .gamma = kind->has_norm ? b.gamma : NULL,
                                        .mean = kind->has_norm ? b.mean : NULL,
                                        .var = kind->has_norm ? b.var : NULL};
    return b;
}

static void bound_close(struct bound *b)
{
    op_run_close(&b->run);
    fa_backend_free(b->backend, b->filters);
    fa_backend_free(b->backend, b->bias);
    fa_backend_free(b->backend, b->gamma);
    fa_backend_free(b->backend, b->mean);
    fa_backend_free(b->backend, b->var);
}

static void assert_close(const struct kind *kind, const char *what, const fa_real *got, const fa_real *want,
                         size_t n)
{
    const double worst = worst_real(got, want, n), allowed = rounding(1e-5, 1e-13);

    if (!(worst < allowed))
        print_error("%s: %s is off by %.2g, allowed %.2g\n", kind->name, what, worst, allowed);
    assert_true(worst < allowed);
}

/* ---- folding ---- */

/* The definition's output for the layer's own scale and bias. */
static fa_real *defined_output(const struct layer *layer)
{
    const struct fa_shape out = fa_conv_output_shape(&op.desc);
    struct op_data folded = layer->data;
    fa_real factors[OUT], biases[OUT], *dst = zeros(layer->data.n_dst);

    for (size_t o = 0; o < OUT; o++) {
        const double shift = layer->kind->has_norm ? (double)layer->mean[o] * scale(layer, o) : 0;

        factors[o] = (fa_real)scale(layer, o);
        biases[o] = (fa_real)((double)layer->data.bias[o] - shift);
    }
    folded.scale = factors;
    folded.bias = biases;
    for (size_t i = 0; i < layer->data.n_dst; i++) {
        const int c = (int)(i % (size_t)out.c), position = (int)(i / (size_t)out.c);

        dst[i] = (fa_real)op_definition(&op, &folded, c, position / out.w, position % out.w);
    }
    return dst;
}

static void check_fold(struct fa_backend *backend, const struct kind *kind)
{
    struct layer layer = layer_new(kind);
    struct bound b = bound_open(backend, &layer);
    fa_real *want = defined_output(&layer), *got = zeros(layer.data.n_dst);

    activation_write(&b.run.src, layer.data.src);
    assert_ok(fa_weights_fold(b.run.weights, &b.values));
    assert_ok(fa_conv_forward(b.run.conv, b.run.src.data, NULL, b.run.dst.data));
    activation_read(&b.run.dst, got);
    assert_close(kind, "dst", got, want, layer.data.n_dst);
    bound_close(&b);
    layer_free(&layer);
    fa_free(want);
    fa_free(got);
}

static void check_folds(struct fa_backend *backend)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        check_fold(backend, &kinds[k]);
}

static void folded_weights_give_the_output_of_the_layer(void **state)
{
    (void)state;
    for_each_backend(check_folds);
}

/* ---- unfolding ---- */

/* Of filters, bias and gamma. */
struct gradients {
    fa_real *filters, *bias, *gamma;
};

static struct gradients gradients_new(size_t n_filters)
{
    return (struct gradients){noise(n_filters, 31), noise(OUT, 32), noise(OUT, 33)};
}

static void gradients_free(struct gradients *gradients)
{
    fa_free(gradients->filters);
    fa_free(gradients->bias);
    fa_free(gradients->gamma);
}

/* Adds what the formulas make of the gradients of the folded filters and bias. */
static void unfold_by_formula(const struct layer *layer, const struct op_result *folded,
                              struct gradients *gradients)
{
    const size_t filter = layer->data.n_filters / OUT;

    for (size_t o = 0; o < OUT; o++) {
        double product = 0;

        for (size_t i = o * filter; i < (o + 1) * filter; i++) {
            product += (double)folded->diff_filters[i] * (double)layer->data.filters[i];
            gradients->filters[i] += (fa_real)(scale(layer, o) * (double)folded->diff_filters[i]);
        }
        if (layer->kind->has_bias)
            gradients->bias[o] += folded->diff_bias[o];
        if (layer->kind->has_norm)
            gradients->gamma[o] +=
                (fa_real)((product - (double)layer->mean[o] * (double)folded->diff_bias[o]) /
                          sigma(layer, o));
    }
}

/* Adds the backend's. */
static void unfold(struct bound *b, const struct kind *kind, struct gradients *gradients)
{
    const size_t n = b->run.n_filters;
    fa_real *filters = backend_copy(b->backend, gradients->filters, n);
    fa_real *bias = backend_copy(b->backend, gradients->bias, OUT);
    fa_real *gamma = backend_copy(b->backend, gradients->gamma, OUT);
    const struct fa_layer_grads grads = {filters, kind->has_bias ? bias : NULL,
                                         kind->has_norm ? gamma : NULL};

    fa_weights_sum_unfold(b->run.sum, &b->values, &grads);
    backend_read(b->backend, filters, n, gradients->filters);
    backend_read(b->backend, bias, OUT, gradients->bias);
    backend_read(b->backend, gamma, OUT, gradients->gamma);
    fa_backend_free(b->backend, filters);
    fa_backend_free(b->backend, bias);
    fa_backend_free(b->backend, gamma);
}

static void check_unfold(struct fa_backend *backend, const struct kind *kind)
{
    struct layer layer = layer_new(kind);
    struct bound b = bound_open(backend, &layer);
    struct op_result folded = op_result_new(&layer.data);
    struct gradients got = gradients_new(layer.data.n_filters), want = gradients_new(layer.data.n_filters);

    activation_write(&b.run.src, layer.data.src);
    activation_write(&b.run.diff_dst, layer.data.diff_dst);
    assert_ok(fa_weights_fold(b.run.weights, &b.values));
    fa_weights_sum_clear(b.run.sum);
    assert_ok(fa_conv_backward_weights(b.run.conv, b.run.src.data, b.run.diff_dst.data, b.run.sum));
    op_run_read_sum(&b.run, folded.diff_filters, folded.diff_bias);
    unfold_by_formula(&layer, &folded, &want);
    unfold(&b, kind, &got);
    assert_close(kind, "diff_filters", got.filters, want.filters, layer.data.n_filters);
    assert_close(kind, "diff_bias", got.bias, want.bias, OUT);
    assert_close(kind, "diff_gamma", got.gamma, want.gamma, OUT);
    gradients_free(&got);
    gradients_free(&want);
    op_result_free(&folded);
    bound_close(&b);
    layer_free(&layer);
}

static void check_unfolds(struct fa_backend *backend)
{
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        check_unfold(backend, &kinds[k]);
}

static void the_gradient_of_folded_weights_is_added_as_that_of_the_parameters(void **state)
{
    (void)state;
    for_each_backend(check_unfolds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_weights_give_the_output_of_the_layer),
        cmocka_unit_test(the_gradient_of_folded_weights_is_added_as_that_of_the_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
