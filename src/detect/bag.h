/*
 * bag.h - for every object the anchors that overlap it most (doc/method.md 1.3).
 */
#ifndef FA_DETECT_BAG_H
#define FA_DETECT_BAG_H

#include <stddef.h>

#include "fa/loss.h"
#include "ranking.h"

/* bags[i], empty on entry, receives the anchors of largest IoU with object i over all levels together, best
   first, equal IoU by lowest index. Memory is the bags alone: anchors stream past in blocks. */
void fa_bags_collect(const float *anchors, size_t n_anchors, const struct fa_objects *objects, int n_threads,
                     struct fa_ranking *bags);

#endif
