/*
 * blas_elementwise.c - sums and masks of activations, and their moments.
 */
#include "blas.h"

void fa_blas_add_masked(struct fa_backend *backend, struct fa_shape shape, const fa_real *src,
                        const fa_real *relu_output, fa_real *dst)
{
    size_t n = fa_shape_elements(shape);

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (size_t i = 0; i < n; i++) {
        fa_real sum = src != NULL ? dst[i] + src[i] : dst[i];

        dst[i] = relu_output == NULL || relu_output[i] > 0 ? sum : 0;
    }
}

void fa_blas_moments(struct fa_backend *backend, struct fa_shape shape, const fa_real *activation,
                     double *sum, double *sum_of_squares)
{
    size_t plane = (size_t)shape.h * (size_t)shape.w;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (int c = 0; c < shape.c; c++) {
        double first = 0, second = 0;

        for (size_t i = 0; i < plane; i++) {
            double value = activation[(size_t)c * plane + i];

            first += value;
            second += value * value;
        }
        sum[c] = first;
        sum_of_squares[c] = second;
    }
}
