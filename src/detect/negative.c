/*
 * negative.c - the focal part over anchors and classes, as doc/method.md 1.3 and 1.4 have it.
 */
#include "negative.h"

#include <math.h>

#include "fa/vector.h"
#include "logistic.h"
#include "logit_chunk.h"
#include "probability.h"

double fa_negative_element(const struct fa_negative *negative, double logit, double box_probability,
                           double *grad)
{
    struct fa_probability class = fa_probability_of(logit);
    double unclamped = class.p * (1 - box_probability), p = fa_at_least_tiny(unclamped);
    double rest = class.q + class.p * box_probability; /* 1 - unclamped */
    double surprise = fa_surprise(rest, p), power = pow(p, negative->gamma - 1);
    double slope = negative->gamma * power * surprise + power * p * p / fa_at_least_tiny(rest * p);

    *grad = unclamped < fa_tiny ? 0 : negative->scale * slope * (1 - box_probability) * class.p * class.q;
    return negative->scale * power * p * surprise;
}

/* p^2 times the surprise, and its derivative. */
FA_VECTOR_CLONES
static void square_focal(size_t n, fa_real scale, const fa_real *logit, const fa_real *magnitude,
                         fa_real *value, fa_real *grad)
{
    const fa_real limit = (fa_real)fa_log_limit, least = (fa_real)fa_tiny;

#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        struct fa_logistic class = fa_logistic_of(logit[i], magnitude[i]);
        fa_real surprise = class.softplus > limit ? limit : class.softplus;
        fa_real square = class.p * class.p;
        fa_real product = class.p * class.q;
        fa_real log_slope = square * class.p * product / (product < least ? least : product);
        fa_real slope = 2 * square * class.q * surprise + log_slope;
        fa_real factor = class.p < least ? 0 : scale;

        value[i] = square * surprise;
        grad[i] = factor * slope;
    }
}

static double any_focal(const struct fa_negative *negative, size_t n, const fa_real *logit, fa_real *grad)
{
    double sum = 0, element_grad;

    for (size_t i = 0; i < n; i++) {
        sum += fa_negative_element(negative, (double)logit[i], 0, &element_grad);
        grad[i] = (fa_real)element_grad;
    }
    return sum;
}

double fa_negative_plain(const struct fa_negative *negative, size_t n, const fa_real *logit, fa_real *grad)
{
    fa_real magnitude[FA_LOGIT_CHUNK], value[FA_LOGIT_CHUNK];
    double sum = 0;

    if (negative->gamma != 2)
        return any_focal(negative, n, logit, grad);
    for (size_t i = 0; i < n; i += FA_LOGIT_CHUNK) {
        size_t part = n - i < FA_LOGIT_CHUNK ? n - i : FA_LOGIT_CHUNK;

        fa_magnitudes_limit(part, logit + i, magnitude);
        square_focal(part, (fa_real)negative->scale, logit + i, magnitude, value, grad + i);
        sum += fa_sum_in_lanes(part, value);
    }
    return negative->scale * sum;
}

double fa_negative_row(const struct fa_negative *negative, size_t num_classes, const fa_real *logit,
                       const float *box_probability, fa_real *scratch, fa_real *grad)
{
    const fa_real nowhere = -1e30f; /* a logit without loss and gradient, for those counted one by one */
    double sum = 0, element_grad;

    for (size_t c = 0; c < num_classes; c++)
        scratch[c] = box_probability[c] > 0 ? nowhere : logit[c];
    sum += fa_negative_plain(negative, num_classes, scratch, scratch);
    for (size_t c = 0; c < num_classes; c++) {
        element_grad = (double)scratch[c];
        if (box_probability[c] > 0)
            sum += fa_negative_element(negative, (double)logit[c], (double)box_probability[c], &element_grad);
        grad[c] = (fa_real)element_grad;
    }
    return sum;
}
