#include "sigmoid_focal.h"

#include <math.h>

#include "fa/vector.h"
#include "logistic.h"
#include "logit_chunk.h"
#include "probability.h"

#define SURPRISE_LIMIT 87.336544750553102 /* -log(FLT_MIN) */

/* p^gamma times the surprise of 1 - p, and its derivative. An object's class is the same with the logit's
   sign turned. */
static double element(double gamma, double logit, double *slope)
{
    struct fa_probability class = fa_probability_of(logit);
    double softplus = (logit > 0 ? logit : 0) + log1p(exp(-fabs(logit)));
    double surprise = softplus > SURPRISE_LIMIT ? SURPRISE_LIMIT : softplus;
    double power = pow(class.p, gamma);

    *slope = power * (gamma * class.q * surprise + class.p);
    return power * surprise;
}

FA_VECTOR_CLONES
static void square_focal(size_t n, fa_real scale, const fa_real *logit, const fa_real *magnitude,
                         fa_real *value, fa_real *grad)
{
    const fa_real limit = (fa_real)SURPRISE_LIMIT;

#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        struct fa_logistic class = fa_logistic_of(logit[i], magnitude[i]);
        fa_real surprise = class.softplus > limit ? limit : class.softplus;
        fa_real square = class.p * class.p;

        value[i] = square * surprise;
        grad[i] = scale * (square * (2 * class.q * surprise + class.p));
    }
}

static double any_focal(const struct fa_sigmoid_focal *focal, size_t n, const fa_real *logit, fa_real *grad)
{
    double sum = 0, slope;

    for (size_t i = 0; i < n; i++) {
        sum += element(focal->gamma, (double)logit[i], &slope);
        grad[i] = (fa_real)(focal->negative * slope);
    }
    return focal->negative * sum;
}

double fa_focal_negative(const struct fa_sigmoid_focal *focal, size_t n, const fa_real *logit, fa_real *grad)
{
    fa_real magnitude[FA_LOGIT_CHUNK], value[FA_LOGIT_CHUNK];
    double sum = 0;

    if (focal->gamma != 2)
        return any_focal(focal, n, logit, grad);
    for (size_t i = 0; i < n; i += FA_LOGIT_CHUNK) {
        size_t part = n - i < FA_LOGIT_CHUNK ? n - i : FA_LOGIT_CHUNK;

        fa_magnitudes_limit(part, logit + i, magnitude);
        square_focal(part, (fa_real)focal->negative, logit + i, magnitude, value, grad + i);
        sum += fa_sum_in_lanes(part, value);
    }
    return focal->negative * sum;
}

double fa_focal_positive(const struct fa_sigmoid_focal *focal, fa_real logit, fa_real *grad)
{
    double slope, value = element(focal->gamma, -(double)logit, &slope);

    *grad = (fa_real)(-focal->positive * slope);
    return focal->positive * value;
}
