/*
 * pack_plan.h - from an annotation file and the verdicts on its items to what is packed.
 */
#ifndef FA_DATA_PACK_PLAN_H
#define FA_DATA_PACK_PLAN_H

#include "fa/status.h"
#include "shards/shard_write.h"

/* plan has everything up to `part`, all of which must outlive it. Takes the images of the part without a
   complaint and, of their annotations, the boxes kept or clipped. */
fa_status fa_pack_plan_make(struct fa_pack_plan *plan) FA_CHECK_RESULT;
void fa_pack_plan_free(struct fa_pack_plan *plan);

/* The end of the shard that begins with image begin: as many images as shard_bytes hold, at least one. */
size_t fa_pack_plan_cut(const struct fa_pack_plan *plan, size_t begin, size_t shard_bytes);

#endif
