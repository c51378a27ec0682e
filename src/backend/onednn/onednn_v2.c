/*
 * onednn_v2.c - oneDNN 2: descriptors are values, and an operation is described before its implementation is
 * chosen.
 */
#include "fa/memory.h"
#include "onednn_version.h"

const struct onednn_instruction_set onednn_instruction_sets[] = {
    {dnnl_cpu_isa_avx512_core_amx, "AVX-512 with AMX", 16},
    {dnnl_cpu_isa_avx512_core_bf16, "AVX-512 with bfloat16", 16},
    {dnnl_cpu_isa_avx512_core_vnni, "AVX-512 with VNNI", 16},
    {dnnl_cpu_isa_avx512_core, "AVX-512", 16},
    {dnnl_cpu_isa_avx2_vnni, "AVX2 with VNNI", 8},
    {dnnl_cpu_isa_avx2, "AVX2", 8},
    {dnnl_cpu_isa_avx, "AVX", 8},
    {dnnl_cpu_isa_sse41, "SSE4.1", 8},
};

/* ---- tensors ---- */

static dnnl_status_t init(dnnl_memory_desc_t *md, const struct onednn_tensor *tensor)
{
    return dnnl_memory_desc_init_by_tag(md, tensor->n_dims, tensor->dims, tensor->type, tensor->layout);
}

dnnl_status_t onednn_md_create(const struct onednn_tensor *tensor, onednn_md *md)
{
    dnnl_memory_desc_t value;
    const dnnl_status_t status = init(&value, tensor);

    return status == dnnl_success ? onednn_md_copy(&value, md) : status;
}

dnnl_status_t onednn_md_copy(onednn_md from, onednn_md *md)
{
    dnnl_memory_desc_t *copy;

    if (fa_alloc(1, sizeof *copy, &copy) != FA_OK)
        return dnnl_out_of_memory;
    *copy = *from;
    *md = copy;
    return dnnl_success;
}

void onednn_md_destroy(onednn_md md)
{
    fa_free((dnnl_memory_desc_t *)md);
}

bool onednn_md_blocks(onednn_md md, struct onednn_blocks *blocks)
{
    const dnnl_blocking_desc_t *blocking = &md->format_desc.blocking;

    if (md->format_kind != dnnl_blocked)
        return false;
    *blocks = (struct onednn_blocks){md->ndims,         blocking->inner_nblks, md->dims,
                                     blocking->strides, blocking->inner_blks,  blocking->inner_idxs};
    return true;
}

/* ---- convolutions ---- */

struct descriptors {
    dnnl_memory_desc_t src, filters, bias, dst;
};

static dnnl_status_t init_descriptors(const struct onednn_problem *problem, struct descriptors *md)
{
    dnnl_status_t status = init(&md->src, &problem->src);

    if (status == dnnl_success)
        status = init(&md->filters, &problem->filters);
    if (status == dnnl_success)
        status = init(&md->bias, &problem->bias);
    return status == dnnl_success ? init(&md->dst, &problem->dst) : status;
}

static dnnl_status_t init_operation(const struct onednn_problem *p, const struct descriptors *md,
                                    dnnl_convolution_desc_t *out)
{
    switch (p->kind) {
    case dnnl_backward_data:
        return dnnl_convolution_backward_data_desc_init(out, dnnl_convolution_direct, &md->src, &md->filters,
                                                        &md->dst, p->stride, p->pad, p->pad);
    case dnnl_backward_weights:
        return dnnl_convolution_backward_weights_desc_init(out, dnnl_convolution_direct, &md->src,
                                                           &md->filters, &md->bias, &md->dst, p->stride,
                                                           p->pad, p->pad);
    default:
        return dnnl_convolution_forward_desc_init(out, p->kind, dnnl_convolution_direct, &md->src,
                                                  &md->filters, &md->bias, &md->dst, p->stride, p->pad,
                                                  p->pad);
    }
}

dnnl_status_t onednn_problem_describe(const struct onednn_problem *problem, dnnl_engine_t engine,
                                      const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    struct descriptors md;
    dnnl_convolution_desc_t operation;
    dnnl_status_t status = init_descriptors(problem, &md);

    if (status == dnnl_success)
        status = init_operation(problem, &md, &operation);
    if (status != dnnl_success)
        return status;
    return dnnl_primitive_desc_create(out, &operation, attributes, engine, problem->forward);
}

dnnl_status_t onednn_append_sum(dnnl_post_ops_t post_ops)
{
    return dnnl_post_ops_append_sum(post_ops, 1.0f);
}

dnnl_status_t onednn_append_relu(dnnl_post_ops_t post_ops)
{
    return dnnl_post_ops_append_eltwise(post_ops, 1.0f, dnnl_eltwise_relu, 0.0f, 0.0f);
}
