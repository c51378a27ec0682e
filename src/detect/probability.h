/*
 * probability.h - what the two parts of the loss share: a class probability and its complement, and the
 * limits of binary cross entropy.
 */
#ifndef FA_DETECT_PROBABILITY_H
#define FA_DETECT_PROBABILITY_H

#include <math.h>

static const double fa_log_limit = 100; /* -log never exceeds it */
static const double fa_tiny = 1e-12;    /* p, 1 - m and, in gradients, p (1 - p) are not let below it */

struct fa_probability {
    double p, q; /* sigmoid(logit) and 1 - p, both without cancellation */
};

static inline struct fa_probability fa_probability_of(double logit)
{
    double odds = exp(-fabs(logit)), larger = 1 / (1 + odds), smaller = odds / (1 + odds);

    if (logit < 0)
        return (struct fa_probability){.p = smaller, .q = larger};
    return (struct fa_probability){.p = larger, .q = smaller};
}

/* value, or fa_tiny if it is smaller; NaN stays. */
static inline double fa_at_least_tiny(double value)
{
    return value < fa_tiny ? fa_tiny : value;
}

/* -log(p) given q = 1 - p, limited. */
static inline double fa_surprise(double p, double q)
{
    double surprise = q < 0.5 ? -log1p(-q) : -log(p);

    return surprise > fa_log_limit ? fa_log_limit : surprise;
}

#endif
