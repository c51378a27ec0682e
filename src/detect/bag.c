#include "bag.h"

#include <omp.h>

#include "box_block.h"

static void offer_block(const struct fa_box_block *block, const float object[4], struct fa_ranking *bag)
{
    float iou[FA_BOX_BLOCK];

    if (bag->n == bag->capacity && !fa_box_block_meets(block, object))
        return;
    if (!fa_ranking_wants(bag, fa_box_block_iou(block, object, iou)))
        return;
    for (size_t k = 0; k < block->n; k++)
        if (fa_ranking_wants(bag, iou[k]))
            fa_ranking_offer(bag, iou[k], block->first + k);
}

void fa_bags_collect(const float *anchors, size_t n_anchors, const struct fa_objects *objects, int n_threads,
                     struct fa_ranking *bags)
{
#pragma omp parallel num_threads(n_threads)
    {
        size_t thread = (size_t)omp_get_thread_num(), threads = (size_t)omp_get_num_threads();
        size_t begin = objects->n * thread / threads, end = objects->n * (thread + 1) / threads;
        struct fa_box_block block;

        for (size_t first = 0; first < n_anchors && begin < end; first += FA_BOX_BLOCK) {
            fa_box_block_load(anchors, n_anchors, first, &block);
            for (size_t i = begin; i < end; i++)
                offer_block(&block, objects->boxes + 4 * i, &bags[i]);
        }
        for (size_t i = begin; i < end; i++)
            fa_ranking_sort(&bags[i]);
    }
}
