/*
 * pack_exif.h - whether the images of a dataset are to be turned as their EXIF data say.
 *
 * Boxes were drawn either on pictures as stored or on pictures turned upright, by one tool for the whole
 * dataset. Where the turn swaps the sides, the sizes in the annotation file tell which; the other images go
 * by those.
 */
#ifndef FA_DATA_PACK_EXIF_H
#define FA_DATA_PACK_EXIF_H

#include "fa/shard.h"
#include "pack_images.h"

/* Sets orientation and exif_ignored of every image without a complaint, for each source by itself, and warns
   where images do not agree, or none tells. With a choice made, an image whose size contradicts it gets a
   complaint. */
fa_status fa_decide_exif(const struct fa_coco *coco, size_t n_sources, enum fa_pack_exif choice,
                         struct fa_image_check *checks) FA_CHECK_RESULT;

#endif
