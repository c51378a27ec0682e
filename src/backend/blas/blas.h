/*
 * blas.h - the plain backend: dense CHW activations, convolution as im2col and matrix products or, where that
 * is faster, by Winograd's algorithm (winograd/winograd.h).
 *
 * It is complete and, asked for direct convolutions, follows the definitions: so every other backend is
 * tested against it. Loops over channels or elements are shared out between OpenMP threads; each output
 * element is computed by one thread in one order, so their results do not depend on the number of threads.
 * Products are cut into a part for each thread (gemm.h), and OpenBLAS multiplies a small part by other loops
 * than a large one: of them the same can only be said at equal numbers of threads. OpenBLAS's own threads
 * would wait for work in loops that take the cores from OpenMP's, so it has one.
 */
#ifndef FA_BLAS_H
#define FA_BLAS_H

#include "../host_norm.h"
#include "../store.h"
#include "../winograd/winograd.h"

struct fa_blas_backend {
    struct fa_backend base;
    fa_real *columns; /* workspace of the convolutions, as large as the greediest one asked for */
    size_t n_columns;
    const struct winograd_kernels *winograd;
    struct fa_store store; /* filters at their points */
};

static inline struct fa_blas_backend *fa_blas_of(const struct fa_backend *backend)
{
    return (struct fa_blas_backend *)backend;
}

struct fa_blas_weights {
    struct fa_weights base;
    size_t n_filters; /* elements of filters */
    fa_real *filters, *bias;
    float *winograd[WINOGRAD_DIRECTIONS]; /* the filters at their points, since the last load; or NULL */
};

/* As the filters and bias that it is the gradient of. */
struct fa_blas_weights_sum {
    struct fa_weights_sum base;
    fa_real *filters, *bias;
};

/* From now on the workspace holds at least n elements. */
fa_status fa_blas_reserve_columns(struct fa_backend *backend, size_t n) FA_CHECK_RESULT;

fa_status fa_blas_weights_create(struct fa_backend *backend, const struct fa_weights_desc *desc,
                                 struct fa_weights **out);
void fa_blas_weights_destroy(struct fa_weights *weights);
fa_status fa_blas_weights_load(struct fa_weights *weights, const fa_real *oihw, const fa_real *scale,
                               const fa_real *bias);
void fa_blas_weights_forget(struct fa_weights *weights);

fa_status fa_blas_weights_sum_create(struct fa_backend *backend, struct fa_weights *weights,
                                     struct fa_weights_sum **out);
void fa_blas_weights_sum_destroy(struct fa_weights_sum *sum);
void fa_blas_weights_sum_clear(struct fa_weights_sum *sum);
void fa_blas_weights_sum_read(const struct fa_weights_sum *sum, int first, int n, fa_real *oihw,
                              fa_real *bias);

fa_status fa_blas_conv_create(struct fa_backend *backend, const struct fa_conv_desc *desc,
                              struct fa_weights *weights, struct fa_conv **out);
size_t fa_blas_conv_algorithms(const struct fa_backend *backend, const struct fa_conv_desc *desc,
                               enum fa_conv_direction direction, char names[][FA_ALGORITHM_NAME_MAX]);
void fa_blas_conv_destroy(struct fa_conv *conv);
const char *fa_blas_conv_chosen(const struct fa_conv *conv, enum fa_conv_direction direction);
fa_status fa_blas_conv_forward(struct fa_conv *conv, const void *src, const void *residual, void *dst);
fa_status fa_blas_conv_backward_data(struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                     const void *relu_output, void *diff_src);
fa_status fa_blas_conv_backward_weights(struct fa_conv *conv, const void *src, const void *diff_dst,
                                        struct fa_weights_sum *sum);

/* blas_winograd.c: whether a direction of a convolution is to be computed so, its share of the workspace, and
   the three directions as above. */
const struct winograd_kernels *fa_blas_winograd_kernels(void);
bool fa_blas_may_be_winograd(const struct fa_conv_desc *desc);
bool fa_blas_wants_winograd(const struct fa_conv *conv, enum fa_conv_direction direction);
size_t fa_blas_winograd_bytes(const struct fa_conv *conv, enum fa_conv_direction direction);
fa_status fa_blas_winograd_forward(const struct fa_conv *conv, const void *src, const void *residual,
                                   void *dst) FA_CHECK_RESULT;
fa_status fa_blas_winograd_backward_data(const struct fa_conv *conv, const void *diff_dst, bool accumulate,
                                         const void *relu_output, void *diff_src) FA_CHECK_RESULT;
void fa_blas_winograd_backward_weights(const struct fa_conv *conv, const void *src, const void *diff_dst,
                                       void *diff_filters);

fa_status fa_blas_norm_create(struct fa_backend *backend, const struct fa_norm_desc *desc,
                              struct fa_affine *affine, struct fa_norm **out);
void fa_blas_norm_destroy(struct fa_norm *norm);
fa_status fa_blas_norm_forward(struct fa_norm *norm, const void *src, const void *residual, void *dst,
                               void *statistics);
fa_status fa_blas_norm_repeat(struct fa_norm *norm, const void *src, const void *residual,
                              const void *statistics, void *dst);
fa_status fa_blas_norm_backward(struct fa_norm *norm, const void *src, const void *statistics,
                                const void *diff_dst, void *diff_src, struct fa_affine_sum *sum);

fa_status fa_blas_pool_create(struct fa_backend *backend, struct fa_shape in, struct fa_pool **out);
void fa_blas_pool_destroy(struct fa_pool *pool);
size_t fa_blas_pool_index_bytes(const struct fa_pool *pool);
fa_status fa_blas_pool_forward(struct fa_pool *pool, const void *src, void *dst, void *index);
fa_status fa_blas_pool_backward(struct fa_pool *pool, const void *index, const void *diff_dst,
                                const void *relu_output, void *diff_src);

void fa_blas_upsample(struct fa_backend *backend, struct fa_shape in, struct fa_shape out, const void *src,
                      void *dst);
void fa_blas_upsample_backward(struct fa_backend *backend, struct fa_shape in, struct fa_shape out,
                               const void *diff_dst, bool accumulate, void *diff_src);

void fa_blas_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                        const void *relu_output, void *dst);
void fa_blas_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation, double *sum,
                     double *sum_of_squares);

#endif
