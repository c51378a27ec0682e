/*
 * metrics_f1.c - precision, recall and F1 of the detections that score enough.
 */
#include <stdlib.h>

#include "metrics_parts.h"

static int compare_verdicts(const void *left, const void *right)
{
    const struct fa_metrics_verdict *a = left, *b = right;

    return (a->score < b->score) - (a->score > b->score);
}

size_t fa_metrics_verdicts(const struct fa_metrics_groups *groups, const struct fa_metrics_outcome *outcomes,
                           size_t first, size_t end, struct fa_metrics_verdict *verdicts)
{
    size_t n = 0;

    for (size_t d = first; d < end; d++)
        if ((outcomes[d].ignored[FA_AREA_ALL] & 1) == 0)
            verdicts[n++] = (struct fa_metrics_verdict){groups->detections[d].score,
                                                        (outcomes[d].matched[FA_AREA_ALL] & 1) != 0};
    qsort(verdicts, n, sizeof *verdicts, compare_verdicts);
    return n;
}

static struct fa_operating_point point_at(double score, size_t n_kept, size_t n_right, size_t n_gt)
{
    return (struct fa_operating_point){.score = score,
                                       .precision = (double)n_right / (double)n_kept,
                                       .recall = (double)n_right / (double)n_gt,
                                       .f1 = 2 * (double)n_right / (double)(n_kept + n_gt)};
}

struct fa_operating_point fa_metrics_best_f1(const struct fa_metrics_verdict *falling, size_t n, size_t n_gt)
{
    struct fa_operating_point best = {.score = -1};
    size_t n_right = 0;

    for (size_t k = 0; k < n; k++) {
        n_right += falling[k].is_right;
        if (k + 1 < n && falling[k + 1].score == falling[k].score)
            continue; /* equal scores are kept together */
        if (2 * (double)n_right / (double)(k + 1 + n_gt) > best.f1)
            best = point_at(falling[k].score, k + 1, n_right, n_gt);
    }
    return best;
}
