/*
 * match.h - the best overlap of every object with some boxes: predictions or anchors.
 */
#ifndef FA_DETECT_MATCH_H
#define FA_DETECT_MATCH_H

#include <stddef.h>

#include "fa/loss.h"

/* best_iou[i]: the largest IoU of object i with any of the boxes (n_boxes, 4). */
void fa_boxes_match(const float *boxes, size_t n_boxes, const struct fa_objects *objects, int n_threads,
                    float *best_iou);

#endif
