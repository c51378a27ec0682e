/*
 * onednn_v3.c - oneDNN 3: descriptors are objects of the library, and an operation is described and its
 * implementation chosen at once.
 */
#include <string.h>

#include "onednn_version.h"

const struct onednn_instruction_set onednn_instruction_sets[] = {
    {dnnl_cpu_isa_avx512_core_amx, "AVX-512 with AMX", 16},
    {dnnl_cpu_isa_avx512_core_fp16, "AVX-512 with FP16", 16},
    {dnnl_cpu_isa_avx512_core_bf16, "AVX-512 with bfloat16", 16},
    {dnnl_cpu_isa_avx512_core_vnni, "AVX-512 with VNNI", 16},
    {dnnl_cpu_isa_avx512_core, "AVX-512", 16},
    {dnnl_cpu_isa_avx2_vnni_2, "AVX2 with VNNI and bfloat16", 8},
    {dnnl_cpu_isa_avx2_vnni, "AVX2 with VNNI", 8},
    {dnnl_cpu_isa_avx2, "AVX2", 8},
    {dnnl_cpu_isa_avx, "AVX", 8},
    {dnnl_cpu_isa_sse41, "SSE4.1", 8},
};

/* ---- tensors ---- */

dnnl_status_t onednn_md_create(const struct onednn_tensor *tensor, onednn_md *md)
{
    dnnl_memory_desc_t made = NULL;
    const dnnl_status_t status =
        dnnl_memory_desc_create_with_tag(&made, tensor->n_dims, tensor->dims, tensor->type, tensor->layout);

    *md = made;
    return status;
}

dnnl_status_t onednn_md_copy(onednn_md from, onednn_md *md)
{
    dnnl_memory_desc_t copy = NULL;
    const dnnl_status_t status = dnnl_memory_desc_clone(&copy, from);

    *md = copy;
    return status;
}

void onednn_md_destroy(onednn_md md)
{
    if (md != NULL)
        dnnl_memory_desc_destroy((dnnl_memory_desc_t)md);
}

bool onednn_md_blocks(onednn_md md, struct onednn_blocks *blocks)
{
    const struct {
        dnnl_query_t what;
        void *answer;
    } questions[] = {
        {dnnl_query_ndims_s32, &blocks->n_dims}, {dnnl_query_inner_nblks_s32, &blocks->n_inner},
        {dnnl_query_dims, &blocks->dims},        {dnnl_query_strides, &blocks->strides},
        {dnnl_query_inner_blks, &blocks->size},  {dnnl_query_inner_idxs, &blocks->dim},
    };
    dnnl_format_kind_t kind = dnnl_format_kind_undef;
    dnnl_status_t status = dnnl_memory_desc_query(md, dnnl_query_format_kind, &kind);

    if (status != dnnl_success || kind != dnnl_blocked)
        return false;
    for (size_t i = 0; i < sizeof questions / sizeof *questions && status == dnnl_success; i++)
        status = dnnl_memory_desc_query(md, questions[i].what, questions[i].answer);
    return status == dnnl_success;
}

/* ---- convolutions ---- */

struct descriptors {
    onednn_md src, filters, bias, dst;
};

static dnnl_status_t create_descriptors(const struct onednn_problem *problem, struct descriptors *md)
{
    dnnl_status_t status = onednn_md_create(&problem->src, &md->src);

    if (status == dnnl_success)
        status = onednn_md_create(&problem->filters, &md->filters);
    if (status == dnnl_success)
        status = onednn_md_create(&problem->bias, &md->bias);
    return status == dnnl_success ? onednn_md_create(&problem->dst, &md->dst) : status;
}

static void destroy_descriptors(struct descriptors *md)
{
    onednn_md_destroy(md->src);
    onednn_md_destroy(md->filters);
    onednn_md_destroy(md->bias);
    onednn_md_destroy(md->dst);
}

static dnnl_status_t describe(const struct onednn_problem *p, const struct descriptors *md,
                              dnnl_engine_t engine, const_dnnl_primitive_attr_t attributes,
                              dnnl_primitive_desc_t *out)
{
    switch (p->kind) {
    case dnnl_backward_data:
        return dnnl_convolution_backward_data_primitive_desc_create(
            out, engine, dnnl_convolution_direct, md->src, md->filters, md->dst, p->stride, NULL, p->pad,
            p->pad, p->forward, attributes);
    case dnnl_backward_weights:
        return dnnl_convolution_backward_weights_primitive_desc_create(
            out, engine, dnnl_convolution_direct, md->src, md->filters, md->bias, md->dst, p->stride, NULL,
            p->pad, p->pad, p->forward, attributes);
    default:
        return dnnl_convolution_forward_primitive_desc_create(out, engine, p->kind, dnnl_convolution_direct,
                                                              md->src, md->filters, md->bias, md->dst,
                                                              p->stride, NULL, p->pad, p->pad, attributes);
    }
}

/* By AMX, brgemm convolutions of version 3.7 to an output one column wide, of a stride above 1, come out
 * wrong: they read memory that nobody wrote. */
static bool is_wrong(const struct onednn_problem *problem, const_dnnl_primitive_desc_t desc)
{
    const dnnl_dim_t *out = problem->dst.dims, *stride = problem->stride;
    const char *name = "";

    if (problem->kind == dnnl_backward_data || problem->kind == dnnl_backward_weights ||
        out[problem->dst.n_dims - 1] > 1 || stride[1] == 1)
        return false;
    dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &name);
    return strncmp(name, "brg_conv_fwd", 12) == 0 && strstr(name, "amx") != NULL;
}

dnnl_status_t onednn_problem_describe(const struct onednn_problem *problem, dnnl_engine_t engine,
                                      const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    struct descriptors md = {NULL};
    dnnl_status_t status = create_descriptors(problem, &md);

    if (status == dnnl_success)
        status = describe(problem, &md, engine, attributes, out);
    while (status == dnnl_success && is_wrong(problem, *out))
        status = dnnl_primitive_desc_next_impl(*out);
    if (status == dnnl_last_impl_reached) { /* all are wrong */
        dnnl_primitive_desc_destroy(*out);
        *out = NULL;
        status = dnnl_unimplemented;
    }
    destroy_descriptors(&md);
    return status;
}

dnnl_status_t onednn_append_sum(dnnl_post_ops_t post_ops)
{
    return dnnl_post_ops_append_sum(post_ops, 1.0f, 0, dnnl_data_type_undef);
}

dnnl_status_t onednn_append_relu(dnnl_post_ops_t post_ops)
{
    return dnnl_post_ops_append_eltwise(post_ops, dnnl_eltwise_relu, 0.0f, 0.0f);
}
