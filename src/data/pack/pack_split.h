/*
 * pack_split.h - which part of a split an image goes to, and images whose files are equal.
 *
 * The part is drawn from the bytes of the image's file (their CRC32C and number) and the seed alone: not from
 * names, order or other images. So equal files are never on both sides, and an image keeps its side when a
 * dataset grows. In return a share is met on the average only.
 */
#ifndef FA_DATA_PACK_SPLIT_H
#define FA_DATA_PACK_SPLIT_H

#include <stdint.h>

#include "fa/shard.h"
#include "packing.h"

/* Warns of images without a complaint whose files are equal under different names. */
fa_status fa_tell_copies(const struct fa_coco *coco, const struct fa_image_check *checks,
                         const char *title) FA_CHECK_RESULT;

/* part_of[i] < split->n_parts of every image. */
void fa_split_images(const struct fa_pack_split *split, const struct fa_image_check *checks, size_t n,
                     uint8_t *part_of);

/* Tells the images and the objects of each class that each part has, and warns of classes that one part has
   and another lacks, and of a share that few images miss, with a seed that meets all. */
fa_status fa_split_tell(const struct fa_packing *packing) FA_CHECK_RESULT;

#endif
