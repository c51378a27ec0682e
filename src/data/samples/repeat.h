/*
 * repeat.h - how often an epoch shows an image, so that rare classes, or one of several datasets, are seen
 * more often: repeat factors (Gupta, Dollar, Girshick, LVIS, CVPR 2019; doc/method.md 6.6), and weights.
 */
#ifndef FA_DATA_REPEAT_H
#define FA_DATA_REPEAT_H

#include "fa/shard.h"

/* The factors of the n records, each times the weight of its part (NULL: 1), added up: until[i] is the sum of
   the first i + 1, and the last is rounded up to a whole number. */
fa_status fa_repeat_factors(const struct fa_dataset *dataset, const uint32_t *records, size_t n,
                            double threshold, const float *weights, double *until) FA_CHECK_RESULT;

#endif
