/*
 * conv.c - freeanchor bench conv: each distinct convolution of the network alone, against what the same
 * convolutions take within a step.
 *
 * Alone, a convolution finds its inputs where the repetition before left them; within a step they come from
 * farther away, filters have just been packed and other cores' work has ended, so the ratio is what a plan
 * loses by how it strings convolutions together.
 */
#include <stdio.h>

#include "bench_session.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "layers.h"
#include "profile.h"

/* Enough to ask a device for all directions, so that it does not wait for us. */
#define HOLD_S 0.0005

/* ---- one convolution alone ---- */

struct alone {
    struct fa_backend *backend;
    const struct fa_conv_desc *desc;
    struct fa_weights *weights;
    struct fa_weights_sum *sum;
    struct fa_conv *conv;
    fa_real *filters;             /* that the weights borrow */
    fa_real *in, *out, *residual; /* activations */
    fa_real *diff_in, *diff_out;  /* and their gradients */
};

/* n numbers of the host's memory, in the backend's. */
static fa_status put_up(struct fa_backend *backend, const fa_real *host, size_t n, fa_real **out)
{
    FA_TRY(fa_backend_alloc(backend, n * sizeof *host, (void **)out));
    fa_backend_put(backend, *out, host, n * sizeof *host);
    return fa_backend_synchronize(backend);
}

static fa_status fill_activation(struct fa_backend *backend, struct fa_shape shape, fa_real *hwc,
                                 fa_real *activation)
{
    const size_t n = fa_shape_elements(shape);
    struct fa_random random;
    fa_real *rows;
    fa_status status;

    fa_random_init(&random, 0, FA_RANDOM_BENCH, n, 0);
    for (size_t i = 0; i < n; i++)
        hwc[i] = fa_random_float(&random) - 0.5f;
    status = put_up(backend, hwc, n, &rows);
    if (status == FA_OK)
        fa_backend_import_hwc(backend, shape, rows, activation);
    fa_backend_free(backend, rows);
    return status;
}

static fa_status make_activation(struct fa_backend *backend, struct fa_shape shape, fa_real **out)
{
    fa_real *hwc;
    fa_status status;

    FA_TRY(fa_backend_alloc(backend, fa_backend_activation_bytes(backend, shape), (void **)out));
    FA_TRY(fa_alloc(fa_shape_elements(shape), sizeof *hwc, &hwc));
    status = fill_activation(backend, shape, hwc, *out);
    fa_free(hwc);
    return status;
}

static fa_status make_filters(struct alone *alone)
{
    const struct fa_conv_desc *desc = alone->desc;
    const size_t n = (size_t)desc->out_channels * (size_t)(desc->in.c / desc->groups) * (size_t)desc->kernel *
                     (size_t)desc->kernel;
    fa_real *host;
    fa_status status;

    FA_TRY(fa_alloc(n, sizeof *host, &host));
    for (size_t i = 0; i < n; i++)
        host[i] = 0.01f * (float)(i % 7) - 0.03f;
    status = put_up(alone->backend, host, n, &alone->filters);
    fa_free(host);
    return status;
}

static fa_status load_weights(struct alone *alone)
{
    fa_real *bias;
    fa_status status;

    FA_TRY(make_filters(alone));
    FA_TRY(fa_alloc_zero((size_t)alone->desc->out_channels, sizeof *bias, &bias));
    status = fa_weights_load(alone->weights, alone->filters, NULL, bias);
    fa_free(bias);
    return status;
}

static fa_status open_alone(struct alone *alone)
{
    const struct fa_conv_desc *desc = alone->desc;
    const struct fa_weights_desc filters = {desc->out_channels, desc->in.c, desc->groups, desc->kernel};
    const struct fa_shape out = fa_conv_output_shape(desc);

    FA_TRY(fa_weights_create(alone->backend, &filters, &alone->weights));
    FA_TRY(fa_weights_sum_create(alone->backend, alone->weights, &alone->sum));
    FA_TRY(fa_conv_create(alone->backend, desc, alone->weights, &alone->conv));
    FA_TRY(make_activation(alone->backend, desc->in, &alone->in));
    FA_TRY(make_activation(alone->backend, out, &alone->out));
    if (desc->residual)
        FA_TRY(make_activation(alone->backend, out, &alone->residual));
    if (desc->backward_data || desc->backward_weights)
        FA_TRY(make_activation(alone->backend, out, &alone->diff_out));
    if (desc->backward_data)
        FA_TRY(make_activation(alone->backend, desc->in, &alone->diff_in));
    return load_weights(alone);
}

