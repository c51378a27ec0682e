/*
 * backend.c - the choice of a backend, and everything about activations except convolution and norm.
 * Every piece of work is a span of the trace.
 */
#include <assert.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/trace.h"
#include "ops.h"

const char *const fa_precision_names[] = {
    [FA_PRECISION_FP32] = "fp32", [FA_PRECISION_TF32] = "tf32", [FA_PRECISION_BF16] = "bf16", NULL};

enum { MOST_TABLES = 8 };

/* Best first, then those that were offered; NULL after the last. */
static const struct fa_backend_ops *tables[MOST_TABLES + 1] = {
#ifdef FA_HAVE_ONEDNN
    &fa_backend_onednn,
#endif
    &fa_backend_blas,
};

const struct fa_backend_ops *fa_backend_stand_in;

void fa_backend_offer(const struct fa_backend_ops *table)
{
    size_t n = 0;

    while (tables[n] != NULL && tables[n] != table)
        n++;
    assert(n < MOST_TABLES);
    tables[n] = table;
}

const char *fa_backend_known(size_t i)
{
    return tables[i] != NULL ? tables[i]->name : NULL;
}

static const struct fa_backend_ops *find_table(const char *name)
{
    if (name == NULL)
        return tables[0];
    for (size_t i = 0; tables[i] != NULL; i++)
        if (strcmp(tables[i]->name, name) == 0)
            return tables[i];
    return NULL;
}

static fa_status fail_unknown(const char *name)
{
    char known[64] = "";

    for (size_t i = 0; tables[i] != NULL; i++) {
        strncat(known, i > 0 ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, tables[i]->name, sizeof known - strlen(known) - 1);
    }
    return fa_fail(FA_EINVAL, "this build has no backend `%s`; choose one of: %s", name, known);
}

fa_status fa_backend_open(const struct fa_backend_config *config, struct fa_backend **out)
{
    const struct fa_backend_ops *ops = find_table(config->name);

    *out = NULL;
    if (ops == NULL)
        return fail_unknown(config->name);
    if (fa_backend_stand_in != NULL)
        ops = fa_backend_stand_in;
    if (config->n_threads < 1)
        return fa_fail(FA_EINVAL, "backend %s: %d threads asked for; at least 1 is needed", ops->name,
                       config->n_threads);
    if (config->precision != FA_PRECISION_FP32 && !ops->has_precisions)
        return fa_fail(FA_EINVAL, "backend %s computes in fp32 alone, not in %s; set train.precision=fp32",
                       ops->name, fa_precision_names[config->precision]);
    struct fa_backend base = {.ops = ops,
                              .n_handles = 1,
                              .n_threads = config->n_threads,
                              .preference = config->preference,
                              .device = config->device,
                              .local_rank = config->local_rank,
                              .share_device = config->share_device,
                              .precision = config->precision,
                              .never_records = config->never_records};

    FA_TRY(ops->open(&base, out));
    (*out)->first = *out;
    return FA_OK;
}

void fa_backend_close(struct fa_backend *backend)
{
    if (backend == NULL || --backend->n_handles > 0)
        return;
    fa_algorithms_clear(&backend->algorithms);
    fa_fold_scratch_free(&backend->fold);
    fa_free(backend->frame.chw);
    backend->ops->close(backend);
}

const char *fa_backend_name(const struct fa_backend *backend)
{
    return backend->ops->name;
}

const char *fa_backend_description(const struct fa_backend *backend)
{
    return backend->description;
}

int fa_backend_threads(const struct fa_backend *backend)
{
    return backend->n_threads;
}

const struct fa_device *fa_backend_device(const struct fa_backend *backend)
{
    return backend->place;
}

bool fa_backend_shares_device(const struct fa_backend *backend)
{
    return backend->share_device;
}

void fa_backend_limit_threads(struct fa_backend *backend, int most)
{
    assert(backend->place != NULL && most >= 1);
    if (backend->n_threads > most)
        backend->n_threads = most;
}

const struct fa_head_ops *fa_backend_head_ops(const struct fa_backend *backend)
{
    return backend->ops->head;
}

/* ---- activations ---- */

/* Where assertions are compiled out, nobody asks. */
__attribute__((unused)) static bool is_shape(struct fa_shape shape)
{
    return shape.c > 0 && shape.h > 0 && shape.w > 0;
}

