#include "op_cases.h"

#include "fa/memory.h"
#include "flats.h"

/* Square kernel, stride, padding. */
#define POINT      .kernel = 1, .stride = 1, .pad = 0
#define POINT_HALF .kernel = 1, .stride = 2, .pad = 0
#define THREE      .kernel = 3, .stride = 1, .pad = 1
#define THREE_HALF .kernel = 3, .stride = 2, .pad = 1
#define STEM       .kernel = 7, .stride = 2, .pad = 3

#define CONV(C, H, W, OUT, GROUPS, ...)                                                                      \
    .desc = {.in = {C, H, W},                                                                                \
             .out_channels = OUT,                                                                            \
             .groups = GROUPS,                                                                               \
             .backward_data = true,                                                                          \
             .backward_weights = true,                                                                       \
             __VA_ARGS__}

const struct op_case op_cases[] = {
    {"1x1", CONV(64, 13, 21, 36, 1, POINT)},
    {"1x1, relu, residual", CONV(36, 7, 11, 64, 1, POINT, .relu = true, .residual = true)},
    {"1x1, relu, residual in place, accumulate, mask",
     CONV(64, 13, 21, 128, 1, POINT, .relu = true, .residual = true), .in_place = true, .accumulate = true,
     .mask = true},
    {"1x1 of one channel", CONV(1, 5, 3, 1, 1, POINT)},
    {"1x1, stride 2", CONV(64, 13, 21, 128, 1, POINT_HALF)},
    {"1x1, stride 2, even size, accumulate", CONV(45, 14, 20, 36, 1, POINT_HALF), .accumulate = true},
    {"stem", CONV(3, 37, 45, 64, 1, STEM, .relu = true)},
    {"stem, even size", CONV(3, 32, 64, 27, 1, STEM)},
    {"3x3", CONV(64, 13, 21, 64, 1, THREE)},
    {"3x3, relu, mask", CONV(64, 13, 21, 64, 1, THREE, .relu = true), .mask = true},
    {"3x3 from a vector of channels to one and a half, accumulate", CONV(16, 26, 42, 27, 1, THREE),
     .accumulate = true},
    {"3x3, relu, residual, accumulate, mask", CONV(45, 7, 11, 27, 1, THREE, .relu = true, .residual = true),
     .accumulate = true, .mask = true},
    {"3x3, residual in place", CONV(36, 13, 21, 45, 1, THREE, .residual = true), .in_place = true},
    {"3x3, residual without relu", CONV(36, 7, 11, 36, 1, THREE, .residual = true)},
    {"3x3 of one position", CONV(36, 1, 1, 64, 1, THREE, .relu = true), .mask = true},
    {"3x3 of one row", CONV(27, 1, 17, 36, 1, THREE)},
    {"3x3 of one column, stride 2", CONV(27, 17, 1, 36, 1, THREE_HALF)},
    {"3x3 without padding", CONV(27, 7, 11, 36, 1, .kernel = 3, .stride = 1, .pad = 0)},
    {"3x3 without padding, stride 2", CONV(27, 8, 11, 36, 1, .kernel = 3, .stride = 2, .pad = 0)},
    {"3x3 of 128 channels, relu, mask", CONV(128, 25, 42, 128, 1, THREE, .relu = true), .mask = true},
    {"3x3 of 64 channels, accumulate, mask", CONV(64, 50, 84, 64, 1, THREE), .accumulate = true,
     .mask = true},
    {"3x3 of 256 channels, relu", CONV(256, 25, 42, 256, 1, THREE, .relu = true)},
    {"3x3 of 512 channels", CONV(512, 12, 20, 512, 1, THREE)},
    {"3x3 of several tiles", CONV(64, 100, 42, 16, 1, THREE, .relu = true), .accumulate = true},
    {"3x3 to 600 channels, relu, residual, accumulate, mask",
     CONV(27, 26, 42, 600, 1, THREE, .relu = true, .residual = true), .accumulate = true, .mask = true},
    {"3x3 to 520 channels, residual in place", CONV(36, 7, 11, 520, 1, THREE, .residual = true),
     .in_place = true},
    {"3x3 to 513 channels, relu, residual", CONV(16, 26, 42, 513, 1, THREE, .relu = true, .residual = true)},
    {"3x3, stride 2", CONV(64, 13, 21, 45, 1, THREE_HALF)},
    {"3x3, stride 2, even size, relu, accumulate, mask", CONV(27, 14, 20, 36, 1, THREE_HALF, .relu = true),
     .accumulate = true, .mask = true},
    {"3x3, stride 2 of one position", CONV(64, 1, 1, 64, 1, THREE_HALF)},
    {"32 groups of 4", CONV(128, 13, 21, 128, 32, THREE, .relu = true), .mask = true},
    {"32 groups of 4, stride 2, accumulate", CONV(128, 13, 21, 128, 32, THREE_HALF), .accumulate = true},
    {"32 groups of 8, stride 2", CONV(256, 14, 22, 256, 32, THREE_HALF, .relu = true)},
    {"32 groups of 16", CONV(512, 7, 11, 512, 32, THREE)},
    {"2 groups of 9 to 27", CONV(18, 7, 11, 54, 2, THREE, .relu = true)},
};

