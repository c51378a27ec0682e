#include "fa/metrics.h"

#include "fa/memory.h"
#include "metrics_parts.h"

/* The combinations of area range and limit that the twelve numbers need. */
enum { ALL_FIRST, ALL_SECOND, ALL_LAST, SMALL_LAST, MEDIUM_LAST, LARGE_LAST, n_combinations };

static const struct combination {
    int area, limit;
} combinations[n_combinations] = {
    [ALL_FIRST] = {FA_AREA_ALL, 0},    [ALL_SECOND] = {FA_AREA_ALL, 1},     [ALL_LAST] = {FA_AREA_ALL, 2},
    [SMALL_LAST] = {FA_AREA_SMALL, 2}, [MEDIUM_LAST] = {FA_AREA_MEDIUM, 2}, [LARGE_LAST] = {FA_AREA_LARGE, 2},
};

struct class_curves {
    struct fa_metrics_curve of[n_combinations];
};

static void class_curves_make(const struct fa_metrics_input *input, const struct fa_metrics_groups *groups,
                              const struct fa_metrics_outcome *outcomes, size_t label, const size_t *order,
                              double *precision, struct class_curves *curves)
{
    const size_t first = groups->class_detection[label], n = groups->class_detection[label + 1] - first;

    for (int k = 0; k < n_combinations; k++)
        fa_metrics_curve_make(groups, outcomes, label, n, order + first, combinations[k].area,
                              input->max_detections[combinations[k].limit],
                              precision + groups->class_gt[label], &curves->of[k]);
}

/* Every class works in its own range of the scratch row. */
static fa_status make_curves(const struct fa_metrics_input *input, const struct fa_metrics_groups *groups,
                             const struct fa_metrics_outcome *outcomes, struct class_curves *curves)
{
    size_t *order;
    double *precision = NULL;
    fa_status status = fa_metrics_order(groups, &order);

    if (status == FA_OK)
        status = fa_alloc(groups->n_gt, sizeof *precision, &precision);
    if (status == FA_OK) {
#pragma omp parallel for schedule(dynamic, 1)
        for (size_t label = 0; label < groups->n_classes; label++)
            class_curves_make(input, groups, outcomes, label, order, precision, &curves[label]);
    }
    fa_free(precision);
    fa_free(order);
    return status;
}

/* Means over IoU thresholds first .. end - 1. */
static double mean_of(const double *values, int first, int end)
{
    double sum = 0;

    for (int t = first; t < end; t++)
        sum += values[t];
    return sum / (end - first);
}

enum measure { PRECISION, RECALL };

/* Over the classes that have ground truth; -1 if none has. */
static double mean_over(size_t n_classes, const struct class_curves *curves, int combination,
                        enum measure measure, int first, int end)
{
    double sum = 0;
    size_t n = 0;

    for (size_t k = 0; k < n_classes; k++) {
        const struct fa_metrics_curve *curve = &curves[k].of[combination];

        if (curve->n_gt == 0)
            continue;
        sum += mean_of(measure == RECALL ? curve->recall : curve->precision, first, end);
        n++;
    }
    return n > 0 ? sum / (double)n : -1;
}

static void summarize(const struct fa_metrics_input *input, const struct class_curves *curves,
                      struct fa_metrics *out)
{
    const int all = FA_IOU_THRESHOLDS, first_line = ALL_FIRST + fa_metrics_first_limit(input->max_detections);
    const size_t n = out->n_classes;

    out->ap = mean_over(n, curves, first_line, PRECISION, 0, all);
    out->ap50 = mean_over(n, curves, ALL_LAST, PRECISION, 0, 1);
    out->ap75 = mean_over(n, curves, ALL_LAST, PRECISION, 5, 6);
    out->ap_small = mean_over(n, curves, SMALL_LAST, PRECISION, 0, all);
    out->ap_medium = mean_over(n, curves, MEDIUM_LAST, PRECISION, 0, all);
    out->ap_large = mean_over(n, curves, LARGE_LAST, PRECISION, 0, all);
    for (int m = 0; m < 3; m++)
        out->ar[m] = mean_over(n, curves, ALL_FIRST + m, RECALL, 0, all);
    out->ar_small = mean_over(n, curves, SMALL_LAST, RECALL, 0, all);
    out->ar_medium = mean_over(n, curves, MEDIUM_LAST, RECALL, 0, all);
    out->ar_large = mean_over(n, curves, LARGE_LAST, RECALL, 0, all);
    for (size_t k = 0; k < n; k++)
        out->class_ap[k] = mean_over(1, &curves[k], ALL_LAST, PRECISION, 0, all);
}

