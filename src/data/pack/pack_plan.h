/*
 * pack_plan.h - from an annotation file and the verdicts on its items to what is packed.
 */
#ifndef FA_DATA_PACK_PLAN_H
#define FA_DATA_PACK_PLAN_H

#include "fa/status.h"
#include "shards/shard_write.h"

/* Takes the images without a complaint and, of their annotations, the boxes kept or clipped. coco, checks and
   boxes must outlive the plan. */
fa_status fa_pack_plan_create(const struct fa_coco *coco, const struct fa_image_folder *folder,
                              const struct fa_image_check *checks, const struct fa_box_check *boxes,
                              struct fa_pack_plan *out) FA_CHECK_RESULT;
void fa_pack_plan_free(struct fa_pack_plan *plan);

/* The end of the shard that begins with image begin: as many images as shard_bytes of JPEGs hold, at least
   one. */
size_t fa_pack_plan_cut(const struct fa_pack_plan *plan, size_t begin, size_t shard_bytes);

#endif
