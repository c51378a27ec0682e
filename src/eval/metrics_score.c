/*
 * metrics_score.c - metrics of a results file against an annotation file, both in memory.
 */
#include <stdlib.h>

#include "fa/memory.h"
#include "fa/metrics.h"

/* An id of the file and its place in the file. */
struct entry {
    int64_t id;
    size_t place;
};

struct index {
    struct entry *images;     /* by rising id: the position here is the image's number in the metrics */
    size_t *image_number;     /* of the image at a place in the file */
    struct entry *categories; /* by rising id */
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    return (a->id > b->id) - (a->id < b->id);
}

static const struct entry *find(int64_t id, const struct entry *entries, size_t n)
{
    const struct entry key = {.id = id, .place = 0};

    return n == 0 ? NULL : bsearch(&key, entries, n, sizeof key, compare_entries);
}

static fa_status index_create(const struct fa_coco *coco, struct index *index)
{
    fa_status status = fa_alloc(coco->n_images, sizeof *index->images, &index->images);

    if (status == FA_OK)
        status = fa_alloc(coco->n_images, sizeof *index->image_number, &index->image_number);
    if (status == FA_OK)
        status = fa_alloc(coco->n_categories, sizeof *index->categories, &index->categories);
    if (status != FA_OK)
        return status;
    for (size_t i = 0; i < coco->n_images; i++)
        index->images[i] = (struct entry){coco->images[i].id, i};
    for (size_t i = 0; i < coco->n_categories; i++)
        index->categories[i] = (struct entry){coco->categories[i].id, i};
    qsort(index->images, coco->n_images, sizeof *index->images, compare_entries);
    qsort(index->categories, coco->n_categories, sizeof *index->categories, compare_entries);
    for (size_t i = 0; i < coco->n_images; i++)
        index->image_number[index->images[i].place] = i;
    return FA_OK;
}

static void index_clear(struct index *index)
{
    fa_free(index->images);
    fa_free(index->image_number);
    fa_free(index->categories);
}

static void take_gt(const struct fa_coco *coco, const struct index *index, struct fa_metrics_gt *gt)
{
    for (size_t i = 0; i < coco->n_annotations; i++) {
        const struct fa_coco_annotation *annotation = &coco->annotations[i];
        const double *b = annotation->bbox;

        gt[i] = (struct fa_metrics_gt){.image = index->image_number[annotation->image],
                                       .label = annotation->label,
                                       .bbox = {b[0], b[1], b[2], b[3]},
                                       .area = annotation->area,
                                       .crowd = annotation->crowd};
    }
}

static fa_status take_results(const struct fa_coco *coco, const struct index *index,
                              const struct fa_coco_result *results, size_t n,
                              struct fa_metrics_detection *detections)
{
    for (size_t i = 0; i < n; i++) {
        const struct entry *image = find(results[i].image_id, index->images, coco->n_images);
        const struct entry *category = find(results[i].category_id, index->categories, coco->n_categories);
        const double *b = results[i].bbox;

        if (image == NULL)
            return fa_fail(FA_EINVAL, "result %zu is of image %lld, which the annotations do not have", i,
                           (long long)results[i].image_id);
        if (category == NULL)
            return fa_fail(FA_EINVAL, "result %zu is of category %lld, which the annotations do not have", i,
                           (long long)results[i].category_id);
        detections[i] = (struct fa_metrics_detection){.image = (size_t)(image - index->images),
                                                      .label = (int32_t)category->place,
                                                      .bbox = {b[0], b[1], b[2], b[3]},
                                                      .score = results[i].score};
    }
    return FA_OK;
}

fa_status fa_metrics_score(const struct fa_coco *coco, const struct fa_coco_result *results, size_t n,
                           const int max_detections[3], struct fa_metrics *out)
{
    struct index index = {0};
    struct fa_metrics_gt *gt = NULL;
    struct fa_metrics_detection *detections = NULL;
    fa_status status = index_create(coco, &index);

    *out = (struct fa_metrics){0};
    if (status == FA_OK)
        status = fa_alloc(coco->n_annotations, sizeof *gt, &gt);
    if (status == FA_OK)
        status = fa_alloc(n, sizeof *detections, &detections);
    if (status == FA_OK)
        status = take_results(coco, &index, results, n, detections);
    if (status == FA_OK) {
        const struct fa_metrics_input input = {
            .n_images = coco->n_images,
            .n_gt = coco->n_annotations,
            .n_detections = n,
            .n_classes = (int)coco->n_categories,
            .gt = gt,
            .detections = detections,
            .max_detections = {max_detections[0], max_detections[1], max_detections[2]},
        };

        take_gt(coco, &index, gt);
        status = fa_metrics_compute(&input, out);
    }
    fa_free(detections);
    fa_free(gt);
    index_clear(&index);
    return status;
}
