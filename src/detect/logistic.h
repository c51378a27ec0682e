/*
 * logistic.h - exp and log1p for vector loops over fa_real, on the ranges that a logit's probability needs.
 *
 * Inline and free of branches and calls where fa_real is float; the library's functions where it is double.
 * Relative error below 3e-7 in float. NaN goes in and out.
 */
#ifndef FA_DETECT_LOGISTIC_H
#define FA_DETECT_LOGISTIC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "fa/real.h"

#ifdef FA_FLOAT64

static const fa_real fa_logistic_limit = 700;

static inline double fa_exp_negative(double a)
{
    return exp(-a);
}

static inline double fa_log1p_unit(double t)
{
    return log1p(t);
}

#else

static const fa_real fa_logistic_limit = 87;

/* exp(-a) for 0 <= a <= fa_logistic_limit. */
static inline float fa_exp_negative(float a)
{
    const float log2e = 1.44269504f, ln2_high = 0.693145752f, ln2_low = 1.42860677e-6f;
    const float shift = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer, kept in the low bits */
    float shifted, n, r, series, power;
    int32_t bits;

    shifted = shift - a * log2e;
    n = shifted - shift;
    r = (-a - n * ln2_high) - n * ln2_low;
    series = 1.0f / 720 + r * (1.0f / 5040);
    series = 1.0f / 120 + r * series;
    series = 1.0f / 24 + r * series;
    series = 1.0f / 6 + r * series;
    series = 0.5f + r * series;
    series = 1.0f + r * (1.0f + r * series);
    memcpy(&bits, &shifted, sizeof bits);
    bits = (int32_t)(((uint32_t)bits + 127u) << 23); /* the bits of 2^n */
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

/* log(1 + t) for 0 <= t <= 1, as 2 artanh(z) with z = t / (2 + t) <= 1/3. */
static inline float fa_log1p_unit(float t)
{
    float z = t / (2.0f + t), s = z * z, series;

    series = 1.0f / 13 + s * (1.0f / 15);
    series = 1.0f / 11 + s * series;
    series = 1.0f / 9 + s * series;
    series = 1.0f / 7 + s * series;
    series = 1.0f / 5 + s * series;
    series = 1.0f / 3 + s * series;
    return 2.0f * z + 2.0f * z * (s * series);
}

#endif

/* P = sigmoid(x), Q = 1 - P without cancellation, softplus = -log(Q). */
struct fa_logistic {
    fa_real p, q, softplus;
};

/* magnitude is |x|, at most fa_logistic_limit. */
static inline struct fa_logistic fa_logistic_of(fa_real x, fa_real magnitude)
{
    fa_real t = fa_exp_negative(magnitude), larger = 1 / (1 + t), smaller = t * larger;

    return (struct fa_logistic){
        .p = x < 0 ? smaller : larger,
        .q = x < 0 ? larger : smaller,
        .softplus = (x < 0 ? 0 : x) + fa_log1p_unit(t),
    };
}

#endif
