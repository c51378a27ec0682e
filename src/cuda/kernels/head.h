/*
 * head.h - what a loss and detections read on the device: the head's outputs of one image, its anchors, its
 * objects.
 */
#ifndef FA_CUDA_HEAD_H
#define FA_CUDA_HEAD_H

#include "fa/pyramid.h"
#include "types.h"

/* Logits and deltas are activations, level by level: a position has FA_CELL_ANCHORS times num_classes logits,
   then padding up to cls_channels; and four deltas for each of its anchors, then padding up to reg_channels.
 */
struct fa_cuda_head {
    enum fa_cuda_type type;
    int num_classes, cls_channels, reg_channels;
    struct {
        void *cls, *reg;
        unsigned positions;
    } level[FA_LEVELS];
    const float *anchors; /* (anchors, 4), of all levels, aligned to 16 bytes; always float */
};

static inline size_t fa_cuda_head_anchors(const struct fa_cuda_head *head)
{
    size_t n = 0;

    for (int level = 0; level < FA_LEVELS; level++)
        n += FA_CELL_ANCHORS * (size_t)head->level[level].positions;
    return n;
}

/* How many there are stands on the device, so that a captured graph serves every image of a size. The caller
   has checked labels and boxes, as fa_loss_compute does. More than `most` are an error, which makes the loss
   NaN. */
struct fa_cuda_objects {
    int most;
    const int32_t *n;
    const float *boxes; /* (most, 4), aligned to 16 bytes */
    const int32_t *labels;
};

#endif
