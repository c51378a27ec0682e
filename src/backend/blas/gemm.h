/*
 * gemm.h - matrix products in fa_real, one for each group of a convolution.
 */
#ifndef FA_BLAS_GEMM_H
#define FA_BLAS_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/real.h"

/* A row-major matrix whose rows begin `stride` elements apart, possibly meant transposed. */
struct fa_matrix {
    const fa_real *data;
    int stride;
    bool transposed;
    size_t group; /* elements from one group's to the next */
};

/* c (m x n, rows c_stride apart) = a (m x k) * b (k x n) + beta * c */
struct fa_products {
    int groups, m, n, k;
    struct fa_matrix a, b;
    fa_real beta;
    fa_real *c;
    int c_stride;
    size_t c_group;
};

/* OpenBLAS computes on the thread that calls it from now on. */
void fa_gemm_start(void);

/* Threads take groups or, of fewer groups than threads, each a part of every product. */
void fa_gemm(const struct fa_products *products, int n_threads);

#endif