static void close_alone(struct alone *alone)
{
    fa_backend_free(alone->backend, alone->diff_in);
    fa_backend_free(alone->backend, alone->diff_out);
    fa_backend_free(alone->backend, alone->residual);
    fa_backend_free(alone->backend, alone->out);
    fa_backend_free(alone->backend, alone->in);
    fa_conv_destroy(alone->conv);
    fa_weights_sum_destroy(alone->sum);
    fa_weights_destroy(alone->weights);
    fa_backend_free(alone->backend, alone->filters);
}

static bool is_wanted(const struct alone *alone, int direction)
{
    return direction == FA_CONV_FORWARD ||
           (direction == FA_CONV_BACKWARD_DATA ? alone->desc->backward_data : alone->desc->backward_weights);
}

static fa_status run_direction(const struct alone *alone, int direction)
{
    if (!is_wanted(alone, direction))
        return FA_OK;
    if (direction == FA_CONV_FORWARD)
        return fa_conv_forward(alone->conv, alone->in, alone->residual, alone->out);
    if (direction == FA_CONV_BACKWARD_DATA)
        return fa_conv_backward_data(alone->conv, alone->diff_out, false, NULL, alone->diff_in);
    fa_weights_sum_clear(alone->sum);
    return fa_conv_backward_weights(alone->conv, alone->in, alone->diff_out, alone->sum);
}

static fa_status run_directions(const struct alone *alone)
{
    fa_backend_hold(alone->backend, HOLD_S);
    FA_TRY(run_direction(alone, FA_CONV_FORWARD));
    FA_TRY(run_direction(alone, FA_CONV_BACKWARD_WEIGHTS));
    FA_TRY(run_direction(alone, FA_CONV_BACKWARD_DATA));
    return fa_backend_settle_spans(alone->backend);
}

/* One direction after the other, n times; from the spans, which leave packing out. */
static fa_status time_alone(const struct alone *alone, size_t n, double seconds[FA_DIRECTIONS])
{
    struct fa_profile profile;
    fa_status status = fa_profile_open(n, &profile);

    if (status == FA_OK)
        status = run_directions(alone);
    fa_trace_clear();
    for (size_t i = 0; i < n && status == FA_OK; i++) {
        status = run_directions(alone);
        if (status == FA_OK)
            status = fa_profile_add(&profile);
    }
    if (status == FA_OK) {
        fa_profile_finish(&profile);
        for (int d = 0; d < FA_DIRECTIONS; d++)
            seconds[d] = fa_profile_seconds(&profile, fa_conv_spans[d], FA_NO_ITEM);
    }
    fa_profile_close(&profile);
    return status;
}

static fa_status measure_alone(struct fa_backend *backend, const struct fa_conv_desc *desc, size_t n,
                               double seconds[FA_DIRECTIONS])
{
    struct alone alone = {.backend = backend, .desc = desc};
    fa_status status = open_alone(&alone);

    if (status == FA_OK)
        status = time_alone(&alone, n, seconds);
    close_alone(&alone);
    return status;
}

/* ---- all of the network ---- */

/* The layers that are one convolution. */
struct distinct {
    const struct fa_layer_info *layer; /* the first of them */
    int count;
    double in_step_s[FA_DIRECTIONS]; /* of all of them */
    double alone_s[FA_DIRECTIONS];   /* of one */
};

struct table {
    size_t n;
    struct distinct *rows;
    struct fa_json *report;
    double in_step_s, alone_s;
};

static bool is_same(const struct fa_conv_desc *a, const struct fa_conv_desc *b)
{
    return fa_shape_equal(a->in, b->in) && a->out_channels == b->out_channels && a->groups == b->groups &&
           a->kernel == b->kernel && a->stride == b->stride && a->relu == b->relu &&
           a->residual == b->residual && a->backward_data == b->backward_data &&
           a->backward_weights == b->backward_weights;
}

static struct distinct *find_row(struct table *table, const struct fa_layer_info *layer)
{
    for (size_t i = 0; i < table->n; i++)
        if (is_same(&table->rows[i].layer->conv, &layer->conv))
            return &table->rows[i];
    table->rows[table->n] = (struct distinct){.layer = layer};
    return &table->rows[table->n++];
}

static void add_layer(struct table *table, const struct fa_layer_info *layer, const struct fa_profile *step)
{
    struct distinct *row = find_row(table, layer);

    row->count++;
    for (int d = 0; d < FA_DIRECTIONS; d++)
        row->in_step_s[d] += fa_profile_seconds(step, fa_conv_spans[d], layer->node);
}

