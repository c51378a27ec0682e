/*
 * evaluate_private.h - between inference on the ranks and the numbers on rank 0.
 */
#ifndef FA_EVALUATE_PRIVATE_H
#define FA_EVALUATE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "fa/evaluate.h"

/* fa_detect_sample, followed by an observer. */
fa_status fa_detect_observed(const struct fa_detect_config *config, struct fa_lane *lane,
                             const struct fa_sample *sample, const struct fa_lane_observer *observer,
                             struct fa_detection *out, size_t *n) FA_CHECK_RESULT;

/* One view of a sample's picture among several: what it offers is collected. */
fa_status fa_collect_observed(const struct fa_detect_config *config, struct fa_lane *lane,
                              const struct fa_sample *sample, const struct fa_lane_observer *observer,
                              struct fa_candidates *candidates) FA_CHECK_RESULT;

/* The detections of all that was collected, which is emptied. */
fa_status fa_detect_collected(const struct fa_detect_config *config, struct fa_candidates *candidates,
                              struct fa_detection *out, size_t *n) FA_CHECK_RESULT;

/* What resizing did to the sample's picture. */
struct fa_detect_image fa_sample_detect_image(const struct fa_sample *sample);

/* A detection with its place: ranks send these. */
struct fa_finding {
    uint64_t record;
    uint64_t rank_in_image; /* 0: the highest score */
    struct fa_detection detection;
};

/* What all ranks found in records 0 .. n_records - 1. */
struct fa_findings {
    size_t n_records, n, n_seen;
    struct fa_finding *finding;
    uint64_t *seen; /* records looked at, any order */
};

/* FA_EFORMAT, naming images, unless every record was looked at exactly once. */
fa_status fa_findings_check(const struct fa_findings *findings,
                            const struct fa_dataset *dataset) FA_CHECK_RESULT;

/* Sorts by record, then class, then falling score, the order of a results file. */
void fa_findings_sort(struct fa_findings *findings);

/* The findings, sorted, as results; *results is freed with fa_free. */
fa_status fa_findings_results(const struct fa_findings *findings, const struct fa_dataset *dataset,
                              struct fa_coco_result **results) FA_CHECK_RESULT;

/* The findings, sorted, against the dataset's ground truth. */
fa_status fa_findings_score(const struct fa_findings *findings, const struct fa_dataset *dataset,
                            const int max_detections[3], struct fa_metrics *out) FA_CHECK_RESULT;

#endif