const size_t n_op_cases = sizeof op_cases / sizeof op_cases[0];

/* ---- data ---- */

static void keep_positive(fa_real *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = values[i] > 0 ? values[i] : 0;
}

static size_t filter_elements(const struct fa_conv_desc *d)
{
    return (size_t)(d->out_channels * (d->in.c / d->groups) * d->kernel * d->kernel);
}

struct op_data op_data_new(const struct op_case *op)
{
    const struct fa_conv_desc *d = &op->desc;
    struct op_data data = {
        .n_src = fa_shape_elements(d->in),
        .n_dst = fa_shape_elements(fa_conv_output_shape(d)),
        .n_filters = filter_elements(d),
        .n_bias = (size_t)d->out_channels,
    };

    data.src = noise(data.n_src, 1);
    data.filters = noise(data.n_filters, 2);
    data.scale = noise(data.n_bias, 3);
    data.bias = noise(data.n_bias, 4);
    data.residual = noise(data.n_dst, 5);
    data.diff_dst = noise(data.n_dst, 6);
    data.diff_src = noise(data.n_src, 7);
    if (op->mask)
        keep_positive(data.src, data.n_src);
    return data;
}

void op_data_free(struct op_data *data)
{
    fa_free(data->src);
    fa_free(data->filters);
    fa_free(data->scale);
    fa_free(data->bias);
    fa_free(data->residual);
    fa_free(data->diff_dst);
    fa_free(data->diff_src);
}

struct op_result op_result_new(const struct op_data *data)
{
    return (struct op_result){zeros(data->n_dst), zeros(data->n_src), zeros(data->n_filters),
                              zeros(data->n_bias)};
}

void op_result_free(struct op_result *result)
{
    fa_free(result->dst);
    fa_free(result->diff_src);
    fa_free(result->diff_filters);
    fa_free(result->diff_bias);
}

/* ---- running ---- */

static fa_real *zeros_in(struct fa_backend *backend, size_t n)
{
    fa_real *host = zeros(n), *memory = backend_copy(backend, host, n);

    fa_free(host);
    return memory;
}

struct op_run op_run_open(struct fa_backend *backend, const struct op_case *op)
{
    const struct fa_conv_desc *d = &op->desc;
    struct fa_weights_desc weights = {d->out_channels, d->in.c, d->groups, d->kernel};
    struct fa_shape out = fa_conv_output_shape(d);
    struct op_run run = {
        .op = op,
        .backend = backend,
        .n_filters = filter_elements(d),
        .n_bias = (size_t)d->out_channels,
    };

