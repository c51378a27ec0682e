#include <math.h>
#include <omp.h>
#include <string.h>

#include "fa/memory.h"
#include "metrics_parts.h"

static const double area_range[FA_AREAS][2] = {{0, 1e10}, {0, 1024}, {1024, 9216}, {9216, 1e10}};

/* Room for the largest cell. */
struct scratch {
    double *iou;    /* (detections, gt) of the cell */
    size_t *order;  /* (gt) those that count first */
    bool *is_taken; /* (gt) */
};

/* 0.5, 0.55 .. 0.95 with the rounding of the reference, which divides the range into nine steps. */
static double iou_threshold(int t)
{
    return 0.5 + t * ((0.95 - 0.5) / (FA_IOU_THRESHOLDS - 1));
}

static bool is_outside(double area, int range)
{
    return area < area_range[range][0] || area > area_range[range][1];
}

bool fa_metrics_gt_is_ignored(const struct fa_metrics_gt *gt, int area)
{
    return gt->crowd || is_outside(gt->area, area);
}

/* A crowd's IoU is the share of the detection that lies in it. */
static double iou_of(const struct fa_metrics_gt *gt, const struct fa_metrics_detection *detection)
{
    const double *g = gt->bbox, *d = detection->bbox;
    double w = fmin(d[2] + d[0], g[2] + g[0]) - fmax(d[0], g[0]);
    double h = fmin(d[3] + d[1], g[3] + g[1]) - fmax(d[1], g[1]);
    double inter = w * h, area = d[2] * d[3];

    if (w <= 0 || h <= 0)
        return 0;
    return inter / (gt->crowd ? area : area + g[2] * g[3] - inter);
}

static void fill_iou(const struct fa_metrics_cell *cell, const struct fa_metrics_gt *gt,
                     const struct fa_metrics_detection *detections, double *iou)
{
    for (size_t d = 0; d < cell->n_detections; d++)
        for (size_t g = 0; g < cell->n_gt; g++)
            iou[d * cell->n_gt + g] = iou_of(&gt[g], &detections[d]);
}

/* Writes the order in which ground truth is offered; returns how many count. */
static size_t order_gt(size_t n, const struct fa_metrics_gt *gt, int area, size_t *order)
{
    size_t counted = 0, placed;

    for (size_t g = 0; g < n; g++)
        if (!fa_metrics_gt_is_ignored(&gt[g], area))
            order[counted++] = g;
    placed = counted;
    for (size_t g = 0; g < n; g++)
        if (fa_metrics_gt_is_ignored(&gt[g], area))
            order[placed++] = g;
    return counted;
}

/* The place in the order of the best ground truth that is free and overlaps by the threshold, n_gt if there
   is none. Ignored ones are looked at only if none that counts will do; among equals the last wins. */
static size_t find_match(size_t n_gt, size_t counted, const struct fa_metrics_gt *gt, const double *iou,
                         double threshold, const struct scratch *scratch)
{
    double best = fmin(threshold, 1 - 1e-10);
    size_t match = n_gt;

    for (size_t k = 0; k < n_gt; k++) {
        size_t g = scratch->order[k];

        if (k == counted && match < counted)
            break;
        if ((scratch->is_taken[g] && !gt[g].crowd) || !(iou[g] >= best))
            continue;
        best = iou[g];
        match = k;
    }
    return match;
}

static void match_at_threshold(const struct fa_metrics_cell *cell, const struct fa_metrics_gt *gt, int area,
                               size_t counted, int t, const struct scratch *scratch,
                               struct fa_metrics_outcome *outcomes)
{
    const uint16_t bit = (uint16_t)(1u << t);

    memset(scratch->is_taken, 0, cell->n_gt * sizeof *scratch->is_taken);
    for (size_t d = 0; d < cell->n_detections; d++) {
        size_t match =
            find_match(cell->n_gt, counted, gt, scratch->iou + d * cell->n_gt, iou_threshold(t), scratch);

        if (match == cell->n_gt)
            continue;
        scratch->is_taken[scratch->order[match]] = true;
        outcomes[d].matched[area] |= bit;
        if (match >= counted)
            outcomes[d].ignored[area] |= bit;
    }
}

static void match_cell(const struct fa_metrics_groups *groups, const struct fa_metrics_cell *cell,
                       const struct scratch *scratch, struct fa_metrics_outcome *outcomes)
{
    const struct fa_metrics_gt *gt = groups->gt + cell->first_gt;
    const struct fa_metrics_detection *detections = groups->detections + cell->first_detection;

    memset(outcomes, 0, cell->n_detections * sizeof *outcomes);
    fill_iou(cell, gt, detections, scratch->iou);
    for (int area = 0; area < FA_AREAS; area++) {
        size_t counted = order_gt(cell->n_gt, gt, area, scratch->order);

        for (int t = 0; t < FA_IOU_THRESHOLDS; t++)
            match_at_threshold(cell, gt, area, counted, t, scratch, outcomes);
        for (size_t d = 0; d < cell->n_detections; d++) /* unmatched ones of other sizes do not count */
            if (is_outside(detections[d].bbox[2] * detections[d].bbox[3], area))
                outcomes[d].ignored[area] |= (uint16_t)~outcomes[d].matched[area];
    }
}

static fa_status scratch_create(const struct fa_metrics_groups *groups, struct scratch *scratch)
{
    size_t most_gt = 0, most_pairs = 0;
    fa_status st;

    for (size_t i = 0; i < groups->n_cells; i++) {
        size_t pairs;

        if (!fa_size_mul(groups->cells[i].n_gt, groups->cells[i].n_detections, &pairs))
            return fa_fail(FA_ENOMEM, "an image has more pairs of boxes than can be counted");
        most_pairs = pairs > most_pairs ? pairs : most_pairs;
        most_gt = groups->cells[i].n_gt > most_gt ? groups->cells[i].n_gt : most_gt;
    }
    st = fa_alloc(most_pairs, sizeof *scratch->iou, &scratch->iou);
    if (st == FA_OK)
        st = fa_alloc(most_gt, sizeof *scratch->order, &scratch->order);
    if (st == FA_OK)
        st = fa_alloc(most_gt, sizeof *scratch->is_taken, &scratch->is_taken);
    return st;
}

fa_status fa_metrics_match(const struct fa_metrics_groups *groups, struct fa_metrics_outcome *outcomes)
{
    const int n_threads = omp_get_max_threads();
    struct scratch *scratch;
    fa_status st = fa_alloc_zero((size_t)n_threads, sizeof *scratch, &scratch);

    if (st != FA_OK)
        return st;
    for (int i = 0; i < n_threads && st == FA_OK; i++)
        st = scratch_create(groups, &scratch[i]);
    if (st == FA_OK) {
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 256)
        for (size_t i = 0; i < groups->n_cells; i++)
            match_cell(groups, &groups->cells[i], &scratch[omp_get_thread_num()],
                       outcomes + groups->cells[i].first_detection);
    }
    for (int i = 0; i < n_threads; i++) {
        fa_free(scratch[i].iou);
        fa_free(scratch[i].order);
        fa_free(scratch[i].is_taken);
    }
    fa_free(scratch);
    return st;
}
