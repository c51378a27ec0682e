/*
 * metrics_order.c - the detections of each class by falling score.
 */
#include <stdlib.h>

#include "fa/memory.h"
#include "metrics_parts.h"

struct ranked {
    double score;
    size_t index;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left, *b = right;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return a->index < b->index ? -1 : 1;
}

/* order[first ..] of the class: its detections by falling score, equal scores by image. */
static void order_class(const struct fa_metrics_groups *groups, size_t label, struct ranked *ranked,
                        size_t *order)
{
    const size_t first = groups->class_detection[label], end = groups->class_detection[label + 1];

    for (size_t i = first; i < end; i++)
        ranked[i] = (struct ranked){groups->detections[i].score, i};
    qsort(ranked + first, end - first, sizeof *ranked, compare_ranked);
    for (size_t i = first; i < end; i++)
        order[i] = ranked[i].index;
}

fa_status fa_metrics_order(const struct fa_metrics_groups *groups, size_t **order)
{
    struct ranked *ranked;
    fa_status status;

    *order = NULL;
    FA_TRY(fa_alloc(groups->n_detections, sizeof *ranked, &ranked));
    status = fa_alloc(groups->n_detections, sizeof **order, order);
    if (status == FA_OK) {
#pragma omp parallel for schedule(dynamic, 1)
        for (size_t label = 0; label < groups->n_classes; label++)
            order_class(groups, label, ranked, *order);
    }
    fa_free(ranked);
    return status;
}
