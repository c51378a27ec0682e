/*
 * logistic.cuh - probability and cross entropy of a logit: in float for nearly all logits, in double for the
 * few that meet an object. As src/detect/logistic.h and probability.h, NaN goes in and out.
 */
#ifndef FA_CUDA_LOGISTIC_CUH
#define FA_CUDA_LOGISTIC_CUH

#include "device.h"

#define TINY      1e-12 /* p, 1 - m and, in gradients, p (1 - p) are not let below it */
#define LOG_LIMIT 100   /* -log never exceeds it */

/* P = sigmoid(x), Q = 1 - P without cancellation, softplus = -log(Q). */
struct logistic {
    float p, q, softplus;
};

/* log(1 + t) for 0 <= t <= 1, as 2 artanh(z) with z = t / (2 + t) <= 1/3. */
__device__ inline float log1p_unit(float t)
{
    const float z = t * FA_RECIPROCAL(2.0f + t), s = z * z;
    float series = fmaf(s, 1.0f / 13, 1.0f / 11);

    series = fmaf(s, series, 1.0f / 9);
    series = fmaf(s, series, 1.0f / 7);
    series = fmaf(s, series, 1.0f / 5);
    series = fmaf(s, series, 1.0f / 3);
    return fmaf(2.0f * z, s * series, 2.0f * z);
}

/* Beyond 87 in either direction nothing changes any more. */
__device__ inline logistic logistic_of(float x)
{
    const float magnitude = x < 0 ? -x : x, limited = magnitude > 87 ? 87 : magnitude;
    const float t = expf(-limited), larger = FA_RECIPROCAL(1.0f + t), smaller = t * larger;

    return {x < 0 ? smaller : larger, x < 0 ? larger : smaller, (x < 0 ? 0 : x) + log1p_unit(t)};
}

struct probability {
    double p, q;
};

__device__ inline probability probability_of(double logit)
{
    const double odds = exp(-fabs(logit)), larger = 1 / (1 + odds), smaller = odds / (1 + odds);

    if (logit < 0)
        return {smaller, larger};
    return {larger, smaller};
}

/* value, or TINY if it is smaller; NaN stays. */
__device__ inline double at_least_tiny(double value)
{
    return value < TINY ? TINY : value;
}

/* -log(p) given q = 1 - p, limited. */
__device__ inline double surprise(double p, double q)
{
    const double value = q < 0.5 ? -log1p(-q) : -log(p);

    return value > LOG_LIMIT ? LOG_LIMIT : value;
}

#endif
