/*
 * analysis_forgive.c - what detections would be worth if some errors were none: boxes need overlap by no more
 * than 0.1; and then an object of any other class under a detection takes it out of the count, as a crowd of
 * its own class does.
 */
#include <string.h>

#include "analysis_parts.h"
#include "fa/memory.h"

static const double wide_threshold = 0.1;

/* The annotations of each image, in the order of the input. */
struct images {
    size_t *first; /* (n_images + 1) */
    size_t *gt;    /* their places in the input */
};

struct forgive {
    const struct fa_analysis_work *work;
    struct images images;
};

static fa_status sort_by_image(const struct fa_metrics_input *input, struct images *images)
{
    FA_TRY(fa_alloc_zero(input->n_images + 2, sizeof *images->first, &images->first));
    FA_TRY(fa_alloc(input->n_gt, sizeof *images->gt, &images->gt));
    for (size_t g = 0; g < input->n_gt;
         g++) /* counted two places further, so that the next loop may move on */
        images->first[input->gt[g].image + 2]++;
    for (size_t i = 2; i < input->n_images + 2; i++)
        images->first[i] += images->first[i - 1];
    for (size_t g = 0; g < input->n_gt; g++)
        images->gt[images->first[input->gt[g].image + 1]++] = g;
    return FA_OK;
}

static void match_widely(const struct fa_metrics_boxes *boxes, int t, struct fa_metrics_scratch *scratch,
                         struct fa_metrics_outcome *outcomes)
{
    fa_metrics_measure(boxes, scratch);
    for (int area = 0; area < FA_AREAS; area++) {
        fa_metrics_choose_area(boxes, area, scratch);
        fa_metrics_pair(boxes, wide_threshold, scratch);
        fa_metrics_note(boxes, area, t, scratch, outcomes);
    }
}

/* All that is in the image, what is of another class as a crowd. */
static size_t gather(const struct forgive *forgive, size_t image, int32_t label, struct fa_metrics_gt *gt)
{
    const struct images *images = &forgive->images;
    const size_t first = images->first[image], n = images->first[image + 1] - first;

    for (size_t i = 0; i < n; i++) {
        gt[i] = forgive->work->input->gt[images->gt[first + i]];
        gt[i].crowd = gt[i].crowd || gt[i].label != label;
    }
    return n;
}

static void forgive_cell(void *context, const struct fa_metrics_cell *cell,
                         struct fa_metrics_scratch *scratch)
{
    const struct forgive *forgive = context;
    struct fa_metrics_boxes boxes = fa_metrics_boxes_of(&forgive->work->groups, cell);
    struct fa_metrics_outcome *outcomes = forgive->work->wide + cell->first_detection;

    if (boxes.n_detections == 0)
        return;
    match_widely(&boxes, FA_WIDE_LOC, scratch, outcomes);
    boxes.n_gt = gather(forgive, boxes.detections->image, boxes.detections->label, scratch->gt);
    boxes.gt = scratch->gt;
    match_widely(&boxes, FA_WIDE_OTHER, scratch, outcomes);
}

/* A cell has at most its image's annotations. */
static fa_status find_room(const struct forgive *forgive, struct fa_metrics_room *room)
{
    const struct fa_metrics_groups *groups = &forgive->work->groups;
    const size_t *first = forgive->images.first;

    *room = (struct fa_metrics_room){0};
    for (size_t i = 0; i < groups->n_cells; i++) {
        const struct fa_metrics_cell *cell = &groups->cells[i];
        const size_t image = cell->n_detections > 0 ? groups->detections[cell->first_detection].image
                                                    : groups->gt[cell->first_gt].image;
        size_t pairs, n_gt = first[image + 1] - first[image];

        if (!fa_size_mul(n_gt, cell->n_detections, &pairs))
            return fa_fail(FA_ENOMEM, "an image has more pairs of boxes than can be counted");
        room->gt = fa_size_larger(room->gt, n_gt);
        room->detections = fa_size_larger(room->detections, cell->n_detections);
        room->pairs = fa_size_larger(room->pairs, pairs);
    }
    return FA_OK;
}

fa_status fa_analysis_forgive(struct fa_analysis_work *work)
{
    struct forgive forgive = {.work = work};
    struct fa_metrics_room room;
    fa_status status = sort_by_image(work->input, &forgive.images);

    if (status == FA_OK)
        status = find_room(&forgive, &room);
    if (status == FA_OK)
        status = fa_metrics_each_cell(&work->groups, &room, forgive_cell, &forgive);
    fa_free(forgive.images.first);
    fa_free(forgive.images.gt);
    return status;
}
