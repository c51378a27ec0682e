#include "norm_cases.h"

#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "flats.h"

const struct norm_case norm_cases[] = {
    {"32 groups of 8, relu", {{256, 13, 21}, 32, true, false}, APART},
    {"8 groups of 8, larger than a part", {{64, 50, 42}, 8, true, false}, OVER_SRC},
    {"32 groups of 2, relu", {{64, 26, 42}, 32, true, false}, OVER_SRC},
    {"16 groups of 4", {{64, 7, 11}, 16, false, false}, APART},
    {"32 groups of 16, relu, residual in place", {{512, 13, 21}, 32, true, true}, OVER_RESIDUAL},
    {"32 groups of 64, relu, residual", {{2048, 7, 11}, 32, true, true}, APART},
    {"residual without relu, in place", {{256, 13, 21}, 32, false, true}, OVER_RESIDUAL},
    {"relu, residual, over the source", {{128, 13, 21}, 32, true, true}, OVER_SRC},
    {"groups that end within a block, and padding", {{36, 13, 21}, 4, true, false}, APART},
    {"groups longer than a block, and padding", {{54, 13, 21}, 2, true, true}, OVER_RESIDUAL},
    {"one group", {{27, 37, 45}, 1, true, false}, OVER_SRC},
    {"as many groups as channels", {{45, 7, 11}, 45, false, false}, APART},
    {"three channels", {{3, 9, 13}, 3, true, false}, APART},
    {"one channel", {{1, 5, 3}, 1, true, true}, OVER_SRC},
    {"one position", {{64, 1, 1}, 8, true, false}, APART},
    {"one row longer than a part", {{16, 1, 1500}, 2, true, true}, APART},
};

const size_t n_norm_cases = sizeof norm_cases / sizeof norm_cases[0];

/* ---- data ---- */

static size_t channels_of(const struct norm_case *test)
{
    return (size_t)test->desc.shape.c;
}

struct norm_data norm_data_new(const struct norm_case *test)
{
    struct norm_data data = {.n = fa_shape_elements(test->desc.shape)};

    data.src = noise(data.n, 1);
    data.residual = noise(data.n, 2);
    data.gamma = noise(channels_of(test), 3);
    data.beta = noise(channels_of(test), 4);
    data.diff_dst = noise(data.n, 5);
    return data;
}

void norm_data_free(struct norm_data *data)
{
    fa_free(data->src);
    fa_free(data->residual);
    fa_free(data->gamma);
    fa_free(data->beta);
    fa_free(data->diff_dst);
}

struct norm_result norm_result_new(const struct norm_case *test)
{
    const size_t n = fa_shape_elements(test->desc.shape);

    return (struct norm_result){zeros(n), zeros(n), zeros(channels_of(test)), zeros(channels_of(test))};
}

void norm_result_free(struct norm_result *result)
{
    fa_free(result->dst);
    fa_free(result->diff_src);
    fa_free(result->diff_gamma);
    fa_free(result->diff_beta);
}

/* ---- running ---- */

struct bench {
    const struct norm_case *test;
    struct fa_backend *backend;
    struct fa_affine *affine;
    struct fa_affine_sum *sum;
    struct fa_norm *norm;
    void *statistics;
    struct activation src, residual, dst, diff_dst, diff_src;
};

static struct bench bench_open(struct fa_backend *backend, const struct norm_case *test)
{
    const struct fa_shape shape = test->desc.shape;
    struct bench b = {.test = test, .backend = backend};

    assert_ok(fa_affine_create(backend, shape.c, &b.affine));
    assert_ok(fa_affine_sum_create(backend, b.affine, &b.sum));
    assert_ok(fa_norm_create(backend, &test->desc, b.affine, &b.norm));
    assert_ok(fa_backend_alloc(backend, fa_norm_statistics_bytes(b.norm), &b.statistics));
    b.src = activation_new(backend, shape);
    b.residual = activation_new(backend, shape);
    b.dst = activation_new(backend, shape);
    b.diff_dst = activation_new(backend, shape);
    b.diff_src = activation_new(backend, shape);
    return b;
}

static void bench_close(struct bench *b)
{
    activation_free(&b->src);
    activation_free(&b->residual);
    activation_free(&b->dst);
    activation_free(&b->diff_dst);
    activation_free(&b->diff_src);
    fa_backend_free(b->backend, b->statistics);
    fa_norm_destroy(b->norm);
    fa_affine_sum_destroy(b->sum);
    fa_affine_destroy(b->affine);
}

static void load(struct bench *b, const struct norm_data *data)
{
    fa_real *gamma = backend_copy(b->backend, data->gamma, channels_of(b->test));
    fa_real *beta = backend_copy(b->backend, data->beta, channels_of(b->test));

    assert_ok(fa_affine_load(b->affine, gamma, beta));
    assert_ok(fa_backend_synchronize(b->backend));
    fa_backend_free(b->backend, gamma);
    fa_backend_free(b->backend, beta);
}

void norm_read_sum(struct fa_backend *backend, const struct fa_affine_sum *sum, size_t channels,
                   fa_real *gamma, fa_real *beta)
{
    fa_real *none = zeros(channels);
    fa_real *in_gamma = backend_copy(backend, none, channels),
            *in_beta = backend_copy(backend, none, channels);

    fa_affine_sum_add(sum, in_gamma, in_beta);
    backend_read(backend, in_gamma, channels, gamma);
    backend_read(backend, in_beta, channels, beta);
    fa_backend_free(backend, in_gamma);
    fa_backend_free(backend, in_beta);
    fa_free(none);
}

