#include <math.h>
#include <stdlib.h>

#include "fa/memory.h"
#include "metrics_parts.h"

/* What boxes are sorted by. */
struct key {
    size_t cell; /* label * images + image */
    double score;
    size_t index;
};

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;

    if (a->cell != b->cell)
        return a->cell < b->cell ? -1 : 1;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

static fa_status check_place(const char *what, size_t index, size_t image, int32_t label,
                             const struct fa_metrics_input *input)
{
    if (image >= input->n_images || label < 0 || label >= input->n_classes)
        return fa_fail(FA_EINVAL,
                       "%s %zu is of image %zu and class %d, but there are %zu images and %d classes", what,
                       index, image, (int)label, input->n_images, input->n_classes);
    return FA_OK;
}

static fa_status check_input(const struct fa_metrics_input *input)
{
    const int *limit = input->max_detections;
    fa_status status = FA_OK;

    if (limit[0] < 1 || limit[1] < limit[0] || limit[2] < limit[1])
        return fa_fail(FA_EINVAL, "limits of detections per image must rise from 1 on, not %d, %d, %d",
                       limit[0], limit[1], limit[2]);
    for (size_t i = 0; i < input->n_gt && status == FA_OK; i++)
        status = check_place("ground truth", i, input->gt[i].image, input->gt[i].label, input);
    for (size_t i = 0; i < input->n_detections && status == FA_OK; i++) {
        status = check_place("detection", i, input->detections[i].image, input->detections[i].label, input);
        if (status == FA_OK && isnan(input->detections[i].score))
            status = fa_fail(FA_EINVAL, "detection %zu has a score that is not a number", i);
    }
    return status;
}

static fa_status allocate(const struct fa_metrics_input *input, struct fa_metrics_groups *groups,
                          struct key **gt_keys, struct key **detection_keys)
{
    fa_status status = fa_alloc(input->n_gt, sizeof **gt_keys, gt_keys);

    if (status == FA_OK)
        status = fa_alloc(input->n_detections, sizeof **detection_keys, detection_keys);
    if (status == FA_OK)
        status = fa_alloc(input->n_gt, sizeof *groups->gt, &groups->gt);
    if (status == FA_OK)
        status = fa_alloc(input->n_detections, sizeof *groups->detections, &groups->detections);
    if (status == FA_OK)
        status = fa_alloc(input->n_gt, sizeof *groups->gt_index, &groups->gt_index);
    if (status == FA_OK)
        status = fa_alloc(input->n_detections, sizeof *groups->detection_index, &groups->detection_index);
    if (status == FA_OK)
        status = fa_alloc(input->n_detections, sizeof *groups->rank, &groups->rank);
    if (status == FA_OK)
        status = fa_alloc(input->n_gt + input->n_detections, sizeof *groups->cells, &groups->cells);
    if (status == FA_OK)
        status = fa_alloc_zero(groups->n_classes + 1, sizeof(size_t), &groups->class_gt);
    if (status == FA_OK)
        status = fa_alloc_zero(groups->n_classes + 1, sizeof(size_t), &groups->class_detection);
    return status;
}

static void sort_keys(const struct fa_metrics_input *input, struct key *gt_keys, struct key *detection_keys)
{
    for (size_t i = 0; i < input->n_gt; i++) {
        const struct fa_metrics_gt *gt = &input->gt[i];

        gt_keys[i] = (struct key){(size_t)gt->label * input->n_images + gt->image, 0, i};
    }
    for (size_t i = 0; i < input->n_detections; i++) {
        const struct fa_metrics_detection *detection = &input->detections[i];

        detection_keys[i] =
            (struct key){(size_t)detection->label * input->n_images + detection->image, detection->score, i};
    }
    qsort(gt_keys, input->n_gt, sizeof *gt_keys, compare_keys);
    qsort(detection_keys, input->n_detections, sizeof *detection_keys, compare_keys);
}

