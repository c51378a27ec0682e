/*
 * conv_timing.c - measuring which algorithm computes a convolution fastest, by the public functions alone.
 *
 * Data are noise: to multiply zeros takes less power, by which some processors are several times as fast.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/algorithms.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "fa/philox.h"
#include "ops.h"

enum { DIRECTIONS = 3, MAX_RUNS = 5 };

#define BUDGET_S 0.05

/* A convolution as it is computed by one algorithm. */
struct candidate {
    const char *name; /* NULL: the static rule */
    struct fa_conv *conv;
    double seconds;
};

struct trial {
    struct fa_backend *backend;
    const struct fa_conv_desc *desc;
    enum fa_conv_direction direction;
    struct fa_weights *weights;
    struct fa_weights_sum *sum;
    char names[FA_MOST_ALGORITHMS][FA_ALGORITHM_NAME_MAX]; /* of what is tried */
    struct candidate rule, candidate[FA_MOST_ALGORITHMS];
    size_t n;               /* candidates, each computed by another algorithm */
    fa_real *noise;         /* as much as the filters or an activation have, whichever are most */
    void *in, *out, *other; /* activations; other: the residual, or the gradient of in */
};

/* ---- what is tried */

static fa_status create_conv(struct trial *trial, const char *algorithm, struct fa_conv **out)
{
    struct fa_algorithm_choice asked = {.direction = trial->direction};
    fa_status status;

    if (algorithm != NULL) {
        snprintf(asked.algorithm, sizeof asked.algorithm, "%s", algorithm);
        trial->backend->trial = &asked;
    }
    status = fa_conv_create(trial->backend, trial->desc, trial->weights, out);
    trial->backend->trial = NULL;
    return status;
}

static const char *chosen(const struct trial *trial, const struct fa_conv *conv)
{
    return fa_conv_chosen(conv, trial->direction);
}

/* A name may come down to the algorithm of one before, where the backend has no other at this place. */
static bool is_new(const struct trial *trial, const struct fa_conv *conv)
{
    for (size_t i = 0; i < trial->n; i++)
        if (strcmp(chosen(trial, trial->candidate[i].conv), chosen(trial, conv)) == 0)
            return false;
    return true;
}

static fa_status add_candidate(struct trial *trial, const char *name)
{
    struct fa_conv *conv;

    FA_TRY(create_conv(trial, name, &conv));
    if (is_new(trial, conv))
        trial->candidate[trial->n++] = (struct candidate){.name = name, .conv = conv};
    else
        fa_conv_destroy(conv);
    return FA_OK;
}

static fa_status create_candidates(struct trial *trial)
{
    const struct fa_backend_ops *ops = trial->backend->ops;
    const size_t n = ops->conv_algorithms(trial->backend, trial->desc, trial->direction, trial->names);

    for (size_t i = 0; i < n; i++)
        FA_TRY(add_candidate(trial, trial->names[i]));
    return create_conv(trial, NULL, &trial->rule.conv);
}

static void destroy_candidates(struct trial *trial)
{
    for (size_t i = 0; i < trial->n; i++)
        fa_conv_destroy(trial->candidate[i].conv);
    fa_conv_destroy(trial->rule.conv);
    trial->n = 0;
    trial->rule.conv = NULL;
}

static bool is_asked_for(const struct fa_conv_desc *desc, int direction)
{
    return direction == FA_CONV_FORWARD || (direction == FA_CONV_BACKWARD_DATA && desc->backward_data) ||
           (direction == FA_CONV_BACKWARD_WEIGHTS && desc->backward_weights);
}

/* Is there something to choose that is not listed? */
static bool is_open(const struct fa_backend *backend, const struct fa_conv_desc *desc, int direction)
{
    const enum fa_conv_direction d = (enum fa_conv_direction)direction;
    char names[FA_MOST_ALGORITHMS][FA_ALGORITHM_NAME_MAX];

    return is_asked_for(desc, direction) && fa_algorithms_find(&backend->algorithms, desc, d) == NULL &&
           backend->ops->conv_algorithms(backend, desc, d, names) > 1;
}

/* ---- its data */

/* It repeats itself, at a distance that no number of channels divides. */
static void fill_with_noise(size_t n, fa_real *values)
{
    enum { PERIOD = 4093 };
    struct fa_random random;

    fa_random_init(&random, 0, FA_RANDOM_BENCH, 0, 0);
    for (size_t i = 0; i < n; i++)
        values[i] = i < PERIOD ? (fa_real)(2 * fa_random_float(&random) - 1) : values[i - PERIOD];
}

/* In the backend's memory. */
static fa_status create_noise(struct fa_backend *backend, size_t n, fa_real **out)
{
    fa_real *host;
    fa_status status;

    FA_TRY(fa_backend_alloc(backend, n * sizeof *host, (void **)out));
    FA_TRY(fa_alloc(n, sizeof *host, &host));
    fill_with_noise(n, host);
    fa_backend_put(backend, *out, host, n * sizeof *host);
    status = fa_backend_synchronize(backend);
    fa_free(host);
    return status;
}

static fa_status create_activation(struct fa_backend *backend, struct fa_shape shape, size_t n_bytes,
                                   const fa_real *noise, void **out)
{
    FA_TRY(fa_backend_alloc(backend, n_bytes, out));
    fa_backend_import_hwc(backend, shape, noise, *out);
    return FA_OK;
}

static size_t most_elements(const struct fa_conv_desc *desc)
{
    const size_t filters = (size_t)desc->out_channels * (size_t)(desc->in.c / desc->groups) *
                           (size_t)(desc->kernel * desc->kernel);

    return fa_size_larger(
        filters, fa_size_larger(fa_shape_elements(desc->in), fa_shape_elements(fa_conv_output_shape(desc))));
}

