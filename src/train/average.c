/*
 * average.c - an exponential moving average of the weights, which is what evaluations and weights.h5 take.
 */
#include "fa/sgd.h"

double fa_average_decay(double decay, int64_t step)
{
    const double young = (1 + (double)step) / (10 + (double)step);

    return young < decay ? young : decay;
}

void fa_average_step(fa_real *average, const fa_real *value, size_t n, double decay)
{
    const fa_real keep = (fa_real)decay, take = (fa_real)(1 - decay);

#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++)
        average[i] = keep * average[i] + take * value[i];
}

void fa_average_swap(fa_real *average, fa_real *value, size_t n)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++) {
        const fa_real was = average[i];

        average[i] = value[i];
        value[i] = was;
    }
}
