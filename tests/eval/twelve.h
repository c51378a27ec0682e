/*
 * twelve.h - COCO's twelve numbers as a list, in the order in which pycocotools prints them.
 */
#ifndef FA_TESTS_EVAL_TWELVE_H
#define FA_TESTS_EVAL_TWELVE_H

#include "fa/metrics.h"

enum { n_numbers = 12 };

void list_numbers(const struct fa_metrics *metrics, double numbers[n_numbers]);

#endif
