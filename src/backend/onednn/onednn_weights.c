/*
 * onednn_weights.c - filters in every layout that a convolution asks for, and sums of their gradients.
 *
 * The caller's own filters are the master copy. Each layout that some convolution wants has one packed copy,
 * made at its first use after a load and kept until the next load or until it is to be forgotten. The
 * gradients of all convolutions are added up in one layout.
 *
 * Merged groups. oneDNN has fast grouped convolutions only where a group fills whole blocks of channels.
 * ResNeXt's first stages have groups of 4 and 8, so we compute neighbouring groups together, as one group
 * with zeros in the filters between them: two to four times the arithmetic, at more than ten times the speed.
 * The gradients of the zeros are never read (onednn_order.c).
 */
#include <string.h>

#include "fa/memory.h"
#include "fa/trace.h"
#include "onednn.h"

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

static struct onednn_tensor filters_tensor(const struct onednn_weights *weights, dnnl_data_type_t type,
                                           dnnl_format_tag_t dense, dnnl_format_tag_t grouped)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    const int g = weights->groups, out = desc->out_channels / g, in = desc->in_channels / g, k = desc->kernel;

    if (g > 1)
        return (struct onednn_tensor){5, {g, out, in, k, k}, type, grouped};
    return (struct onednn_tensor){4, {out, in, k, k}, type, dense};
}

struct onednn_tensor onednn_weights_any_tensor(const struct onednn_weights *weights)
{
    return filters_tensor(weights, onednn_element_type(onednn_of(weights->base.backend)), dnnl_format_tag_any,
                          dnnl_format_tag_any);
}

struct onednn_tensor onednn_weights_bias_tensor(const struct onednn_weights *weights)
{
    return (struct onednn_tensor){1, {weights->base.desc.out_channels}, dnnl_f32, dnnl_a};
}

/* An image's few channels are not blocked. */
struct onednn_tensor onednn_weights_gradient_tensor(const struct onednn_weights *weights)
{
    const bool reads_image = weights->base.desc.in_channels <= ONEDNN_IMAGE_CHANNELS;

    if (onednn_of(weights->base.backend)->block == 16)
        return filters_tensor(weights, dnnl_f32, reads_image ? dnnl_Ohwi16o : dnnl_OIhw16i16o,
                              dnnl_gOIhw16i16o);
    return filters_tensor(weights, dnnl_f32, reads_image ? dnnl_Ohwi8o : dnnl_OIhw8i8o, dnnl_gOIhw8i8o);
}

static fa_status describe_gradient(struct onednn_weights *weights)
{
    static const char what[] = "describing a gradient of filters";
    const struct onednn_tensor tensor = onednn_weights_gradient_tensor(weights);
    struct onednn_gradient *gradient = &weights->gradient;
    bool has_order;
    onednn_md md;

    FA_TRY(onednn_check(onednn_md_create(&tensor, &md), what));
    gradient->n_elem = dnnl_memory_desc_get_size(md) / sizeof(float);
    has_order = onednn_order_of(md, &gradient->order);
    onednn_md_destroy(md);
    return has_order ? FA_OK : onednn_check(dnnl_unimplemented, what);
}

