/*
 * autotune.c - measuring which algorithm computes a convolution fastest, by the public functions alone.
 *
 * Data are zeros, which take as long as any others.
 */
#include <math.h>
#include <string.h>

#include "fa/algorithms.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "ops.h"

enum { DIRECTIONS = 3, MAX_RUNS = 5 };

#define BUDGET_S 0.05

/* The convolution by the static rule, and by each algorithm. */
struct trial {
    struct fa_backend *backend;
    const struct fa_conv_desc *desc;
    struct fa_weights *weights;
    struct fa_conv *conv[FA_CONV_WINOGRAD + 1];
    fa_real *in, *out, *other; /* other: the residual, or the gradient of in */
};

/* ---- what is tried */

static fa_status create_conv(struct trial *trial, enum fa_conv_algorithm algorithm)
{
    const enum fa_conv_algorithm before = trial->backend->algorithm;
    fa_status status;

    trial->backend->algorithm = algorithm;
    status = fa_conv_create(trial->backend, trial->desc, trial->weights, &trial->conv[algorithm]);
    trial->backend->algorithm = before;
    return status;
}

static fa_status create_convs(struct trial *trial)
{
    const struct fa_conv_desc *desc = trial->desc;
    const struct fa_weights_desc filters = {desc->out_channels, desc->in.c, desc->groups, desc->kernel};

    FA_TRY(fa_weights_create(trial->backend, &filters, &trial->weights));
    for (int algorithm = FA_CONV_AUTO; algorithm <= FA_CONV_WINOGRAD; algorithm++)
        FA_TRY(create_conv(trial, (enum fa_conv_algorithm)algorithm));
    return FA_OK;
}

static bool is_asked_for(const struct fa_conv_desc *desc, int direction)
{
    return direction == FA_CONV_FORWARD || (direction == FA_CONV_BACKWARD_DATA && desc->backward_data) ||
           (direction == FA_CONV_BACKWARD_WEIGHTS && desc->backward_weights);
}

static bool is_open(const struct fa_backend *backend, const struct fa_conv_desc *desc, int direction)
{
    return is_asked_for(desc, direction) &&
           fa_algorithms_find(&backend->algorithms, desc, (enum fa_conv_direction)direction) == NULL;
}

/* Do two of the convolutions come down to one algorithm? */
static bool is_same(const struct trial *trial, int a, int b, enum fa_conv_direction direction)
{
    return strcmp(fa_conv_chosen(trial->conv[a], direction), fa_conv_chosen(trial->conv[b], direction)) == 0;
}

static bool has_choice(const struct trial *trial, int direction)
{
    return is_open(trial->backend, trial->desc, direction) &&
           !is_same(trial, FA_CONV_DIRECT, FA_CONV_WINOGRAD, (enum fa_conv_direction)direction);
}

/* ---- its data */