static fa_status find_best_f1(const struct fa_metrics_groups *groups,
                              const struct fa_metrics_outcome *outcomes, struct fa_operating_point *best)
{
    struct fa_metrics_verdict *verdicts;
    size_t n, n_gt = 0;

    FA_TRY(fa_alloc(groups->n_detections, sizeof *verdicts, &verdicts));
    n = fa_metrics_verdicts(groups, outcomes, 0, groups->n_detections, verdicts);
    for (size_t g = 0; g < groups->n_gt; g++)
        n_gt += !fa_metrics_gt_is_ignored(&groups->gt[g], FA_AREA_ALL);
    *best = fa_metrics_best_f1(verdicts, n, n_gt);
    fa_free(verdicts);
    return FA_OK;
}

/* Each class by its own boxes; every one works in its own range of the scratch row. */
static fa_status find_class_f1(const struct fa_metrics_groups *groups,
                               const struct fa_metrics_outcome *outcomes, struct fa_operating_point *best)
{
    struct fa_metrics_verdict *verdicts;

    FA_TRY(fa_alloc(groups->n_detections, sizeof *verdicts, &verdicts));
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t k = 0; k < groups->n_classes; k++) {
        const size_t first = groups->class_detection[k],
                     n = fa_metrics_verdicts(groups, outcomes, first, groups->class_detection[k + 1],
                                             verdicts + first);

        best[k] = fa_metrics_best_f1(verdicts + first, n, fa_metrics_count_gt(groups, k, FA_AREA_ALL));
    }
    fa_free(verdicts);
    return FA_OK;
}

static fa_status score_groups(const struct fa_metrics_input *input, const struct fa_metrics_groups *groups,
                              struct fa_metrics *out)
{
    struct fa_metrics_outcome *outcomes = NULL;
    struct class_curves *curves = NULL;
    fa_status status = fa_alloc(groups->n_detections, sizeof *outcomes, &outcomes);

    if (status == FA_OK)
        status = fa_alloc(groups->n_classes, sizeof *curves, &curves);
    if (status == FA_OK)
        status = fa_metrics_match(groups, outcomes);
    if (status == FA_OK)
        status = make_curves(input, groups, outcomes, curves);
    if (status == FA_OK)
        status = find_best_f1(groups, outcomes, &out->best_f1);
    if (status == FA_OK)
        status = fa_alloc(groups->n_classes, sizeof *out->class_f1, &out->class_f1);
    if (status == FA_OK)
        status = find_class_f1(groups, outcomes, out->class_f1);
    if (status == FA_OK)
        status = fa_alloc(groups->n_classes, sizeof *out->class_ap, &out->class_ap);
    if (status == FA_OK) {
        out->n_classes = groups->n_classes;
        summarize(input, curves, out);
    }
    if (status != FA_OK)
        fa_metrics_clear(out);
    fa_free(curves);
    fa_free(outcomes);
    return status;
}

fa_status fa_metrics_compute(const struct fa_metrics_input *input, struct fa_metrics *out)
{
    struct fa_metrics_groups groups;
    fa_status status;

    *out = (struct fa_metrics){0};
    status = fa_metrics_group(input, &groups);
    if (status == FA_OK)
        status = score_groups(input, &groups, out);
    fa_metrics_groups_clear(&groups);
    return status;
}

static double known(const struct fa_operating_point *best)
{
    return best->score > 0 ? best->score : 0;
}

fa_status fa_metrics_thresholds(const struct fa_metrics *metrics, struct fa_thresholds *out)
{
    FA_TRY(fa_thresholds_make(metrics->n_classes, out));
    out->all = known(&metrics->best_f1);
    for (size_t k = 0; k < metrics->n_classes; k++)
        out->of_class[k] = known(&metrics->class_f1[k]);
    return FA_OK;
}

void fa_metrics_clear(struct fa_metrics *metrics)
{
    fa_free(metrics->class_ap);
    fa_free(metrics->class_f1);
    *metrics = (struct fa_metrics){0};
}
