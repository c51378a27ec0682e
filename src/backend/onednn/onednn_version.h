/*
 * onednn_version.h - what versions 2 and 3 of oneDNN want differently: onednn_v2.c or onednn_v3.c does it,
 * whichever the build has.
 */
#ifndef FA_ONEDNN_VERSION_H
#define FA_ONEDNN_VERSION_H

#include <dnnl.h>
#include <stdbool.h>

struct onednn_instruction_set {
    dnnl_cpu_isa_t isa; /* has the bits of those that it includes */
    const char *name;
    int block; /* channels in a block */
};

/* The richest first; the last is SSE4.1, below which there is nothing. */
extern const struct onednn_instruction_set onednn_instruction_sets[];

/* ---- tensors ---- */

/* A tensor as we describe it; dnnl_format_tag_any leaves the layout to oneDNN. */
struct onednn_tensor {
    int n_dims;
    dnnl_dims_t dims;
    dnnl_data_type_t type;
    dnnl_format_tag_t layout;
};

/* The same as oneDNN keeps it, also in layouts that only oneDNN knows. */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t onednn_md;
#else
typedef const dnnl_memory_desc_t *onednn_md;
#endif

/* *md is the caller's until it is destroyed; NULL is destroyed, too. */
dnnl_status_t onednn_md_create(const struct onednn_tensor *tensor, onednn_md *md);
dnnl_status_t onednn_md_copy(onednn_md from, onednn_md *md);
void onednn_md_destroy(onednn_md md);

/* A layout of strides, and of blocks within their innermost. Valid as long as its descriptor. */
struct onednn_blocks {
    int n_dims, n_inner;
    const dnnl_dim_t *dims, *strides;
    const dnnl_dim_t *size, *dim; /* of each inner block, from the outermost */
};

/* False if the layout is not of this kind. */
bool onednn_md_blocks(onednn_md md, struct onednn_blocks *blocks);

/* ---- convolutions ---- */

/* What is to be computed. Backward, filters and bias, or src, are the gradients of what they are forward. */
struct onednn_problem {
    dnnl_prop_kind_t kind; /* one of forward, backward_data, backward_weights */
    struct onednn_tensor src, filters, bias, dst;
    dnnl_dims_t stride, pad;
    const_dnnl_primitive_desc_t forward; /* the hint that backward needs */
};

/* dnnl_unimplemented where oneDNN has nothing of the kind. */
dnnl_status_t onednn_problem_describe(const struct onednn_problem *problem, dnnl_engine_t engine,
                                      const_dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out);

/* What forward does to the sum of products and the bias: adds what dst held; cuts off what is negative. */
dnnl_status_t onednn_append_sum(dnnl_post_ops_t post_ops);
dnnl_status_t onednn_append_relu(dnnl_post_ops_t post_ops);

#endif