static fa_status create_activation(struct fa_backend *backend, struct fa_shape shape, size_t n_bytes,
                                   const fa_real *zeros, fa_real **out)
{
    FA_TRY(fa_backend_alloc(backend, n_bytes, (void **)out));
    fa_backend_import_hwc(backend, shape, zeros, *out);
    return FA_OK;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* zeros: as many as the filters or an activation have, whichever are most; borrowed until the trial ends. */
static fa_status create_data(struct trial *trial, const fa_real *zeros)
{
    const struct fa_shape in = trial->desc->in, out = fa_conv_output_shape(trial->desc);
    const size_t in_bytes = fa_backend_activation_bytes(trial->backend, in);
    const size_t out_bytes = fa_backend_activation_bytes(trial->backend, out);

    FA_TRY(fa_weights_load(trial->weights, zeros, NULL, zeros));
    FA_TRY(create_activation(trial->backend, in, in_bytes, zeros, &trial->in));
    FA_TRY(create_activation(trial->backend, out, out_bytes, zeros, &trial->out));
    return create_activation(trial->backend, out, larger(in_bytes, out_bytes), zeros, &trial->other);
}

static size_t most_elements(const struct fa_conv_desc *desc)
{
    const size_t filters = (size_t)desc->out_channels * (size_t)(desc->in.c / desc->groups) *
                           (size_t)(desc->kernel * desc->kernel);

    return larger(filters,
                  larger(fa_shape_elements(desc->in), fa_shape_elements(fa_conv_output_shape(desc))));
}

static void close_trial(struct trial *trial)
{
    for (int algorithm = FA_CONV_AUTO; algorithm <= FA_CONV_WINOGRAD; algorithm++)
        fa_conv_destroy(trial->conv[algorithm]);
    fa_weights_destroy(trial->weights);
    fa_backend_free(trial->backend, trial->in);
    fa_backend_free(trial->backend, trial->out);
    fa_backend_free(trial->backend, trial->other);
}

/* ---- its time */

static fa_status run(struct trial *trial, struct fa_conv *conv, int direction)
{
    switch ((enum fa_conv_direction)direction) {
    case FA_CONV_FORWARD:
        FA_TRY(fa_conv_forward(conv, trial->in, trial->desc->residual ? trial->other : NULL, trial->out));
        break;
    case FA_CONV_BACKWARD_DATA:
        FA_TRY(fa_conv_backward_data(conv, trial->out, false, NULL, trial->other));
        break;
    case FA_CONV_BACKWARD_WEIGHTS:
        fa_weights_clear_grad(trial->weights);
        FA_TRY(fa_conv_backward_weights(conv, trial->in, trial->out));
        break;
    }
    return fa_backend_synchronize(trial->backend);
}

/* The fastest of a few runs, after one that packs filters and warms up. */
static fa_status time_one(struct trial *trial, int algorithm, int direction, double *fastest)
{
    const double start = fa_clock_seconds();
    double last;

    *fastest = INFINITY;
    FA_TRY(run(trial, trial->conv[algorithm], direction));
    last = fa_clock_seconds();
    for (int i = 0; i == 0 || (i < MAX_RUNS && last - start < BUDGET_S); i++) {
        double now;

        FA_TRY(run(trial, trial->conv[algorithm], direction));
        now = fa_clock_seconds();
        *fastest = fmin(*fastest, now - last);
        last = now;
    }
    return FA_OK;
}

static fa_status choose(struct trial *trial, int direction)
{
    struct fa_algorithm_choice choice = {.direction = (enum fa_conv_direction)direction,
                                         .conv = *trial->desc};
    double seconds[FA_CONV_WINOGRAD + 1];

    for (int algorithm = FA_CONV_DIRECT; algorithm <= FA_CONV_WINOGRAD; algorithm++)
        FA_TRY(time_one(trial, algorithm, direction, &seconds[algorithm]));
    choice.algorithm =
        seconds[FA_CONV_WINOGRAD] < seconds[FA_CONV_DIRECT] ? FA_CONV_WINOGRAD : FA_CONV_DIRECT;
    choice.seconds = seconds[choice.algorithm];
    choice.rule_seconds =
        seconds[is_same(trial, FA_CONV_AUTO, FA_CONV_DIRECT, choice.direction) ? FA_CONV_DIRECT
                                                                               : FA_CONV_WINOGRAD];
    return fa_algorithms_add(&trial->backend->algorithms, &choice);
}

static fa_status choose_all(struct trial *trial)
{
    fa_real *zeros;
    fa_status status;

    FA_TRY(fa_alloc_zero(most_elements(trial->desc), sizeof *zeros, &zeros));
    status = create_data(trial, zeros);
    for (int direction = 0; direction < DIRECTIONS && status == FA_OK; direction++)
        if (has_choice(trial, direction))
            status = choose(trial, direction);
    fa_free(zeros);
    return status;
}

/* Only these have more than one algorithm; this spares the look at all others. */
static bool is_candidate(const struct fa_backend *backend, const struct fa_conv_desc *desc)
{
    bool open = false;

    for (int direction = 0; direction < DIRECTIONS; direction++)
        open = open || is_open(backend, desc, direction);
    return open && backend->algorithm == FA_CONV_AUTO && desc->kernel == 3 && desc->stride == 1 &&
           desc->groups == 1;
}

fa_status fa_algorithms_measure(struct fa_backend *backend, const struct fa_conv_desc *desc)
{
    struct trial trial = {.backend = backend, .desc = desc};
    fa_status status;

    if (!is_candidate(backend, desc))
        return FA_OK;
    status = create_convs(&trial);
    if (status == FA_OK)
        status = choose_all(&trial);
    close_trial(&trial);
    return status;
}
