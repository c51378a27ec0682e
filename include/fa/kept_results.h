/*
 * kept_results.h - the detections of a run's evaluations that stay in its work directory: of the best one and
 * of the latest.
 *
 * evaluation/step_292.json is a results file as COCO wants it, of the weights after that step.
 * evaluation/best and evaluation/latest are a line each, "step_292.json 0.4241 0.38 72 8d3c5f0a9b7e6142
 * [0.41,0.36,0]": the file, its AP, its score threshold of best F1 (0: unknown), how many of the dataset's
 * images, its first, were looked at, the content_hash of that dataset, and the thresholds by class. Older
 * lines lack the last one or two.
 */
#ifndef FA_KEPT_RESULTS_H
#define FA_KEPT_RESULTS_H

#include <stddef.h>
#include <stdint.h>

#include "fa/coco.h"
#include "fa/declarations.h"
#include "fa/directory.h"
#include "fa/status.h"
#include "fa/thresholds.h"

FA_BEGIN_DECLARATIONS

#define FA_KEPT_DIRECTORY "evaluation"

enum fa_kept { FA_KEPT_BEST, FA_KEPT_LATEST };

struct fa_kept_results {
    int64_t step; /* -1: none are kept */
    double ap;
    struct fa_thresholds thresholds; /* owned */
    size_t n_images;
    uint64_t content_hash; /* 0: unknown */
};

/* Keeps results as the latest, and as the best if no earlier step did as well on the same data; what is
   neither any more is removed. Every file is whole or not there, and a line names only what is. */
fa_status fa_kept_results_write(const struct fa_directory *work_dir, const struct fa_kept_results *about,
                                const struct fa_coco_result *results, size_t n) FA_CHECK_RESULT;

/* What the line says. One that is absent, or says nothing of use, is none. To be cleared. */
fa_status fa_kept_results_find(const char *work_dir, enum fa_kept which,
                               struct fa_kept_results *out) FA_CHECK_RESULT;

void fa_kept_results_clear(struct fa_kept_results *kept);

/* The path of the results file of a step; freed with fa_free. */
fa_status fa_kept_results_path(const char *work_dir, int64_t step, char **path) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