    run.filters = zeros_in(backend, run.n_filters);
    run.diff_filters = zeros_in(backend, run.n_filters);
    run.diff_bias = zeros_in(backend, run.n_bias);
    assert_ok(fa_weights_create(backend, &weights, &run.weights));
    assert_ok(fa_weights_sum_create(backend, run.weights, &run.sum));
    assert_ok(fa_conv_create(backend, d, run.weights, &run.conv));
    run.src = activation_new(backend, d->in);
    run.dst = activation_new(backend, out);
    run.residual = activation_new(backend, out);
    run.diff_dst = activation_new(backend, out);
    run.diff_src = activation_new(backend, d->in);
    return run;
}

void op_run_close(struct op_run *run)
{
    activation_free(&run->src);
    activation_free(&run->dst);
    activation_free(&run->residual);
    activation_free(&run->diff_dst);
    activation_free(&run->diff_src);
    fa_conv_destroy(run->conv);
    fa_weights_sum_destroy(run->sum);
    fa_weights_destroy(run->weights);
    fa_backend_free(run->backend, run->filters);
    fa_backend_free(run->backend, run->diff_filters);
    fa_backend_free(run->backend, run->diff_bias);
}

void op_run_load(struct op_run *run, const struct op_data *data)
{
    fa_backend_put(run->backend, run->filters, data->filters, run->n_filters * sizeof *data->filters);
    assert_ok(fa_weights_load(run->weights, run->filters, data->scale, data->bias));
    assert_ok(fa_backend_synchronize(run->backend));
}

void op_run_read_sum(struct op_run *run, fa_real *diff_filters, fa_real *diff_bias)
{
    fa_weights_sum_read(run->sum, 0, run->op->desc.out_channels, run->diff_filters, run->diff_bias);
    backend_read(run->backend, run->diff_filters, run->n_filters, diff_filters);
    backend_read(run->backend, run->diff_bias, run->n_bias, diff_bias);
}

void op_run_forward(struct op_run *run, const struct op_data *data, fa_real *dst)
{
    struct activation *residual = run->op->in_place ? &run->dst : &run->residual;

    op_run_load(run, data);
    activation_write(&run->src, data->src);
    if (run->op->desc.residual)
        activation_write(residual, data->residual);
    assert_ok(fa_conv_forward(run->conv, run->src.data, run->op->desc.residual ? residual->data : NULL,
                              run->dst.data));
    activation_read(&run->dst, dst);
}

void op_run_backward(struct op_run *run, const struct op_data *data, struct op_result *result)
{
    const struct op_case *op = run->op;

    activation_write(&run->diff_dst, data->diff_dst);
    if (op->accumulate)
        activation_write(&run->diff_src, data->diff_src);
    assert_ok(fa_conv_backward_data(run->conv, run->diff_dst.data, op->accumulate,
                                    op->mask ? run->src.data : NULL, run->diff_src.data));
    activation_read(&run->diff_src, result->diff_src);
    fa_weights_sum_clear(run->sum);
    assert_ok(fa_conv_backward_weights(run->conv, run->src.data, run->diff_dst.data, run->sum));
    op_run_read_sum(run, result->diff_filters, result->diff_bias);
}

/* ---- the definition ---- */

double op_definition(const struct op_case *op, const struct op_data *data, int c, int y, int x)
{
    const struct fa_conv_desc *d = &op->desc;
    struct fa_shape out = fa_conv_output_shape(d);
    int in_group = d->in.c / d->groups, first = c / (d->out_channels / d->groups) * in_group;
    double sum = 0;

    for (int i = 0; i < in_group; i++)
        for (int ky = 0; ky < d->kernel; ky++)
            for (int kx = 0; kx < d->kernel; kx++) {
                int sy = y * d->stride + ky - d->pad, sx = x * d->stride + kx - d->pad;

                if (sy < 0 || sy >= d->in.h || sx < 0 || sx >= d->in.w)
                    continue;
                sum += (double)data->src[(sy * d->in.w + sx) * d->in.c + first + i] *
                       data->filters[((c * in_group + i) * d->kernel + ky) * d->kernel + kx];
            }
    sum = sum * data->scale[c] + data->bias[c];
    if (d->residual)
        sum += data->residual[(y * out.w + x) * out.c + c];
    return d->relu && sum < 0 ? 0 : sum;
}
