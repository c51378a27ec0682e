/*
 * box_probability.h - how likely an anchor's predicted box is to be an object of a class (doc/method.md 1.3).
 *
 * The table B of anchors by classes is never stored whole: one pass over the anchors finds each object's best
 * predicted IoU, a second makes the rows of B for one block of anchors at a time. Nothing here carries a
 * gradient.
 */
#ifndef FA_DETECT_BOX_PROBABILITY_H
#define FA_DETECT_BOX_PROBABILITY_H

#include <stdbool.h>
#include <stddef.h>

#include "box_block.h"
#include "fa/loss.h"

/* predicted: (n_anchors, 4), the anchors carried by their deltas. */
void fa_predictions_decode(const struct fa_box_coder *coder, const struct fa_head_view *head, int n_threads,
                           float *predicted);

/* The rows of B for one block of predicted boxes, threshold being t1. is_set[k] tells whether row k has
   anything but zeros; only then table + k * num_classes is written. */
void fa_box_probability_rows(const struct fa_box_block *predicted, const struct fa_objects *objects,
                             const float *best_iou, float threshold, int num_classes, float *table,
                             bool is_set[FA_BOX_BLOCK]);

#endif