/* Copies the boxes of one cell; returns how many keys it took of each kind. */
static struct fa_metrics_cell take_cell(const struct fa_metrics_input *input,
                                        struct fa_metrics_groups *groups, size_t cell,
                                        const struct key *gt_keys, size_t n_gt_keys,
                                        const struct key *detection_keys, size_t n_detection_keys)
{
    const size_t limit = (size_t)input->max_detections[2];
    struct fa_metrics_cell taken = {0}, *kept = &groups->cells[groups->n_cells++];

    kept->first_gt = groups->n_gt;
    kept->first_detection = groups->n_detections;
    for (; taken.n_gt < n_gt_keys && gt_keys[taken.n_gt].cell == cell; taken.n_gt++) {
        groups->gt_index[groups->n_gt] = gt_keys[taken.n_gt].index;
        groups->gt[groups->n_gt++] = input->gt[gt_keys[taken.n_gt].index];
    }
    for (; taken.n_detections < n_detection_keys && detection_keys[taken.n_detections].cell == cell;
         taken.n_detections++) {
        if (taken.n_detections >= limit)
            continue;
        groups->rank[groups->n_detections] = (uint32_t)taken.n_detections;
        groups->detection_index[groups->n_detections] = detection_keys[taken.n_detections].index;
        groups->detections[groups->n_detections++] =
            input->detections[detection_keys[taken.n_detections].index];
    }
    kept->n_gt = groups->n_gt - kept->first_gt;
    kept->n_detections = groups->n_detections - kept->first_detection;
    return taken;
}

static void form_cells(const struct fa_metrics_input *input, struct fa_metrics_groups *groups,
                       const struct key *gt_keys, const struct key *detection_keys)
{
    size_t g = 0, d = 0;

    while (g < input->n_gt || d < input->n_detections) {
        size_t of_gt = g < input->n_gt ? gt_keys[g].cell : SIZE_MAX;
        size_t of_detection = d < input->n_detections ? detection_keys[d].cell : SIZE_MAX;
        size_t cell = of_gt < of_detection ? of_gt : of_detection, label = cell / input->n_images;
        struct fa_metrics_cell taken = take_cell(input, groups, cell, gt_keys + g, input->n_gt - g,
                                                 detection_keys + d, input->n_detections - d);

        g += taken.n_gt;
        d += taken.n_detections;
        groups->class_gt[label + 1] = groups->n_gt;
        groups->class_detection[label + 1] = groups->n_detections;
    }
    for (size_t k = 0; k < groups->n_classes; k++) { /* classes without boxes begin where they end */
        if (groups->class_gt[k + 1] < groups->class_gt[k])
            groups->class_gt[k + 1] = groups->class_gt[k];
        if (groups->class_detection[k + 1] < groups->class_detection[k])
            groups->class_detection[k + 1] = groups->class_detection[k];
    }
}

fa_status fa_metrics_group(const struct fa_metrics_input *input, struct fa_metrics_groups *groups)
{
    struct key *gt_keys = NULL, *detection_keys = NULL;
    fa_status status = check_input(input);

    *groups = (struct fa_metrics_groups){0};
    if (status != FA_OK)
        return status;
    groups->n_classes = (size_t)input->n_classes;
    status = allocate(input, groups, &gt_keys, &detection_keys);
    if (status == FA_OK) {
        sort_keys(input, gt_keys, detection_keys);
        form_cells(input, groups, gt_keys, detection_keys);
    }
    fa_free(gt_keys);
    fa_free(detection_keys);
    if (status != FA_OK)
        fa_metrics_groups_clear(groups);
    return status;
}

void fa_metrics_groups_clear(struct fa_metrics_groups *groups)
{
    fa_free(groups->cells);
    fa_free(groups->gt);
    fa_free(groups->detections);
    fa_free(groups->gt_index);
    fa_free(groups->detection_index);
    fa_free(groups->rank);
    fa_free(groups->class_gt);
    fa_free(groups->class_detection);
    *groups = (struct fa_metrics_groups){0};
}