static fa_status fill_weights(struct onednn_weights *weights)
{
    const struct fa_weights_desc *desc = &weights->base.desc;
    const size_t n_out = onednn_whole_vectors((size_t)desc->out_channels);

    weights->merged = groups_to_merge(desc, onednn_of(weights->base.backend)->block);
    weights->groups = desc->groups / weights->merged;
    FA_TRY(describe_gradient(weights));
    FA_TRY(fa_alloc_zero(n_out, sizeof *weights->scale, &weights->scale));
    return fa_alloc_zero(n_out, sizeof *weights->bias, &weights->bias);
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

static struct fa_store *store_of(const struct onednn_weights *weights)
{
    return &onednn_of(weights->base.backend)->store;
}

static struct fa_store *sums_of(const struct onednn_weights *weights)
{
    return &onednn_of(weights->base.backend)->sums;
}

static void destroy_filters(struct onednn_filters *filters)
{
    onednn_reorder_destroy(&filters->reorder);
    onednn_md_destroy(filters->md);
    onednn_md_destroy(filters->plain);
    onednn_places_destroy(filters->places);
    fa_free(filters);
}

void onednn_weights_destroy(struct fa_weights *base)
{
    struct onednn_weights *weights = (struct onednn_weights *)base;

    onednn_weights_forget(base);
    while (weights->packed != NULL) {
        struct onednn_filters *next = weights->packed->next;

        destroy_filters(weights->packed);
        weights->packed = next;
    }
    fa_free(weights->scale);
    fa_free(weights->bias);
    fa_free(weights);
}

/* ---- filters ---- */

void onednn_weights_forget(struct fa_weights *base)
{
    struct onednn_weights *weights = (struct onednn_weights *)base;

    for (struct onednn_filters *packed = weights->packed; packed != NULL; packed = packed->next)
        fa_store_give_back(store_of(weights), &packed->data);
    for (int i = 0; i < WINOGRAD_DIRECTIONS; i++)
        fa_store_give_back(store_of(weights), &weights->winograd[i]);
}

fa_status onednn_weights_load(struct fa_weights *base, const fa_real *oihw, const fa_real *scale,
                              const fa_real *bias)
{
    struct onednn_weights *weights = (struct onednn_weights *)base;

    weights->oihw = oihw;
    for (int o = 0; o < base->desc.out_channels; o++) {
        weights->scale[o] = scale != NULL ? scale[o] : 1.0f;
        weights->bias[o] = bias[o];
    }
    onednn_weights_forget(base);
    return FA_OK;
}

static fa_status fill_filters(struct onednn_weights *weights, onednn_md md, struct onednn_filters *filters)
{
    const dnnl_data_type_t type = onednn_element_type(onednn_of(weights->base.backend));
    const struct onednn_tensor plain = filters_tensor(weights, type, dnnl_oihw, dnnl_goihw);

    filters->n_bytes = dnnl_memory_desc_get_size(md);
    FA_TRY(onednn_check(onednn_md_copy(md, &filters->md), "copying a layout of filters"));
    FA_TRY(onednn_check(onednn_md_create(&plain, &filters->plain), "describing filters"));
    if (type == dnnl_bf16)
        return onednn_places_create(md, &filters->places);
    filters->has_order = onednn_order_of(md, &filters->order);
    if (filters->has_order)
        return FA_OK;
    return onednn_reorder_create(onednn_of(weights->base.backend), filters->plain, md, &filters->reorder);
}

fa_status onednn_weights_packed(struct onednn_weights *weights, onednn_md md, struct onednn_filters **out)
{
    struct onednn_filters **link = &weights->packed, *filters;
    fa_status status;

    for (; *link != NULL; link = &(*link)->next)
        if (dnnl_memory_desc_equal((*link)->md, md)) {
            *out = *link;
            return FA_OK;
        }
    FA_TRY(fa_alloc_zero(1, sizeof *filters, &filters));
    status = fill_filters(weights, md, filters);
    if (status != FA_OK) {
        destroy_filters(filters);
        return status;
    }
    *link = *out = filters;
    return FA_OK;
}

/* The zeros are those between merged groups, and those of lanes beyond the last channel. */
static void pack(const struct onednn_weights *weights, const struct onednn_filters *packed,
                 const struct onednn_order *order, size_t n_bytes, float *to)
{
    const int end = weights->base.desc.out_channels, part = ONEDNN_MAX_BLOCK;

    if (weights->merged > 1 || n_bytes > dnnl_memory_desc_get_size(packed->plain))
        memset(to, 0, n_bytes);
#pragma omp parallel for schedule(static) num_threads(weights->base.backend->n_threads)
    for (int o = 0; o < end; o += part)
        onednn_order_pack(weights, order, (size_t)o, (size_t)(end - o < part ? end - o : part), to);
}

/* A layout that only oneDNN knows comes about from the plain one. */
static fa_status pack_opaque(const struct onednn_weights *weights, struct onednn_filters *packed)
{
    const size_t n_bytes = dnnl_memory_desc_get_size(packed->plain);
    struct onednn_order order;
    float *plain;
    fa_status status;

    if (!onednn_order_of(packed->plain, &order))
        return onednn_check(dnnl_unimplemented, "packing filters");
    FA_TRY(fa_store_take(store_of(weights), n_bytes, &plain));
    pack(weights, packed, &order, n_bytes, plain);
    status = onednn_reorder_run(&packed->reorder, plain, packed->data);
    fa_store_give_back(store_of(weights), &plain);
    return status;
}

static fa_status fill_packed(const struct onednn_weights *weights, struct onednn_filters *packed)
{
    if (packed->places != NULL)
        return onednn_bf16_pack(store_of(weights), weights, packed);
    if (!packed->has_order)
        return pack_opaque(weights, packed);
    pack(weights, packed, &packed->order, packed->n_bytes, packed->data);
    return FA_OK;
}

fa_status onednn_filters_refresh(const struct onednn_weights *weights, struct onednn_filters *packed)
{
    fa_status status;
    int span;

    if (packed->data != NULL)
        return FA_OK;
    FA_TRY(fa_store_take(store_of(weights), packed->n_bytes, &packed->data));
    span = fa_span_begin("pack filters");
    status = fill_packed(weights, packed);
    fa_span_end(span);
    if (status != FA_OK)
        fa_store_give_back(store_of(weights), &packed->data);
    return status;
}

/* ---- sums of gradients ---- */

static const struct onednn_weights *weights_of(const struct fa_weights_sum *sum)
{
    return (const struct onednn_weights *)sum->weights;
}

fa_status onednn_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                    struct fa_weights_sum **out)
{
    struct onednn_weights_sum *sum;

    (void)backend, (void)weights;
    FA_TRY(fa_alloc_zero(1, sizeof *sum, &sum));
    *out = &sum->base;
    return FA_OK;
}

