/*
 * norm.c - the public functions of group norm: they check shapes and arguments, then call the table.
 */
#include <assert.h>

#include "fa/trace.h"
#include "ops.h"

/* ---- gamma and beta ---- */

fa_status fa_affine_create(struct fa_backend *backend, int channels, struct fa_affine **out)
{
    assert(channels > 0);
    *out = NULL;
    FA_TRY(backend->ops->affine_create(backend, channels, out));
    (*out)->backend = backend;
    (*out)->channels = channels;
    return FA_OK;
}

void fa_affine_destroy(struct fa_affine *affine)
{
    if (affine != NULL)
        affine->backend->ops->affine_destroy(affine);
}

fa_status fa_affine_load(struct fa_affine *affine, const fa_real *gamma, const fa_real *beta)
{
    assert(gamma != NULL && beta != NULL);
    return affine->backend->ops->affine_load(affine, gamma, beta);
}

fa_status fa_affine_sum_create(struct fa_backend *backend, struct fa_affine *affine,
                               struct fa_affine_sum **out)
{
    assert(affine->backend->first == backend->first);
    *out = NULL;
    FA_TRY(backend->ops->affine_sum_create(backend, affine, out));
    (*out)->backend = backend;
    (*out)->affine = affine;
    return FA_OK;
}

void fa_affine_sum_destroy(struct fa_affine_sum *sum)
{
    if (sum != NULL)
        sum->backend->ops->affine_sum_destroy(sum);
}

void fa_affine_sum_clear(struct fa_affine_sum *sum)
{
    sum->backend->ops->affine_sum_clear(sum);
}

void fa_affine_sum_add(const struct fa_affine_sum *sum, fa_real *gamma, fa_real *beta)
{
    assert(gamma != NULL && beta != NULL);
    sum->backend->ops->affine_sum_add(sum, gamma, beta);
}

/* ---- norms ---- */

fa_status fa_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                         struct fa_affine *affine, struct fa_norm **out)
{
    assert(desc->shape.c > 0 && desc->shape.h > 0 && desc->shape.w > 0);
    assert(desc->groups > 0 && desc->shape.c % desc->groups == 0);
    assert(affine->backend->first == backend->first && affine->channels == desc->shape.c);
    *out = NULL;
    FA_TRY(backend->ops->norm_create(backend, desc, affine, out));
    (*out)->backend = backend;
    (*out)->affine = affine;
    (*out)->desc = *desc;
    return FA_OK;
}

void fa_norm_destroy(struct fa_norm *norm)
{
    if (norm != NULL)
        norm->backend->ops->norm_destroy(norm);
}

size_t fa_norm_statistics_bytes(const struct fa_norm *norm)
{
    return norm->backend->ops->norm_statistics_bytes(norm);
}

fa_status fa_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                          void *statistics)
{
    const int span = fa_backend_span_begin(norm->backend, "norm forward");
    fa_status status;

    assert(src != NULL && dst != NULL && src != residual);
    assert((residual != NULL) == norm->desc.residual);
    status = norm->backend->ops->norm_forward(norm, src, residual, dst, statistics);
    fa_backend_span_end(norm->backend, span);
    return status;
}

fa_status fa_norm_repeat(struct fa_norm *norm, const void *src, const void *residual, const void *statistics,
                         void *dst)
{
    const int span = fa_backend_span_begin(norm->backend, "norm repeat");
    fa_status status;

    assert(src != NULL && dst != NULL && src != residual && statistics != NULL);
    assert((residual != NULL) == norm->desc.residual);
    status = norm->backend->ops->norm_repeat(norm, src, residual, statistics, dst);
    fa_backend_span_end(norm->backend, span);
    return status;
}

fa_status fa_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                           const void *diff_dst, void *diff_src, struct fa_affine_sum *sum)
{
    const int span = fa_backend_span_begin(norm->backend, "norm backward");
    fa_status status;

    assert(src != NULL && statistics != NULL && diff_dst != NULL && diff_src != NULL && src != diff_dst);
    assert(sum->affine == norm->affine);
    status = norm->backend->ops->norm_backward(norm, src, statistics, diff_dst, diff_src, sum);
    fa_backend_span_end(norm->backend, span);
    return status;
}
