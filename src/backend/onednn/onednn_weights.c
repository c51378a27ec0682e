/*
 * onednn_weights.c - filters and their gradients, in every layout that a convolution asks for.
 *
 * The master copy is plain; each layout that some convolution wants has one packed copy, refreshed at its
 * first use after a load. Each layout in which some convolution leaves gradients has one sum, and reading
 * adds the sums up in the order in which they were made.
 *
 * Merged groups. oneDNN has fast grouped convolutions only where a group fills whole blocks of channels.
 * ResNeXt's first stages have groups of 4 and 8, so we compute neighbouring groups together, as one group
 * with zeros in the filters between them: two to four times the arithmetic, at more than ten times the speed.
 * Only this file knows: an output channel's filters are one run inside its longer merged row, and the
 * gradients of the zeros are never read.
 */
#include <string.h>

#include "fa/memory.h"
#include "fa/trace.h"
#include "onednn.h"

static size_t kernel_area(const struct fa_weights_desc *desc)
{
    return (size_t)desc->kernel * (size_t)desc->kernel;
}

/* The fewest neighbouring groups that together fill whole blocks. */
static int groups_to_merge(const struct fa_weights_desc *desc, int block)
{
    const int in = desc->in_channels / desc->groups, out = desc->out_channels / desc->groups;

    if (desc->groups == 1)
        return 1;
    for (int merged = 1; merged < desc->groups; merged++)
        if (desc->groups % merged == 0 && in * merged % block == 0 && out * merged % block == 0)
            return merged;
    return desc->groups;
}

static fa_status describe_filters(const struct onednn_weights *weights, bool any, dnnl_memory_desc_t *md)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    const int g = weights->groups, out = desc->out_channels / g, in = desc->in_channels / g, k = desc->kernel;
    const dnnl_dims_t grouped = {g, out, in, k, k}, dense = {out, in, k, k};
    const dnnl_format_tag_t plain = g > 1 ? dnnl_goihw : dnnl_oihw;

    return onednn_check(dnnl_memory_desc_init_by_tag(md, g > 1 ? 5 : 4, g > 1 ? grouped : dense, dnnl_f32,
                                                     any ? dnnl_format_tag_any : plain),
                        "describing filters");
}

fa_status onednn_weights_any_md(const struct onednn_weights *weights, dnnl_memory_desc_t *md)
{
    return describe_filters(weights, true, md);
}

fa_status onednn_weights_bias_md(const struct onednn_weights *weights, dnnl_memory_desc_t *md)
{
    const dnnl_dims_t dims = {weights->base.desc.out_channels};

    return onednn_check(dnnl_memory_desc_init_by_tag(md, 1, dims, dnnl_f32, dnnl_a), "describing a bias");
}

static fa_status fill_weights(struct onednn_weights *weights)
{
    const struct fa_weights_desc *desc = &weights->base.desc;

    weights->merged = groups_to_merge(desc, onednn_of(weights->base.backend)->block);
    weights->groups = desc->groups / weights->merged;
    weights->n_elem =
        (size_t)desc->out_channels * (size_t)(desc->in_channels / weights->groups) * kernel_area(desc);
    FA_TRY(describe_filters(weights, false, &weights->md));
    FA_TRY(fa_alloc_zero(weights->n_elem, sizeof *weights->master, &weights->master));
    return fa_alloc_zero((size_t)desc->out_channels, sizeof *weights->bias, &weights->bias);
}

fa_status onednn_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                struct fa_weights **out)
{
    struct onednn_weights *weights;
    fa_status status;

    FA_TRY(fa_alloc_zero(1, sizeof *weights, &weights));
    weights->base = (struct fa_weights){backend, *desc};
    status = fill_weights(weights);
    if (status != FA_OK) {
        onednn_weights_destroy(&weights->base);
        return status;
    }
    *out = &weights->base;
    return FA_OK;
}

static void destroy_filters(struct onednn_filters *filters)
{
    onednn_reorder_destroy(&filters->reorder);
    fa_free(filters->data);
    fa_free(filters->bias);
    fa_free(filters);
}

static void destroy_list(struct onednn_filters *first)
{
    while (first != NULL) {
        struct onednn_filters *next = first->next;

        destroy_filters(first);
        first = next;
    }
}

void onednn_weights_destroy(struct fa_weights *base)
{
    struct onednn_weights *weights = (struct onednn_weights *)base;

    destroy_list(weights->packed);
    destroy_list(weights->gradients);
    fa_free(weights->master);
    fa_free(weights->bias);
    fa_free(weights);
}

/* ---- the filters of one output channel: n_elem dense values, which in a merged row begin at offset */

struct filter_run {
    size_t n_elem, offset;
};

static struct filter_run filter_run_of(const struct onednn_weights *weights, int out_channel)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    const size_t n_elem = (size_t)(desc->in_channels / desc->groups) * kernel_area(desc);
    const int group = out_channel / (desc->out_channels / desc->groups);
    const size_t row = n_elem * (size_t)weights->merged;

    return (struct filter_run){n_elem,
                               (size_t)out_channel * row + (size_t)(group % weights->merged) * n_elem};
}

