/*
 * fold.c - batch norm with fixed statistics folded into its convolution (doc/method.md 2.6), by the host's
 * loops.
 *
 * With sigma = sqrt(var + eps) and s = gamma / sigma the layer is conv(x; W s) + (beta - mean s). From the
 * gradients dW' and db' of these filters and bias, for output channel o:
 *     dW = dW' s       dbeta = db'       dgamma = (<dW'_o, W_o> - mean db') / sigma
 * Sums are in double. A layer without batch norm has s = 1 and its own bias, or none.
 */
#include <math.h>
#include <omp.h>

#include "fa/memory.h"
#include "fa/vector.h"
#include "ops.h"

/* The gradients of so many output channels are unfolded while they are in cache. */
enum { CHANNELS_AT_A_TIME = 16 };

static size_t filter_elements(const struct fa_weights_desc *desc)
{
    return (size_t)(desc->in_channels / desc->groups) * (size_t)desc->kernel * (size_t)desc->kernel;
}

static double sigma_of(const struct fa_layer_values *values, size_t o)
{
    return sqrt((double)values->var[o] + FA_NORM_EPSILON);
}

/* ---- room for a layer on its way ---- */

fa_status fa_fold_scratch_grow(struct fa_fold_scratch *scratch, int n_threads,
                               const struct fa_weights_desc *desc)
{
    const size_t filters = CHANNELS_AT_A_TIME * filter_elements(desc), channels = (size_t)desc->out_channels;

    if (filters > scratch->filters_per_thread) {
        FA_TRY(fa_realloc(&scratch->filters, (size_t)n_threads * filters, sizeof(fa_real)));
        scratch->filters_per_thread = filters;
    }
    if (channels > scratch->channels) {
        FA_TRY(fa_realloc(&scratch->scale, channels, sizeof(fa_real)));
        FA_TRY(fa_realloc(&scratch->bias, channels, sizeof(fa_real)));
        scratch->channels = channels;
    }
    return FA_OK;
}

void fa_fold_scratch_free(struct fa_fold_scratch *scratch)
{
    fa_free(scratch->filters);
    fa_free(scratch->scale);
    fa_free(scratch->bias);
}

/* ---- folding ---- */

static void fold_norm(const struct fa_layer_values *values, const struct fa_fold_scratch *scratch,
                      size_t channels)
{
    for (size_t o = 0; o < channels; o++) {
        const double scale = (double)values->gamma[o] / sigma_of(values, o);

        scratch->scale[o] = (fa_real)scale;
        scratch->bias[o] = (fa_real)((double)values->bias[o] - (double)values->mean[o] * scale);
    }
}

fa_status fa_host_weights_fold(struct fa_weights *weights, const struct fa_layer_values *values)
{
    const struct fa_fold_scratch *scratch = &weights->backend->fold;
    const size_t channels = (size_t)weights->desc.out_channels;

    if (values->gamma != NULL) {
        fold_norm(values, scratch, channels);
        return fa_weights_load(weights, values->filters, scratch->scale, scratch->bias);
    }
    for (size_t o = 0; o < channels && values->bias == NULL; o++)
        scratch->bias[o] = 0;
    return fa_weights_load(weights, values->filters, NULL,
                           values->bias != NULL ? values->bias : scratch->bias);
}

/* ---- unfolding: output channels [first, first + n) of a layer, whose gradients are given in the folded form
 */

struct unfolding {
    struct fa_weights_sum *sum;
    const struct fa_layer_values *values;
    const struct fa_layer_grads *grads;
    size_t filter; /* elements of one output channel */
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

static void unfold_norm(const struct unfolding *u, size_t o, const fa_real *filter, double bias)
{
    const struct fa_layer_values *values = u->values;
    const double sigma = sigma_of(values, o),
                 product = dot(filter, values->filters + o * u->filter, u->filter);

    add_scaled(u->filter, (fa_real)((double)values->gamma[o] / sigma), filter,
               u->grads->filters + o * u->filter);
    u->grads->gamma[o] += (fa_real)((product - (double)values->mean[o] * bias) / sigma);
}

static void unfold_channels(const struct unfolding *u, size_t first, size_t n)
{
    const struct fa_fold_scratch *scratch = &u->sum->backend->fold;
    fa_real *filters = scratch->filters + (size_t)omp_get_thread_num() * scratch->filters_per_thread;
    fa_real *bias = scratch->bias + first;

    fa_weights_sum_read(u->sum, (int)first, (int)n, filters, bias);
    for (size_t k = 0; k < n && u->grads->bias != NULL; k++)
        u->grads->bias[first + k] += bias[k];
    if (u->values->gamma == NULL)
        add_scaled(n * u->filter, 1, filters, u->grads->filters + first * u->filter);
    for (size_t k = 0; k < n && u->values->gamma != NULL; k++)
        unfold_norm(u, first + k, filters + k * u->filter, (double)bias[k]);
}

void fa_host_weights_unfold(struct fa_weights_sum *sum, const struct fa_layer_values *values,
                            const struct fa_layer_grads *grads)
{
    const struct fa_weights_desc *desc = &sum->weights->desc;
    const struct unfolding unfolding = {sum, values, grads, filter_elements(desc)};
    const size_t channels = (size_t)desc->out_channels;

#pragma omp parallel for schedule(static) num_threads(sum->backend->n_threads)
    for (size_t first = 0; first < channels; first += CHANNELS_AT_A_TIME)
        unfold_channels(&unfolding, first,
                        channels - first < CHANNELS_AT_A_TIME ? channels - first : CHANNELS_AT_A_TIME);
}
