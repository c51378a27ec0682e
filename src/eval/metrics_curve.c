#include <float.h>

#include "metrics_parts.h"

size_t fa_metrics_count_gt(const struct fa_metrics_groups *groups, size_t label, int area)
{
    size_t n = 0;

    for (size_t g = groups->class_gt[label]; g < groups->class_gt[label + 1]; g++)
        n += !fa_metrics_gt_is_ignored(&groups->gt[g], area);
    return n;
}

/* precision[k]: that at the detection which brings the (k + 1)-th hit. Returns the number of hits. Between
   two hits precision only falls, so nothing else is needed of the curve. */
static size_t precision_at_hits(const struct fa_metrics_groups *groups,
                                const struct fa_metrics_outcome *outcomes, size_t n, const size_t *order,
                                int area, int limit, int t, double *precision)
{
    size_t hits = 0, misses = 0;

    for (size_t k = 0; k < n; k++) {
        const struct fa_metrics_outcome *outcome = &outcomes[order[k]];

        if (groups->rank[order[k]] >= (uint32_t)limit || (outcome->ignored[area] >> t & 1) != 0)
            continue;
        if ((outcome->matched[area] >> t & 1) == 0) {
            misses++;
            continue;
        }
        hits++;
        precision[hits - 1] = (double)hits / ((double)(misses + hits) + DBL_EPSILON);
    }
    return hits;
}

/* Precision, made to fall with recall, at recalls of 0, 0.01 .. 1; 0 where that is not reached. */
static void sample_precision(size_t hits, size_t n_gt, double *precision, double points[FA_RECALL_THRESHOLDS])
{
    size_t k = 0;

    for (size_t i = hits; i-- > 1;)
        if (precision[i] > precision[i - 1])
            precision[i - 1] = precision[i];
    for (int r = 0; r < FA_RECALL_THRESHOLDS; r++) {
        while (k < hits && (double)(k + 1) / (double)n_gt < r * 0.01)
            k++;
        points[r] = k < hits ? precision[k] : 0;
    }
}

size_t fa_metrics_points(const struct fa_metrics_groups *groups, const struct fa_metrics_outcome *outcomes,
                         size_t n, const size_t *order, int area, int limit, int t, size_t n_gt,
                         double *scratch, double points[FA_RECALL_THRESHOLDS])
{
    const size_t hits = precision_at_hits(groups, outcomes, n, order, area, limit, t, scratch);

    sample_precision(hits, n_gt, scratch, points);
    return hits;
}

double fa_metrics_mean_of_points(const double points[FA_RECALL_THRESHOLDS])
{
    double sum = 0;

    for (int r = 0; r < FA_RECALL_THRESHOLDS; r++)
        sum += points[r];
    return sum / FA_RECALL_THRESHOLDS;
}

void fa_metrics_curve_make(const struct fa_metrics_groups *groups, const struct fa_metrics_outcome *outcomes,
                           size_t label, size_t n, const size_t *order, int area, int limit, double *scratch,
                           struct fa_metrics_curve *curve)
{
    double points[FA_RECALL_THRESHOLDS];

    *curve = (struct fa_metrics_curve){.n_gt = fa_metrics_count_gt(groups, label, area)};
    if (curve->n_gt == 0)
        return;
    for (int t = 0; t < FA_IOU_THRESHOLDS; t++) {
        const size_t hits =
            fa_metrics_points(groups, outcomes, n, order, area, limit, t, curve->n_gt, scratch, points);

        curve->precision[t] = fa_metrics_mean_of_points(points);
        curve->recall[t] = (double)hits / (double)curve->n_gt;
    }
}
