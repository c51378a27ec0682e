/*
 * worst.h - the largest difference of many numbers, relative to the largest of those that were wanted.
 */
#ifndef FA_TESTS_WORST_H
#define FA_TESTS_WORST_H

#include <math.h>

#include "support.h"

struct worst {
    double difference, largest;
};

/* NaN differs from everything, and stays the worst. */
static inline void compare(struct worst *worst, double got, double want)
{
    const double difference = fabs(got - want);

    worst->difference = fmax(worst->difference, isnan(difference) ? INFINITY : difference);
    worst->largest = fmax(worst->largest, fabs(want));
}

static inline void assert_close(const struct worst *worst, double tolerance)
{
    assert_true(worst->difference <= tolerance * fmax(worst->largest, 1e-3));
}

#endif
