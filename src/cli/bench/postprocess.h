/*
 * postprocess.h - the median time from the head's outputs, synthetic ones, to the detections of one image.
 */
#ifndef FA_BENCH_POSTPROCESS_H
#define FA_BENCH_POSTPROCESS_H

#include "fa/detections.h"

fa_status fa_bench_postprocess(const struct fa_detect_config *config, int h, int w, int num_classes,
                               size_t n_repeats, double *seconds) FA_CHECK_RESULT;

#endif
