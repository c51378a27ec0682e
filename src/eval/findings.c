/*
 * findings.c - what the ranks found, put in order, turned into results and scored. On rank 0 only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate_private.h"
#include "fa/memory.h"
#include "truth.h"

/* ---- completeness ---- */

enum { NAMED = 10 }; /* images that a message names */

static fa_status count_seen(const struct fa_findings *findings, uint8_t *times)
{
    for (size_t i = 0; i < findings->n_seen; i++) {
        uint64_t record = findings->seen[i];

        if (record >= findings->n_records || times[record] > 0)
            return fa_fail(FA_EFORMAT, "record %llu was evaluated twice or is not one of the %zu asked for",
                           (unsigned long long)record, findings->n_records);
        times[record] = 1;
    }
    return FA_OK;
}

static fa_status report_missing(const struct fa_findings *findings, const struct fa_dataset *dataset,
                                const uint8_t *times)
{
    char ids[NAMED * 24 + 8] = "";
    size_t n_missing = 0, used = 0;

    for (size_t r = 0; r < findings->n_records; r++)
        if (times[r] == 0 && n_missing++ < NAMED)
            used += (size_t)snprintf(ids + used, sizeof ids - used, " %lld",
                                     (long long)dataset->records[r].image_id);
    if (n_missing == 0)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "%zu of %zu images were not evaluated: ids%s%s", n_missing,
                   findings->n_records, ids, n_missing > NAMED ? " ..." : "");
}

fa_status fa_findings_check(const struct fa_findings *findings, const struct fa_dataset *dataset)
{
    uint8_t *times;
    fa_status status;

    FA_TRY(fa_alloc_zero(findings->n_records, 1, &times));
    status = count_seen(findings, times);
    if (status == FA_OK)
        status = report_missing(findings, dataset, times);
    fa_free(times);
    return status;
}

/* ---- order ---- */

static int by_place(const void *a, const void *b)
{
    const struct fa_finding *x = a, *y = b;

    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    if (x->detection.label != y->detection.label)
        return x->detection.label < y->detection.label ? -1 : 1;
    return x->rank_in_image < y->rank_in_image ? -1 : x->rank_in_image > y->rank_in_image;
}

void fa_findings_sort(struct fa_findings *findings)
{
    qsort(findings->finding, findings->n, sizeof *findings->finding, by_place);
}

/* ---- results ---- */

/* Width and height in double from float32 corners. */
static void to_xywh(const float box[4], double xywh[4])
{
    xywh[0] = box[0];
    xywh[1] = box[1];
    xywh[2] = (double)box[2] - (double)box[0];
    xywh[3] = (double)box[3] - (double)box[1];
}

fa_status fa_findings_results(const struct fa_findings *findings, const struct fa_dataset *dataset,
                              struct fa_coco_result **results)
{
    FA_TRY(fa_alloc(findings->n, sizeof **results, results));
    for (size_t i = 0; i < findings->n; i++) {
        const struct fa_finding *finding = &findings->finding[i];
        struct fa_coco_result *result = &(*results)[i];

        result->image_id = dataset->records[finding->record].image_id;
        result->category_id = dataset->categories[finding->detection.label].id;
        result->score = finding->detection.score;
        to_xywh(finding->detection.box, result->bbox);
    }
    return FA_OK;
}

/* ---- metrics ---- */

static void fill_detections(const struct fa_findings *findings, const size_t *image,
                            struct fa_metrics_detection *detection)
{
    for (size_t i = 0; i < findings->n; i++) {
        const struct fa_finding *finding = &findings->finding[i];

        detection[i] = (struct fa_metrics_detection){.image = image[finding->record],
                                                     .label = finding->detection.label,
                                                     .score = finding->detection.score};
        to_xywh(finding->detection.box, detection[i].bbox);
    }
}

fa_status fa_findings_score(const struct fa_findings *findings, const struct fa_dataset *dataset,
                            const int max_detections[3], struct fa_metrics *out)
{
    struct fa_truth truth;
    struct fa_metrics_detection *detection = NULL;
    fa_status status = fa_truth_take(dataset, findings->n_records, &truth);

    if (status == FA_OK)
        status = fa_alloc(findings->n, sizeof *detection, &detection);
    if (status == FA_OK) {
        struct fa_metrics_input input = {.n_images = findings->n_records,
                                         .n_gt = truth.n,
                                         .n_detections = findings->n,
                                         .n_classes = (int)dataset->n_categories,
                                         .gt = truth.gt,
                                         .detections = detection};

        memcpy(input.max_detections, max_detections, sizeof input.max_detections);
        fill_detections(findings, truth.image, detection);
        status = fa_metrics_compute(&input, out);
    }
    fa_free(detection);
    fa_truth_clear(&truth);
    return status;
}
