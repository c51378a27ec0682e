#include "negative.h"

#include <math.h>

#include "logistic.h"
#include "probability.h"
#include "vector.h"

enum { chunk = 512, lanes = 16 };

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

/* A loop of its own: seen together, the compiler would turn limited values into a branch around the next
   loop's body and no longer vectorise it. */
FA_VECTOR_CLONES
static void limit_magnitudes(size_t n, const fa_real *restrict logit, fa_real *restrict magnitude)
{
    const fa_real limit = fa_logistic_limit;

    for (size_t i = 0; i < n; i++) {
        fa_real absolute = logit[i] < 0 ? -logit[i] : logit[i];

        magnitude[i] = absolute > limit ? limit : absolute;
    }
}

/* p^2 times the surprise, and its derivative. */
FA_VECTOR_CLONES
static void square_focal(size_t n, fa_real scale, const fa_real *restrict logit,
                         const fa_real *restrict magnitude, fa_real *restrict value, fa_real *restrict grad)
{
    const fa_real limit = (fa_real)fa_log_limit, least = (fa_real)fa_tiny;

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

/* In an order that does not depend on the width of vectors. */
FA_VECTOR_CLONES
static double sum_in_lanes(size_t n, const fa_real *value)
{
    double lane[lanes] = {0}, sum = 0;
    size_t i = 0;

    for (; i + lanes <= n; i += lanes)
        for (size_t k = 0; k < lanes; k++)
            lane[k] += (double)value[i + k];
    for (size_t k = 0; k < lanes; k++)
        sum += lane[k];
    for (; i < n; i++)
        sum += (double)value[i];
    return sum;
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
    fa_real magnitude[chunk], value[chunk];
    double sum = 0;

    if (negative->gamma != 2)
        return any_focal(negative, n, logit, grad);
    for (size_t i = 0; i < n; i += chunk) {
        size_t part = n - i < chunk ? n - i : chunk;

        limit_magnitudes(part, logit + i, magnitude);
        square_focal(part, (fa_real)negative->scale, logit + i, magnitude, value, grad + i);
        sum += sum_in_lanes(part, value);
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
    sum += fa_negative_plain(negative, num_classes, scratch, grad);
    for (size_t c = 0; c < num_classes; c++) {
        if (!(box_probability[c] > 0))
            continue;
        sum += fa_negative_element(negative, (double)logit[c], (double)box_probability[c], &element_grad);
        grad[c] = (fa_real)element_grad;
    }
    return sum;
}
