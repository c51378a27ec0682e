#include "box_block.h"

#include <float.h>

#include "fa/vector.h"
#include "overlap.h"

static void find_bounds(struct fa_box_block *block)
{
    float *bounds = block->bounds;

    bounds[0] = bounds[1] = FLT_MAX;
    bounds[2] = bounds[3] = -FLT_MAX;
    for (size_t k = 0; k < block->n; k++) {
        bounds[0] = fa_smaller(block->x1[k], bounds[0]);
        bounds[1] = fa_smaller(block->y1[k], bounds[1]);
        bounds[2] = fa_larger(block->x2[k], bounds[2]);
        bounds[3] = fa_larger(block->y2[k], bounds[3]);
    }
}

void fa_box_block_load(const float *boxes, size_t n_boxes, size_t first, struct fa_box_block *block)
{
    block->first = first;
    block->n = n_boxes - first < FA_BOX_BLOCK ? n_boxes - first : FA_BOX_BLOCK;
    boxes += 4 * first;
    for (size_t k = 0; k < block->n; k++) {
        block->x1[k] = boxes[4 * k];
        block->y1[k] = boxes[4 * k + 1];
        block->x2[k] = boxes[4 * k + 2];
        block->y2[k] = boxes[4 * k + 3];
        block->area[k] = (block->x2[k] - block->x1[k]) * (block->y2[k] - block->y1[k]);
    }
    find_bounds(block);
}

bool fa_box_block_meets(const struct fa_box_block *block, const float object[4])
{
    return block->bounds[0] < object[2] && block->bounds[2] > object[0] && block->bounds[1] < object[3] &&
           block->bounds[3] > object[1];
}

FA_VECTOR_CLONES
float fa_box_block_iou(const struct fa_box_block *block, const float object[4], float iou[FA_BOX_BLOCK])
{
    const float x1 = object[0], y1 = object[1], x2 = object[2], y2 = object[3];
    const float area = (x2 - x1) * (y2 - y1);
    float best = 0;

#pragma omp simd reduction(max : best)
    for (size_t k = 0; k < block->n; k++) {
        float intersection =
            fa_intersection(x1, y1, x2, y2, block->x1[k], block->y1[k], block->x2[k], block->y2[k]);

        iou[k] = fa_iou_of_areas(intersection, area, block->area[k]);
        best = fa_larger(iou[k], best);
    }
    return best;
}
