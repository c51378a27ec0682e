/*
 * score.h - the score of a logit, one way for all who compare scores with a threshold.
 */
#ifndef FA_DETECT_SCORE_H
#define FA_DETECT_SCORE_H

#include <math.h>

#include "fa/real.h"

static inline float fa_score(fa_real logit)
{
    return 1.0f / (1.0f + expf(-(float)logit));
}

/* A logit that no score above the threshold can come from, with room for rounding. */
static inline fa_real fa_hopeless_logit(double threshold)
{
    if (threshold <= 0)
        return -INFINITY;
    return threshold < 1 ? (fa_real)(log(threshold) - log1p(-threshold) - 1e-3) : INFINITY;
}

#endif
