/*
 * analysis_class.c - the curves of one class and what its errors cost; and the same of all classes.
 */
#include "analysis_parts.h"

_Static_assert((int)FA_ANALYSIS_POINTS == (int)FA_RECALL_THRESHOLDS,
               "curves are sampled as COCO samples them");
_Static_assert((int)FA_SIZES == (int)FA_AREAS && (int)FA_SIZE_LARGE == (int)FA_AREA_LARGE, "one order");

enum { IOU_50 = 0, IOU_75 = 5 }; /* bits of an outcome */

/* ---- F1 ---- */

static double f1_of(size_t n_right, size_t n_kept, size_t n_gt)
{
    return n_kept + n_gt == 0 ? 0 : 2 * (double)n_right / (double)(n_kept + n_gt);
}

static void make_f1(const struct fa_metrics_verdict *falling, size_t n, size_t n_gt,
                    struct fa_analysis_class *out)
{
    size_t k = 0, n_right = 0;

    out->best_f1 = fa_metrics_best_f1(falling, n, n_gt);
    for (int p = FA_ANALYSIS_POINTS; p-- > 0;) {
        for (; k < n && falling[k].score >= p / 100.0; k++)
            n_right += falling[k].is_right;
        out->f1[p] = f1_of(n_right, k, n_gt);
    }
}

/* ---- AP under forgiveness ---- */

static double share_reached(const double points[FA_ANALYSIS_POINTS])
{
    int n = 0;

    for (int p = 0; p < FA_ANALYSIS_POINTS; p++)
        n += points[p] > 0;
    return (double)n / FA_ANALYSIS_POINTS;
}

static void make_ap(const struct fa_analysis_work *work, size_t label, int size,
                    struct fa_analysis_class *out)
{
    const struct fa_metrics_groups *groups = &work->groups;
    const struct {
        const struct fa_metrics_outcome *outcomes;
        int bit;
    } forgiven[] = {[FA_FORGIVEN_C75] = {work->outcomes, IOU_75},
                    [FA_FORGIVEN_C50] = {work->outcomes, IOU_50},
                    [FA_FORGIVEN_LOC] = {work->wide, FA_WIDE_LOC},
                    [FA_FORGIVEN_OTHER] = {work->wide, FA_WIDE_OTHER}};
    const size_t first = groups->class_detection[label], n = groups->class_detection[label + 1] - first;
    double points[FA_ANALYSIS_POINTS];

    for (int f = FA_FORGIVEN_C75; f <= FA_FORGIVEN_OTHER; f++) {
        fa_metrics_points(groups, forgiven[f].outcomes, n, work->order + first, size,
                          work->input->max_detections[2], forgiven[f].bit, out->n_objects[size],
                          work->precision + groups->class_gt[label], points);
        out->ap[size][f] = fa_metrics_mean_of_points(points);
        for (int p = 0; p < FA_ANALYSIS_POINTS && size == FA_SIZE_ALL && f == FA_FORGIVEN_C50; p++)
            out->precision[p] = points[p];
    }
    out->ap[size][FA_FORGIVEN_GROUND] = share_reached(points);
}

void fa_analysis_class_make(struct fa_analysis_work *work, size_t label, struct fa_analysis_class *out)
{
    const size_t first = work->groups.class_detection[label], end = work->groups.class_detection[label + 1];
    const size_t n = fa_metrics_verdicts(&work->groups, work->outcomes, first, end, work->verdicts + first);

    for (int size = 0; size < FA_SIZES; size++) {
        out->n_objects[size] = fa_metrics_count_gt(&work->groups, label, size);
        if (out->n_objects[size] > 0)
            make_ap(work, label, size, out);
        for (int f = 0; f < FA_FORGIVENS && out->n_objects[size] == 0; f++)
            out->ap[size][f] = -1;
    }
    make_f1(work->verdicts + first, n, out->n_objects[FA_SIZE_ALL], out);
}

/* ---- all classes ---- */

/* Over the classes that have objects of the size. */
static void average_ap(size_t n_classes, const struct fa_analysis_class *classes, int size,
                       struct fa_analysis_class *total)
{
    size_t n = 0;

    for (size_t k = 0; k < n_classes; k++) {
        total->n_objects[size] += classes[k].n_objects[size];
        n += classes[k].n_objects[size] > 0;
        for (int f = 0; f < FA_FORGIVENS && classes[k].n_objects[size] > 0; f++)
            total->ap[size][f] += classes[k].ap[size][f];
    }
    for (int f = 0; f < FA_FORGIVENS; f++)
        total->ap[size][f] = n > 0 ? total->ap[size][f] / (double)n : -1;
}

static void average_precision(size_t n_classes, const struct fa_analysis_class *classes,
                              struct fa_analysis_class *total)
{
    for (int p = 0; p < FA_ANALYSIS_POINTS; p++) {
        size_t n = 0;

        for (size_t k = 0; k < n_classes; k++)
            if (classes[k].n_objects[FA_SIZE_ALL] > 0) {
                total->precision[p] += classes[k].precision[p];
                n++;
            }
        total->precision[p] /= n > 0 ? (double)n : 1;
    }
}

void fa_analysis_total_make(struct fa_analysis_work *work, size_t n_classes,
                            struct fa_analysis_class *classes)
{
    struct fa_analysis_class *total = &classes[n_classes];
    const size_t n =
        fa_metrics_verdicts(&work->groups, work->outcomes, 0, work->groups.n_detections, work->verdicts);

    for (int size = 0; size < FA_SIZES; size++)
        average_ap(n_classes, classes, size, total);
    average_precision(n_classes, classes, total);
    make_f1(work->verdicts, n, total->n_objects[FA_SIZE_ALL], total);
}