static void write_inputs(struct bench *b, const struct norm_data *data)
{
    activation_write(&b->src, data->src);
    activation_write(&b->residual, data->residual);
    activation_write(&b->diff_dst, data->diff_dst);
}

static struct activation *output_of(struct bench *b)
{
    return b->test->place == OVER_SRC ? &b->src : b->test->place == OVER_RESIDUAL ? &b->residual : &b->dst;
}

static void forward(struct bench *b, const struct norm_data *data, fa_real *dst)
{
    struct activation *output = output_of(b);

    write_inputs(b, data);
    assert_ok(fa_norm_forward(b->norm, b->src.data, b->test->desc.residual ? b->residual.data : NULL,
                              output->data, b->statistics));
    activation_read(output, dst);
}

static void repeat(struct bench *b, const struct norm_data *data, const fa_real *dst)
{
    struct activation *output = output_of(b);
    fa_real *again = zeros(data->n);

    write_inputs(b, data);
    assert_ok(fa_norm_repeat(b->norm, b->src.data, b->test->desc.residual ? b->residual.data : NULL,
                             b->statistics, output->data));
    activation_read(output, again);
    assert_memory_equal(again, dst, data->n * sizeof *dst);
    fa_free(again);
}

static void backward(struct bench *b, const struct norm_data *data, struct norm_result *result)
{
    struct activation *gradient = b->test->place == APART      ? &b->diff_src
                                  : b->test->place == OVER_SRC ? &b->src
                                                               : &b->diff_dst;

    write_inputs(b, data);
    fa_affine_sum_clear(b->sum);
    assert_ok(
        fa_norm_backward(b->norm, b->src.data, b->statistics, b->diff_dst.data, gradient->data, b->sum));
    activation_read(gradient, result->diff_src);
    norm_read_sum(b->backend, b->sum, channels_of(b->test), result->diff_gamma, result->diff_beta);
}

void norm_run(struct fa_backend *backend, const struct norm_case *test, const struct norm_data *data,
              struct norm_result *result)
{
    struct bench b = bench_open(backend, test);

    load(&b, data);
    forward(&b, data, result->dst);
    repeat(&b, data, result->dst);
    backward(&b, data, result);
    bench_close(&b);
}

/* ---- the definition ---- */

struct group {
    const struct norm_case *test;
    const struct norm_data *data;
    int first, n_channels;
    size_t n_positions;
    double mean, scale;
};

/* Of channel c of the group at position p. */
static size_t at(const struct group *g, int c, size_t p)
{
    return p * channels_of(g->test) + (size_t)(g->first + c);
}

static double normalized(const struct group *g, int c, size_t p)
{
    return (g->data->src[at(g, c, p)] - g->mean) * g->scale;
}

static struct group group_of(const struct norm_case *test, const struct norm_data *data, int k)
{
    const struct fa_shape shape = test->desc.shape;
    struct group g = {test,
                      data,
                      k * (shape.c / test->desc.groups),
                      shape.c / test->desc.groups,
                      (size_t)shape.h * (size_t)shape.w,
                      0,
                      1};
    const double n = (double)g.n_positions * g.n_channels;
    double mean = 0, variance = 0;

    for (int c = 0; c < g.n_channels; c++)
        for (size_t p = 0; p < g.n_positions; p++)
            mean += data->src[at(&g, c, p)] / n;
    g.mean = mean;
    for (int c = 0; c < g.n_channels; c++)
        for (size_t p = 0; p < g.n_positions; p++)
            variance += normalized(&g, c, p) * normalized(&g, c, p) / n;
    g.scale = 1 / sqrt(variance + 1e-5);
    return g;
}

static void define_output(const struct group *g, fa_real *dst)
{
    for (int c = 0; c < g->n_channels; c++)
        for (size_t p = 0; p < g->n_positions; p++) {
            double value = g->data->gamma[g->first + c] * normalized(g, c, p) + g->data->beta[g->first + c];

            if (g->test->desc.residual)
                value += g->data->residual[at(g, c, p)];
            dst[at(g, c, p)] = (fa_real)(g->test->desc.relu && value < 0 ? 0 : value);
        }
}

/* Before the ReLU. */
static double gradient(const struct group *g, int c, size_t p, const fa_real *dst)
{
    const bool masked = g->test->desc.relu && !g->test->desc.residual && !(dst[at(g, c, p)] > 0);

    return masked ? 0 : g->data->diff_dst[at(g, c, p)];
}

static void define_gradients(const struct group *g, struct norm_result *result)
{
    const double n = (double)g->n_positions * g->n_channels;
    double a = 0, b = 0;

    for (int c = 0; c < g->n_channels; c++) {
        double sum = 0, product = 0;

        for (size_t p = 0; p < g->n_positions; p++) {
            sum += gradient(g, c, p, result->dst);
            product += gradient(g, c, p, result->dst) * normalized(g, c, p);
        }
        result->diff_beta[g->first + c] = (fa_real)sum;
        result->diff_gamma[g->first + c] = (fa_real)product;
        a += g->data->gamma[g->first + c] * sum / n;
        b += g->data->gamma[g->first + c] * product / n;
    }
    for (int c = 0; c < g->n_channels; c++)
        for (size_t p = 0; p < g->n_positions; p++)
            result->diff_src[at(g, c, p)] =
                (fa_real)(g->scale * (g->data->gamma[g->first + c] * gradient(g, c, p, result->dst) - a -
                                      normalized(g, c, p) * b));
}

void norm_definition(const struct norm_case *test, const struct norm_data *data, struct norm_result *result)
{
    for (int k = 0; k < test->desc.groups; k++) {
        const struct group g = group_of(test, data, k);

        define_output(&g, result->dst);
        define_gradients(&g, result);
    }
}
