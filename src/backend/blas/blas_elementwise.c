/*
 * blas_elementwise.c - sums and masks of activations, and their moments.
 */
#include "blas.h"

void fa_blas_add_masked(struct fa_backend *backend, struct fa_shape shape, const void *src,
                        const void *relu_output, void *dst)
{
    size_t n = fa_shape_elements(shape);
    const fa_real *added = src, *mask = relu_output;
    fa_real *sum = dst;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (size_t i = 0; i < n; i++) {
        fa_real value = added != NULL ? sum[i] + added[i] : sum[i];

        sum[i] = mask == NULL || mask[i] > 0 ? value : 0;
    }
}

void fa_blas_moments(struct fa_backend *backend, struct fa_shape shape, const void *activation, double *sum,
                     double *sum_of_squares)
{
    size_t plane = (size_t)shape.h * (size_t)shape.w;
    const fa_real *values = activation;

#pragma omp parallel for num_threads(backend->n_threads) schedule(static)
    for (int c = 0; c < shape.c; c++) {
        double first = 0, second = 0;

        for (size_t i = 0; i < plane; i++) {
            double value = values[(size_t)c * plane + i];

            first += value;
            second += value * value;
        }
        sum[c] = first;
        sum_of_squares[c] = second;
    }
}
