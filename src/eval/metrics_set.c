/*
 * metrics_set.c - results of a file beside the annotations of a dataset.
 */
#include <stdlib.h>
#include <string.h>

#include "fa/analysis.h"
#include "fa/memory.h"
#include "truth.h"

/* Images and labels by id. */
struct places {
    const struct fa_dataset *dataset;
    const struct fa_metrics_set *set;
    size_t n_images;
};

static int compare_id(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static bool find_image(const struct places *places, int64_t id, size_t *image)
{
    size_t low = 0, high = places->n_images;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_id(id, places->dataset->records[places->set->record[middle]].image_id);

        if (order == 0) {
            *image = middle;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

/* Classes are few, and neighbours in a results file are mostly of one. */
static bool find_label(const struct places *places, int64_t id, int32_t *label)
{
    const size_t n = places->dataset->n_categories;

    for (size_t k = 0, at = (size_t)*label; k < n; k++, at = (at + 1) % n)
        if (places->dataset->categories[at].id == id) {
            *label = (int32_t)at;
            return true;
        }
    return false;
}

static fa_status take_results(const struct places *places, const struct fa_coco_result *results, size_t n,
                              struct fa_metrics_detection *detections)
{
    int32_t label = 0;
    size_t image;

    for (size_t i = 0; i < n; i++) {
        if (!find_image(places, results[i].image_id, &image))
            return fa_fail(FA_EINVAL,
                           "result %zu is of image %lld, which is not among the %zu images of the dataset "
                           "that were looked at",
                           i, (long long)results[i].image_id, places->n_images);
        if (!find_label(places, results[i].category_id, &label))
            return fa_fail(FA_EINVAL, "result %zu is of category %lld, which the dataset does not have", i,
                           (long long)results[i].category_id);
        detections[i] =
            (struct fa_metrics_detection){.image = image, .label = label, .score = results[i].score};
        memcpy(detections[i].bbox, results[i].bbox, sizeof detections[i].bbox);
    }
    return FA_OK;
}

static fa_status take_truth(const struct fa_dataset *dataset, size_t n_records, struct fa_metrics_set *set)
{
    struct fa_truth truth;
    fa_status status = fa_truth_take(dataset, n_records, &truth);

    if (status == FA_OK)
        status = fa_alloc(n_records, sizeof *set->record, &set->record);
    if (status == FA_OK) {
        for (size_t r = 0; r < n_records; r++)
            set->record[truth.image[r]] = r;
        set->input.n_gt = truth.n;
        set->gt = truth.gt;
        truth.gt = NULL;
    }
    fa_truth_clear(&truth);
    return status;
}

fa_status fa_metrics_set_make(const struct fa_dataset *dataset, size_t n_records,
                              const struct fa_coco_result *results, size_t n, const int max_detections[3],
                              struct fa_metrics_set *out)
{
    const struct places places = {dataset, out, n_records};

    *out = (struct fa_metrics_set){
        .input = {.n_images = n_records, .n_detections = n, .n_classes = (int)dataset->n_categories}};
    memcpy(out->input.max_detections, max_detections, sizeof out->input.max_detections);
    FA_TRY(take_truth(dataset, n_records, out));
    FA_TRY(fa_alloc(n, sizeof *out->detections, &out->detections));
    FA_TRY(take_results(&places, results, n, out->detections));
    out->input.gt = out->gt;
    out->input.detections = out->detections;
    return FA_OK;
}

void fa_metrics_set_clear(struct fa_metrics_set *set)
{
    fa_free(set->record);
    fa_free(set->gt);
    fa_free(set->detections);
    *set = (struct fa_metrics_set){0};
}
