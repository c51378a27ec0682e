/*
 * metrics_pair.c - which detection of a cell takes which ground truth, and the cells one after another.
 */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "fa/memory.h"
#include "metrics_parts.h"

static const double area_range[FA_AREAS][2] = {{0, 1e10}, {0, 1024}, {1024, 9216}, {9216, 1e10}};

static bool is_outside(double area, int range)
{
    return area < area_range[range][0] || area > area_range[range][1];
}

bool fa_metrics_gt_is_ignored(const struct fa_metrics_gt *gt, int area)
{
    return gt->crowd || is_outside(gt->area, area);
}

double fa_metrics_iou(const struct fa_metrics_gt *gt, const struct fa_metrics_detection *detection)
{
    const double *g = gt->bbox, *d = detection->bbox;
    double w = fmin(d[2] + d[0], g[2] + g[0]) - fmax(d[0], g[0]);
    double h = fmin(d[3] + d[1], g[3] + g[1]) - fmax(d[1], g[1]);
    double inter = w * h, area = d[2] * d[3];

    if (w <= 0 || h <= 0)
        return 0;
    return inter / (gt->crowd ? area : area + g[2] * g[3] - inter);
}

void fa_metrics_measure(const struct fa_metrics_boxes *boxes, struct fa_metrics_scratch *scratch)
{
    for (size_t d = 0; d < boxes->n_detections; d++)
        for (size_t g = 0; g < boxes->n_gt; g++)
            scratch->iou[d * boxes->n_gt + g] = fa_metrics_iou(&boxes->gt[g], &boxes->detections[d]);
}

void fa_metrics_choose_area(const struct fa_metrics_boxes *boxes, int area,
                            struct fa_metrics_scratch *scratch)
{
    size_t placed = 0;

    for (size_t g = 0; g < boxes->n_gt; g++)
        if (!fa_metrics_gt_is_ignored(&boxes->gt[g], area))
            scratch->order[placed++] = g;
    scratch->n_counted = placed;
    for (size_t g = 0; g < boxes->n_gt; g++)
        if (fa_metrics_gt_is_ignored(&boxes->gt[g], area))
            scratch->order[placed++] = g;
}

/* The best ground truth that is free and overlaps by the threshold, n_gt if there is none. Ignored ones are
   looked at only if none that counts will do; among equals the last wins. */
static size_t find_match(const struct fa_metrics_boxes *boxes, const double *iou, double threshold,
                         const struct fa_metrics_scratch *scratch)
{
    double best = fmin(threshold, 1 - 1e-10);
    size_t match = boxes->n_gt;

    for (size_t k = 0; k < boxes->n_gt; k++) {
        const size_t g = scratch->order[k];

        if (k == scratch->n_counted && match < boxes->n_gt)
            break;
        if ((scratch->is_taken[g] && !boxes->gt[g].crowd) || !(iou[g] >= best))
            continue;
        best = iou[g];
        match = g;
    }
    return match;
}

void fa_metrics_pair(const struct fa_metrics_boxes *boxes, double threshold,
                     struct fa_metrics_scratch *scratch)
{
    memset(scratch->is_taken, 0, boxes->n_gt * sizeof *scratch->is_taken);
    for (size_t d = 0; d < boxes->n_detections; d++) {
        const size_t match = find_match(boxes, scratch->iou + d * boxes->n_gt, threshold, scratch);

        scratch->match[d] = match;
        if (match < boxes->n_gt)
            scratch->is_taken[match] = true;
    }
}

/* Detections of other sizes do not count where they match nothing. */
void fa_metrics_note(const struct fa_metrics_boxes *boxes, int area, int t,
                     const struct fa_metrics_scratch *scratch, struct fa_metrics_outcome *outcomes)
{
    const uint16_t bit = (uint16_t)(1u << t);

    for (size_t d = 0; d < boxes->n_detections; d++) {
        const double *bbox = boxes->detections[d].bbox;
        const bool is_matched = scratch->match[d] < boxes->n_gt;
        const bool is_ignored = is_matched ? fa_metrics_gt_is_ignored(&boxes->gt[scratch->match[d]], area)
                                           : is_outside(bbox[2] * bbox[3], area);

        outcomes[d].matched[area] |= is_matched ? bit : 0;
        outcomes[d].ignored[area] |= is_ignored ? bit : 0;
    }
}

/* ---- the cells ---- */

static fa_status scratch_create(const struct fa_metrics_room *room, struct fa_metrics_scratch *scratch)
{
    FA_TRY(fa_alloc(room->pairs, sizeof *scratch->iou, &scratch->iou));
    FA_TRY(fa_alloc(room->gt, sizeof *scratch->order, &scratch->order));
    FA_TRY(fa_alloc(room->gt, sizeof *scratch->is_taken, &scratch->is_taken));
    FA_TRY(fa_alloc(room->gt, sizeof *scratch->gt, &scratch->gt));
    return fa_alloc(room->detections, sizeof *scratch->match, &scratch->match);
}

static void scratch_clear(struct fa_metrics_scratch *scratch)
{
    fa_free(scratch->iou);
    fa_free(scratch->order);
    fa_free(scratch->is_taken);
    fa_free(scratch->gt);
    fa_free(scratch->match);
}

fa_status fa_metrics_each_cell(const struct fa_metrics_groups *groups, const struct fa_metrics_room *room,
                               fa_metrics_cell_fn function, void *context)
{
    const int n_threads = omp_get_max_threads();
    struct fa_metrics_scratch *scratch;
    fa_status status = FA_OK;

    FA_TRY(fa_alloc_zero((size_t)n_threads, sizeof *scratch, &scratch));
    for (int i = 0; i < n_threads && status == FA_OK; i++)
        status = scratch_create(room, &scratch[i]);
    if (status == FA_OK) {
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 256)
        for (size_t i = 0; i < groups->n_cells; i++)
            function(context, &groups->cells[i], &scratch[omp_get_thread_num()]);
    }
    for (int i = 0; i < n_threads; i++)
        scratch_clear(&scratch[i]);
    fa_free(scratch);
    return status;
}