static fa_status load_filters(struct trial *trial)
{
    fa_real *bias;
    fa_status status;

    FA_TRY(fa_alloc_zero((size_t)trial->desc->out_channels, sizeof *bias, &bias));
    status = fa_weights_load(trial->weights, trial->noise, NULL, bias);
    fa_free(bias);
    return status;
}

static fa_status create_data(struct trial *trial)
{
    const struct fa_shape in = trial->desc->in, out = fa_conv_output_shape(trial->desc);
    const size_t in_bytes = fa_backend_activation_bytes(trial->backend, in);
    const size_t out_bytes = fa_backend_activation_bytes(trial->backend, out);

    FA_TRY(create_noise(trial->backend, most_elements(trial->desc), &trial->noise));
    FA_TRY(load_filters(trial));
    FA_TRY(create_activation(trial->backend, in, in_bytes, trial->noise, &trial->in));
    FA_TRY(create_activation(trial->backend, out, out_bytes, trial->noise, &trial->out));
    return create_activation(trial->backend, out, fa_size_larger(in_bytes, out_bytes), trial->noise,
                             &trial->other);
}

static void close_trial(struct trial *trial)
{
    fa_weights_sum_destroy(trial->sum);
    fa_weights_destroy(trial->weights);
    fa_backend_free(trial->backend, trial->in);
    fa_backend_free(trial->backend, trial->out);
    fa_backend_free(trial->backend, trial->other);
    fa_backend_free(trial->backend, trial->noise);
}

/* ---- its time */

static fa_status run(struct trial *trial, struct fa_conv *conv)
{
    switch (trial->direction) {
    case FA_CONV_FORWARD:
        FA_TRY(fa_conv_forward(conv, trial->in, trial->desc->residual ? trial->other : NULL, trial->out));
        break;
    case FA_CONV_BACKWARD_DATA:
        FA_TRY(fa_conv_backward_data(conv, trial->out, false, NULL, trial->other));
        break;
    case FA_CONV_BACKWARD_WEIGHTS:
        fa_weights_sum_clear(trial->sum);
        FA_TRY(fa_conv_backward_weights(conv, trial->in, trial->out, trial->sum));
        break;
    }
    return fa_backend_synchronize(trial->backend);
}

/* The fastest of a few runs, after one that packs filters and warms up. */
static fa_status time_one(struct trial *trial, struct candidate *candidate)
{
    const double start = fa_clock_seconds();
    double last;

    candidate->seconds = INFINITY;
    FA_TRY(run(trial, candidate->conv));
    last = fa_clock_seconds();
    for (int i = 0; i == 0 || (i < MAX_RUNS && last - start < BUDGET_S); i++) {
        double now;

        FA_TRY(run(trial, candidate->conv));
        now = fa_clock_seconds();
        candidate->seconds = fmin(candidate->seconds, now - last);
        last = now;
    }
    return FA_OK;
}

static fa_status list_fastest(struct trial *trial)
{
    struct fa_algorithm_choice choice = {.direction = trial->direction, .conv = *trial->desc};
    const struct candidate *fastest = &trial->candidate[0];

    for (size_t i = 0; i < trial->n; i++) {
        const struct candidate *candidate = &trial->candidate[i];

        if (candidate->seconds < fastest->seconds)
            fastest = candidate;
        if (strcmp(chosen(trial, candidate->conv), chosen(trial, trial->rule.conv)) == 0)
            choice.rule_seconds = candidate->seconds;
    }
    choice.seconds = fastest->seconds;
    snprintf(choice.algorithm, sizeof choice.algorithm, "%s", fastest->name);
    return fa_algorithms_add(&trial->backend->algorithms, &choice);
}

static fa_status time_all(struct trial *trial)
{
    if (trial->n < 2)
        return FA_OK;
    for (size_t i = 0; i < trial->n; i++)
        FA_TRY(time_one(trial, &trial->candidate[i]));
    return list_fastest(trial);
}

static fa_status choose(struct trial *trial, int direction)
{
    fa_status status;

    trial->direction = (enum fa_conv_direction)direction;
    status = create_candidates(trial);
    if (status == FA_OK)
        status = time_all(trial);
    destroy_candidates(trial);
    return status;
}

static fa_status choose_all(struct trial *trial)
{
    const struct fa_conv_desc *desc = trial->desc;
    const struct fa_weights_desc filters = {desc->out_channels, desc->in.c, desc->groups, desc->kernel};

    FA_TRY(fa_weights_create(trial->backend, &filters, &trial->weights));
    FA_TRY(fa_weights_sum_create(trial->backend, trial->weights, &trial->sum));
    FA_TRY(create_data(trial));
    for (int direction = 0; direction < DIRECTIONS; direction++)
        if (is_open(trial->backend, desc, direction))
            FA_TRY(choose(trial, direction));
    return FA_OK;
}

/* This spares the look at all convolutions that leave no choice. */
static bool has_choice(const struct fa_backend *backend, const struct fa_conv_desc *desc)
{
    if (backend->preference != FA_CONV_AUTO || backend->ops->conv_algorithms == NULL)
        return false;
    for (int direction = 0; direction < DIRECTIONS; direction++)
        if (is_open(backend, desc, direction))
            return true;
    return false;
}

fa_status fa_algorithms_measure(struct fa_backend *backend, const struct fa_conv_desc *desc)
{
    struct trial trial = {.backend = backend, .desc = desc};
    fa_status status;

    if (!has_choice(backend, desc))
        return FA_OK;
    status = choose_all(&trial);
    close_trial(&trial);
    return status;
}
