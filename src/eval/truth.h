/*
 * truth.h - a dataset's annotations as metrics see them.
 */
#ifndef FA_EVAL_TRUTH_H
#define FA_EVAL_TRUTH_H

#include <stddef.h>

#include "fa/metrics.h"
#include "fa/shard.h"

/* Of the first n_records images. */
struct fa_truth {
    size_t n_records, n;
    size_t *image; /* (n_records) each record's place in order of rising image id */
    struct fa_metrics_gt *gt;
};

/* To be cleared also after a failure. */
fa_status fa_truth_take(const struct fa_dataset *dataset, size_t n_records,
                        struct fa_truth *out) FA_CHECK_RESULT;
void fa_truth_clear(struct fa_truth *truth);

#endif
