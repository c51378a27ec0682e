/*
 * box_block.h - some consecutive boxes in columns, so that one vector loop compares an object with all.
 */
#ifndef FA_DETECT_BOX_BLOCK_H
#define FA_DETECT_BOX_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#define FA_BOX_BLOCK 256

struct fa_box_block {
    size_t first, n; /* rows first .. first + n - 1 of the table of boxes; n <= FA_BOX_BLOCK */
    float bounds[4]; /* x1 y1 x2 y2 around all of them */
    float x1[FA_BOX_BLOCK], y1[FA_BOX_BLOCK], x2[FA_BOX_BLOCK], y2[FA_BOX_BLOCK], area[FA_BOX_BLOCK];
};

/* The block that starts at row first of (n_boxes, 4) boxes. */
void fa_box_block_load(const float *boxes, size_t n_boxes, size_t first, struct fa_box_block *block);

/* Whether some box of the block may overlap the object; if not, every IoU with it is 0. */
bool fa_box_block_meets(const struct fa_box_block *block, const float object[4]);

/* iou[k] = fa_box_iou(object, box k of the block), bit for bit. Returns the largest. */
float fa_box_block_iou(const struct fa_box_block *block, const float object[4], float iou[FA_BOX_BLOCK]);

static inline size_t fa_box_block_count(size_t n_boxes)
{
    return (n_boxes + FA_BOX_BLOCK - 1) / FA_BOX_BLOCK;
}

#endif
