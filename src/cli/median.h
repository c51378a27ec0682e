/*
 * median.h - the middle of repeated measurements.
 */
#ifndef FA_CLI_MEDIAN_H
#define FA_CLI_MEDIAN_H

#include <stddef.h>

/* Of n >= 1 values, which it sorts; of an even number the mean of the middle two. */
double fa_median(double *values, size_t n);

#endif