void onednn_weights_sum_destroy(struct fa_weights_sum *sum)
{
    onednn_weights_sum_clear(sum);
    fa_free(sum);
}

void onednn_weights_sum_clear(struct fa_weights_sum *base)
{
    fa_store_give_back(sums_of(weights_of(base)), &((struct onednn_weights_sum *)base)->data);
}

size_t onednn_gradient_bytes(const struct onednn_weights *weights)
{
    return (weights->gradient.n_elem + onednn_whole_vectors((size_t)weights->base.desc.out_channels)) *
           sizeof(float);
}

fa_status onednn_weights_sum_begin(struct onednn_weights_sum *sum)
{
    const struct onednn_weights *weights = weights_of(&sum->base);

    return fa_store_take(sums_of(weights), onednn_gradient_bytes(weights), &sum->data);
}

void onednn_weights_sum_read(const struct fa_weights_sum *base, int first, int n, fa_real *oihw,
                             fa_real *bias)
{
    const struct onednn_weights *weights = weights_of(base);
    const struct fa_weights_desc *desc = &weights->base.desc;
    const float *data = ((const struct onednn_weights_sum *)base)->data;
    const size_t n_own = (size_t)(desc->in_channels / desc->groups) * (size_t)(desc->kernel * desc->kernel);

    if (data == NULL) {
        memset(oihw, 0, (size_t)n * n_own * sizeof *oihw);
        memset(bias, 0, (size_t)n * sizeof *bias);
        return;
    }
    onednn_order_unpack(weights, &weights->gradient.order, (size_t)first, (size_t)n, data, oihw);
    memcpy(bias, data + weights->gradient.n_elem + first, (size_t)n * sizeof *bias);
}