static void report_row(struct table *table, const struct distinct *row, int direction, const char *conv)
{
    const struct fa_layer_info *layer = row->layer;
    const double alone_s = row->alone_s[direction];
    struct fa_json *object = fa_json_new_object();
    char in[48];

    snprintf(in, sizeof in, "%dx%dx%d", layer->conv.in.c, layer->conv.in.h, layer->conv.in.w);
    fa_json_set(object, "name", fa_json_new_string(layer->name));
    fa_json_set(object, "conv", fa_json_new_string(conv));
    fa_json_set(object, "in", fa_json_new_string(in));
    fa_json_set(object, "count", fa_json_new_number(row->count));
    fa_json_set(object, "direction", fa_json_new_string(fa_conv_direction_names[direction]));
    fa_json_set(object, "algorithm", fa_json_new_string(layer->algorithm[direction]));
    fa_json_set(object, "alone_s", fa_json_new_number(alone_s));
    fa_json_set(object, "gflops", fa_json_new_number(fa_conv_gflops(&layer->conv, alone_s)));
    fa_json_set(object, "in_step_s", fa_json_new_number(row->in_step_s[direction] / row->count));
    fa_json_append(table->report, object);
}

static void print_row(struct table *table, const struct distinct *row)
{
    const struct fa_layer_info *layer = row->layer;
    char conv[48];

    fa_conv_print(&layer->conv, conv, sizeof conv);
    for (int d = 0; d < FA_DIRECTIONS; d++) {
        const double in_step_s = row->in_step_s[d] / row->count;

        if (layer->algorithm[d] == NULL)
            continue;
        printf("%-31s %2d %-20s %4dx%-4d %-16s %-9s %9.2f %6.0f %9.2f %6.2f\n", layer->name, row->count, conv,
               layer->conv.in.h, layer->conv.in.w, fa_conv_direction_names[d], layer->algorithm[d],
               1e3 * row->alone_s[d], fa_conv_gflops(&layer->conv, row->alone_s[d]), 1e3 * in_step_s,
               in_step_s / row->alone_s[d]);
        table->alone_s += row->alone_s[d] * row->count;
        table->in_step_s += row->in_step_s[d];
        report_row(table, row, d, conv);
    }
}

static fa_status print_table(struct fa_invocation *invocation, const struct fa_bench_session *bench,
                             struct table *table)
{
    printf("\n%-31s %2s %-20s %-9s %-16s %-9s %9s %6s %9s %6s\n", "first layer", "n", "convolution", "input",
           "direction", "algorithm", "alone ms", "GF/s", "in step", "ratio");
    table->report = fa_json_new_array();
    for (size_t i = 0; i < table->n; i++) {
        struct distinct *row = &table->rows[i];

        FA_TRY(measure_alone(bench->session.backend, &row->layer->conv, bench->n_repeats, row->alone_s));
        print_row(table, row);
    }
    printf("\n%zu distinct convolutions; in the step %.4f s, alone %.4f s, ratio %.3f\n", table->n,
           table->in_step_s, table->alone_s, table->in_step_s / table->alone_s);
    fa_report_number(invocation, "in_step_s", table->in_step_s);
    fa_report_number(invocation, "alone_s", table->alone_s);
    fa_report_number(invocation, "ratio", table->in_step_s / table->alone_s);
    return FA_OK;
}

static fa_status compare(struct fa_invocation *invocation, const struct fa_bench_session *bench,
                         const struct fa_layers *layers, const struct fa_profile *step)
{
    struct table table = {.n = 0};
    fa_status status;

    FA_TRY(fa_alloc(layers->n, sizeof *table.rows, &table.rows));
    for (size_t i = 0; i < layers->n; i++)
        add_layer(&table, &layers->rows[i], step);
    status = print_table(invocation, bench, &table);
    fa_json_set(invocation->report, "convs", table.report);
    fa_free(table.rows);
    return status;
}

/* The step first, then each convolution; the profile stops the one trace before the others start theirs. */
static fa_status measure(struct fa_invocation *invocation, struct fa_bench_session *bench)
{
    struct fa_step_measure step;
    struct fa_layers layers = {.n = 0};
    fa_status status = fa_training_step_measure(&bench->step, bench->n_repeats, &step);

    if (status == FA_OK)
        status = fa_layers_collect(bench->session.model, bench->step.h, bench->step.w, &layers);
    if (status == FA_OK)
        status = compare(invocation, bench, &layers, &step.profile);
    fa_layers_free(&layers);
    fa_step_measure_free(&step);
    return status;
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_bench_session bench;
    fa_status status = fa_bench_session_open(invocation, &bench);

    if (status == FA_OK)
        status = measure(invocation, &bench);
    fa_bench_session_close(&bench);
    return status;
}

const struct fa_bench fa_bench_conv = {
    .name = "conv",
    .summary = "each distinct convolution of the network alone, and how much slower it is within a step",
    .flags = {"--config", "--set", "--backend", "--size", "--classes", "--objects", "--steps"},
    .run = run};
