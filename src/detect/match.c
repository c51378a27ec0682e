#include "match.h"

#include <omp.h>

#include "box_block.h"

static void raise_best(const struct fa_box_block *block, const float object[4], float *best_iou)
{
    float iou[FA_BOX_BLOCK], best;

    if (!fa_box_block_meets(block, object))
        return;
    best = fa_box_block_iou(block, object, iou);
    if (best > *best_iou)
        *best_iou = best;
}

void fa_boxes_match(const float *boxes, size_t n_boxes, const struct fa_objects *objects, int n_threads,
                    float *best_iou)
{
#pragma omp parallel num_threads(n_threads)
    {
        size_t thread = (size_t)omp_get_thread_num(), threads = (size_t)omp_get_num_threads();
        size_t begin = objects->n * thread / threads, end = objects->n * (thread + 1) / threads;
        struct fa_box_block block;

        for (size_t i = begin; i < end; i++)
            best_iou[i] = 0;
        for (size_t first = 0; first < n_boxes && begin < end; first += FA_BOX_BLOCK) {
            fa_box_block_load(boxes, n_boxes, first, &block);
            for (size_t i = begin; i < end; i++)
                raise_best(&block, objects->boxes + 4 * i, &best_iou[i]);
        }
    }
}