fa_status onednn_weights_load(struct fa_weights *base, const fa_real *oihw, const fa_real *scale,
                              const fa_real *bias)
{
    struct onednn_weights *weights = (struct onednn_weights *)base;

#pragma omp parallel for schedule(static) num_threads(base->backend->n_threads)
    for (int o = 0; o < base->desc.out_channels; o++) {
        const struct filter_run run = filter_run_of(weights, o);
        const float factor = scale != NULL ? scale[o] : 1.0f;
        const float *from = oihw + (size_t)o * run.n_elem;

        for (size_t i = 0; i < run.n_elem; i++)
            weights->master[run.offset + i] = from[i] * factor;
        weights->bias[o] = bias[o];
    }
    for (struct onednn_filters *packed = weights->packed; packed != NULL; packed = packed->next)
        packed->is_current = false;
    return FA_OK;
}

/* ---- layouts */

static fa_status fill_filters(struct onednn_weights *weights, const dnnl_memory_desc_t *md, bool is_gradient,
                              struct onednn_filters *filters)
{
    struct onednn *onednn = onednn_of(weights->base.backend);
    const size_t n_bytes = dnnl_memory_desc_get_size(md);

    filters->md = *md;
    filters->n_elem = n_bytes / sizeof *filters->data;
    FA_TRY(fa_alloc_zero(n_bytes, 1, &filters->data));
    if (!is_gradient)
        return onednn_reorder_create(onednn, &weights->md, md, &filters->reorder);
    FA_TRY(fa_alloc_zero((size_t)weights->base.desc.out_channels, sizeof *filters->bias, &filters->bias));
    FA_TRY(onednn_work_reserve(&onednn->staging, weights->n_elem * sizeof *filters->data));
    return onednn_reorder_create(onednn, md, &weights->md, &filters->reorder);
}

static fa_status find_or_add(struct onednn_weights *weights, const dnnl_memory_desc_t *md, bool is_gradient,
                             struct onednn_filters **out)
{
    struct onednn_filters **link = is_gradient ? &weights->gradients : &weights->packed;
    struct onednn_filters *filters;
    fa_status status;

    for (; *link != NULL; link = &(*link)->next)
        if (dnnl_memory_desc_equal(&(*link)->md, md)) {
            *out = *link;
            return FA_OK;
        }
    FA_TRY(fa_alloc_zero(1, sizeof *filters, &filters));
    status = fill_filters(weights, md, is_gradient, filters);
    if (status != FA_OK) {
        destroy_filters(filters);
        return status;
    }
    *link = *out = filters;
    return FA_OK;
}

fa_status onednn_weights_packed(struct onednn_weights *weights, const dnnl_memory_desc_t *md,
                                struct onednn_filters **out)
{
    return find_or_add(weights, md, false, out);
}

fa_status onednn_weights_gradient(struct onednn_weights *weights, const dnnl_memory_desc_t *md,
                                  struct onednn_filters **out)
{
    return find_or_add(weights, md, true, out);
}

fa_status onednn_filters_refresh(const struct onednn_weights *weights, struct onednn_filters *packed)
{
    fa_status status;
    int span;

    if (packed->is_current)
        return FA_OK;
    span = fa_span_begin("pack filters");
    status = onednn_reorder_run(&packed->reorder, weights->master, packed->data);
    fa_span_end(span);
    packed->is_current = status == FA_OK;
    return status;
}

/* ---- gradients */

void onednn_weights_clear_grad(struct fa_weights *base)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)base;

    for (struct onednn_filters *gradient = weights->gradients; gradient != NULL; gradient = gradient->next)
        gradient->is_current = false;
}

static void add_plain(const struct onednn_weights *weights, const float *plain, float *oihw)
{
#pragma omp parallel for schedule(static) num_threads(weights->base.backend->n_threads)
    for (int o = 0; o < weights->base.desc.out_channels; o++) {
        const struct filter_run run = filter_run_of(weights, o);
        float *to = oihw + (size_t)o * run.n_elem;

        for (size_t i = 0; i < run.n_elem; i++)
            to[i] += plain[run.offset + i];
    }
}

static struct onednn_filters *skip_cleared(struct onednn_filters *gradient)
{
    while (gradient != NULL && !gradient->is_current)
        gradient = gradient->next;
    return gradient;
}

/* The first gradient goes straight to its reader unless groups are merged; that is nearly always all. */
fa_status onednn_weights_read_grad(struct fa_weights *base, fa_real *oihw, fa_real *bias)
{
    const struct onednn_weights *weights = (const struct onednn_weights *)base;
    const size_t n_out = (size_t)base->desc.out_channels;
    struct onednn_filters *gradient = skip_cleared(weights->gradients);
    bool is_straight = gradient != NULL && weights->merged == 1;

    memset(bias, 0, n_out * sizeof *bias);
    if (!is_straight)
        memset(oihw, 0, n_out * filter_run_of(weights, 0).n_elem * sizeof *oihw);
    for (; gradient != NULL; gradient = skip_cleared(gradient->next), is_straight = false) {
        float *plain = is_straight ? oihw : onednn_of(base->backend)->staging.memory;

        FA_TRY(onednn_reorder_run(&gradient->reorder, gradient->data, plain));
        if (!is_straight)
            add_plain(weights, plain, oihw);
        for (size_t o = 0; o < n_out; o++)
            bias[o] += gradient->bias[o];
    }
    return FA_OK;
}