size_t fa_backend_activation_bytes(const struct fa_backend *backend, struct fa_shape shape)
{
    assert(is_shape(shape));
    return backend->ops->activation_bytes(backend, shape);
}

void fa_backend_import_chw(struct fa_backend *backend, struct fa_shape shape, const float *chw,
                           void *activation)
{
    const int span = fa_backend_span_begin(backend, "import image");

    assert(is_shape(shape) && chw != NULL && activation != NULL);
    backend->ops->import_chw(backend, shape, chw, activation);
    fa_backend_span_end(backend, span);
}

void fa_backend_export_hwc(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                           fa_real *hwc)
{
    const int span = fa_backend_span_begin(backend, "export rows");

    assert(is_shape(shape) && activation != NULL && hwc != NULL && activation != hwc);
    backend->ops->export_hwc(backend, shape, activation, hwc);
    fa_backend_span_end(backend, span);
}

void fa_backend_import_hwc(struct fa_backend *backend, struct fa_shape shape, const fa_real *hwc,
                           void *activation)
{
    const int span = fa_backend_span_begin(backend, "import rows");

    assert(is_shape(shape) && hwc != NULL && activation != NULL && hwc != activation);
    backend->ops->import_hwc(backend, shape, hwc, activation);
    fa_backend_span_end(backend, span);
}

void fa_backend_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                         void *dst)
{
    const int span = fa_backend_span_begin(backend, "upsample");

    assert(is_shape(in) && is_shape(out) && in.c == out.c);
    assert(src != NULL && dst != NULL && src != dst);
    backend->ops->upsample(backend, in, out, src, dst);
    fa_backend_span_end(backend, span);
}

void fa_backend_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                                  const void *diff_dst, bool accumulate, void *diff_src)
{
    const int span = fa_backend_span_begin(backend, "upsample backward");

    assert(is_shape(in) && is_shape(out) && in.c == out.c);
    assert(diff_dst != NULL && diff_src != NULL && diff_dst != diff_src);
    backend->ops->upsample_backward(backend, in, out, diff_dst, accumulate, diff_src);
    fa_backend_span_end(backend, span);
}

void fa_backend_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                           const void *relu_output, void *dst)
{
    const int span = fa_backend_span_begin(backend, "add and mask");

    assert(is_shape(shape) && dst != NULL);
    backend->ops->add_masked(backend, shape, src, relu_output, dst);
    fa_backend_span_end(backend, span);
}

void fa_backend_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation,
                        double *sum, double *sum_of_squares)
{
    assert(is_shape(shape) && activation != NULL && sum != NULL && sum_of_squares != NULL);
    backend->ops->moments(backend, shape, activation, sum, sum_of_squares);
}

/* ---- max-pool ---- */

struct fa_shape fa_pool_output_shape(struct fa_shape in)
{
    return (struct fa_shape){in.c, (in.h - 1) / 2 + 1, (in.w - 1) / 2 + 1};
}

fa_status fa_pool_create(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out)
{
    assert(is_shape(in));
    *out = NULL;
    FA_TRY(backend->ops->pool_create(backend, in, out));
    (*out)->backend = backend;
    (*out)->in = in;
    (*out)->out = fa_pool_output_shape(in);
    return FA_OK;
}

void fa_pool_destroy(struct fa_pool *pool)
{
    if (pool != NULL)
        pool->backend->ops->pool_destroy(pool);
}

size_t fa_pool_index_bytes(const struct fa_pool *pool)
{
    return pool->backend->ops->pool_index_bytes(pool);
}

fa_status fa_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index)
{
    const int span = fa_backend_span_begin(pool->backend, "pool");
    fa_status status;

    assert(src != NULL && dst != NULL && src != dst);
    status = pool->backend->ops->pool_forward(pool, src, dst, index);
    fa_backend_span_end(pool->backend, span);
    return status;
}

fa_status fa_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                           const void *relu_output, void *diff_src)
{
    const int span = fa_backend_span_begin(pool->backend, "pool backward");
    fa_status status;

    assert(index != NULL && diff_dst != NULL && diff_src != NULL && diff_dst != diff_src);
    status = pool->backend->ops->pool_backward(pool, index, diff_dst, relu_output, diff_src);
    fa_backend_span_end(pool->backend, span);
    return status;
}
