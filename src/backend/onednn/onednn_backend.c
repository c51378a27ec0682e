/*
 * onednn_backend.c - the oneDNN backend: its table, opening the library, errors, working memory.
 */
#include <omp.h>
#include <stdio.h>

#include <dnnl_debug.h>

#include "../strips/strips.h"
#include "fa/memory.h"
#include "onednn_bf16.h"

static const struct onednn_instruction_set *effective_instruction_set(void)
{
    const struct onednn_instruction_set *set = onednn_instruction_sets;
    const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();

    while (set->isa != dnnl_cpu_isa_sse41 && (isa & set->isa) != set->isa)
        set++;
    return set;
}

fa_status onednn_check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return FA_OK;
    if (status == dnnl_out_of_memory)
        return fa_fail(FA_ENOMEM, "oneDNN: %s: out of memory", what);
    return fa_fail(FA_EINVAL, "oneDNN: %s: %s; try another backend", what, dnnl_status2str(status));
}

fa_status onednn_work_reserve(struct onednn_work *work, size_t n_bytes)
{
    void *larger;

    if (n_bytes <= work->n_bytes)
        return FA_OK;
    FA_TRY(fa_alloc(n_bytes, 1, &larger));
    fa_free(work->memory);
    *work = (struct onednn_work){n_bytes, larger};
    return FA_OK;
}

void onednn_use_threads(const struct onednn *onednn)
{
    omp_set_num_threads(onednn->base.n_threads);
}

static void onednn_close(struct fa_backend *backend)
{
    struct onednn *onednn = onednn_of(backend);

    if (onednn->plain != NULL)
        dnnl_primitive_attr_destroy(onednn->plain);
    if (onednn->stream != NULL)
        dnnl_stream_destroy(onednn->stream);
    if (onednn->engine != NULL)
        dnnl_engine_destroy(onednn->engine);
    fa_free(onednn->work.memory);
    fa_store_free(&onednn->store);
    fa_store_free(&onednn->sums);
    fa_free(onednn);
}

static fa_status open_library(struct onednn *onednn)
{
    FA_TRY(onednn_check(dnnl_engine_create(&onednn->engine, dnnl_cpu, 0), "opening the CPU engine"));
    FA_TRY(onednn_check(dnnl_stream_create(&onednn->stream, onednn->engine, dnnl_stream_default_flags),
                        "opening a stream"));
    FA_TRY(onednn_check(dnnl_primitive_attr_create(&onednn->plain), "making attributes"));
    return onednn_check(dnnl_primitive_attr_set_scratchpad_mode(onednn->plain, dnnl_scratchpad_mode_user),
                        "making attributes");
}

/* AMX, which includes AVX512-BF16, or that alone: below, bf16 would be emulated. */
static bool has_bf16(const struct onednn_instruction_set *set)
{
    return (set->isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

static fa_status check_precision(enum fa_precision precision, const struct onednn_instruction_set *set)
{
    if (precision == FA_PRECISION_FP32 || (precision == FA_PRECISION_BF16 && has_bf16(set)))
        return FA_OK;
    if (precision == FA_PRECISION_BF16)
        return fa_fail(FA_EINVAL,
                       "train.precision is bf16, for which backend onednn needs a processor with AVX512-BF16 "
                       "or AMX, and this one has %s; set train.precision=fp32",
                       set->name);
    return fa_fail(FA_EINVAL,
                   "backend onednn computes in fp32 or bf16, not in %s; set train.precision to one of them",
                   fa_precision_names[precision]);
}

static void fill_base(struct onednn *onednn, const struct onednn_instruction_set *set,
                      const struct fa_backend *base)
{
    const dnnl_version_t *version = dnnl_version();

    onednn->base = *base;
    onednn->ops = fa_backend_onednn;
    onednn->is_bf16 = base->precision == FA_PRECISION_BF16;
    if (onednn->is_bf16)
        onednn_bf16_take_over(&onednn->ops);
    onednn->multiplies_by_amx =
        onednn->is_bf16 && (set->isa & dnnl_cpu_isa_avx512_core_amx) == dnnl_cpu_isa_avx512_core_amx;
    if (onednn->is_bf16)
        onednn->strips = onednn->multiplies_by_amx ? strips_by_tiles() : strips_by_vectors();
    onednn->base.ops = &onednn->ops;
    onednn->block = set->block;
    snprintf(onednn->base.description, sizeof onednn->base.description, "oneDNN %d.%d.%d, %s%s",
             version->major, version->minor, version->patch, set->name, onednn->is_bf16 ? ", bf16" : "");
}

static fa_status onednn_open(const struct fa_backend *base, struct fa_backend **out)
{
    const struct onednn_instruction_set *set = effective_instruction_set();
    struct onednn *onednn;
    fa_status status;

    FA_TRY(check_precision(base->precision, set));
    FA_TRY(fa_alloc_zero(1, sizeof *onednn, &onednn));
    fill_base(onednn, set, base);
    onednn_use_threads(onednn);
    status = open_library(onednn);
    if (status != FA_OK) {
        onednn_close(&onednn->base);
        return status;
    }
    *out = &onednn->base;
    return FA_OK;
}

const struct fa_backend_ops fa_backend_onednn = {
    .name = "onednn",
    .open = onednn_open,
    .close = onednn_close,
    .has_precisions = true,
    .activation_bytes = onednn_activation_bytes,
    .import_chw = onednn_import_chw,
    .export_hwc = onednn_export_hwc,
    .import_hwc = onednn_import_hwc,
    .weights_create = onednn_weights_create,
    .weights_destroy = onednn_weights_destroy,
    .weights_load = onednn_weights_load,
    .weights_forget = onednn_weights_forget,
    .weights_sum_create = onednn_weights_sum_create,
    .weights_sum_destroy = onednn_weights_sum_destroy,
    .weights_sum_clear = onednn_weights_sum_clear,
    .weights_sum_read = onednn_weights_sum_read,
    .conv_create = onednn_conv_create,
    .conv_destroy = onednn_conv_destroy,
    .conv_algorithms = onednn_conv_algorithms,
    .conv_chosen = onednn_conv_chosen,
    .conv_forward = onednn_conv_forward,
    .conv_backward_data = onednn_conv_backward_data,
    .conv_backward_weights = onednn_conv_backward_weights,
    .affine_create = fa_host_affine_create,
    .affine_destroy = fa_host_affine_destroy,
    .affine_load = fa_host_affine_load,
    .affine_sum_create = fa_host_affine_sum_create,
    .affine_sum_destroy = fa_host_affine_sum_destroy,
    .affine_sum_clear = fa_host_affine_sum_clear,
    .affine_sum_add = fa_host_affine_sum_add,
    .norm_create = onednn_norm_create,
    .norm_destroy = onednn_norm_destroy,
    .norm_statistics_bytes = fa_host_norm_statistics_bytes,
    .norm_forward = onednn_norm_forward,
    .norm_repeat = onednn_norm_repeat,
    .norm_backward = onednn_norm_backward,
    .pool_create = onednn_pool_create,
    .pool_destroy = onednn_pool_destroy,
    .pool_index_bytes = onednn_pool_index_bytes,
    .pool_forward = onednn_pool_forward,
    .pool_backward = onednn_pool_backward,
    .upsample = onednn_upsample,
    .upsample_backward = onednn_upsample_backward,
    .add_masked = onednn_add_masked,
    .moments = onednn_moments,
};
