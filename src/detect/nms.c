/*
 * nms.c - non-maximum suppression, greedy from the highest score on, of all classes in one pass (doc/method.md 8).
 */
#include "fa/detections.h"
#include "fa/memory.h"
#include "overlap.h"
#include "ranking.h"

struct shifted_box {
    float x1, y1, x2, y2, area;
};

/* Boxes of different classes are moved apart, so that one greedy pass treats classes separately. Rounding of
   the moved coordinates is part of the reference's result. */
static void shift_boxes(size_t n, const float *boxes, const int32_t *labels, struct shifted_box *shifted)
{
    float most = boxes[0];

    for (size_t i = 1; i < 4 * n; i++)
        most = fa_larger(boxes[i], most);
    for (size_t i = 0; i < n; i++) {
        float offset = (float)labels[i] * (most + 1.0f);
        struct shifted_box *box = &shifted[i];

        box->x1 = boxes[4 * i] + offset;
        box->y1 = boxes[4 * i + 1] + offset;
        box->x2 = boxes[4 * i + 2] + offset;
        box->y2 = boxes[4 * i + 3] + offset;
        box->area = (box->x2 - box->x1) * (box->y2 - box->y1);
    }
}

static bool overlaps(struct shifted_box a, struct shifted_box b, float iou)
{
    float inter = fa_intersection(a.x1, a.y1, a.x2, a.y2, b.x1, b.y1, b.x2, b.y2);

    return inter > iou * (a.area + b.area - inter);
}

static bool is_suppressed(const struct shifted_box *shifted, size_t candidate, const size_t *keep,
                          size_t n_keep, float iou)
{
    for (size_t k = 0; k < n_keep; k++)
        if (overlaps(shifted[keep[k]], shifted[candidate], iou))
            return true;
    return false;
}

static size_t keep_greedily(const struct fa_ranking *order, const struct shifted_box *shifted, float iou,
                            size_t limit, size_t *keep)
{
    size_t n_keep = 0;

    for (size_t k = 0; k < order->n && (limit == 0 || n_keep < limit); k++)
        if (!is_suppressed(shifted, order->items[k].index, keep, n_keep, iou))
            keep[n_keep++] = order->items[k].index;
    return n_keep;
}

fa_status fa_nms(size_t n, const float *boxes, const float *scores, const int32_t *labels, float iou,
                 size_t limit, size_t *keep, size_t *n_keep)
{
    struct fa_ranking order = {.capacity = n, .n = n, .items = NULL};
    struct shifted_box *shifted = NULL;
    fa_status status;

    *n_keep = 0;
    if (n == 0)
        return FA_OK;
    status = fa_alloc(n, sizeof *order.items, &order.items);
    if (status == FA_OK)
        status = fa_alloc(n, sizeof *shifted, &shifted);
    if (status != FA_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        order.items[i] = (struct fa_ranked){.value = scores[i], .index = i};
    fa_ranking_sort(&order);
    shift_boxes(n, boxes, labels, shifted);
    *n_keep = keep_greedily(&order, shifted, iou, limit, keep);
out:
    fa_free(shifted);
    fa_free(order.items);
    return status;
}
