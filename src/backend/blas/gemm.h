/*
 * gemm.h - a matrix product in fa_real.
 */
#ifndef FA_BLAS_GEMM_H
#define FA_BLAS_GEMM_H

#include <cblas.h>
#include <stdbool.h>

#include "fa/real.h"

/* A row-major matrix whose rows begin `stride` elements apart, possibly meant transposed. */
struct fa_matrix {
    const fa_real *data;
    int stride;
    bool transposed;
};

/* c (m x n, rows c_stride apart) = a (m x k) * b (k x n) + beta * c */
static inline void fa_gemm(int m, int n, int k, struct fa_matrix a, struct fa_matrix b, fa_real beta,
                           fa_real *c, int c_stride)
{
#ifdef FA_FLOAT64
    cblas_dgemm
#else
    cblas_sgemm
#endif
        (CblasRowMajor, a.transposed ? CblasTrans : CblasNoTrans, b.transposed ? CblasTrans : CblasNoTrans, m,
         n, k, 1, a.data, a.stride, b.data, b.stride, beta, c, c_stride);
}

#endif
