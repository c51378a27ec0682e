/*
 * shard_write.h - one shard from images on disk and the annotations that go with them.
 */
#ifndef FA_DATA_SHARD_WRITE_H
#define FA_DATA_SHARD_WRITE_H

#include <stddef.h>
#include <stdint.h>

#include "fa/coco.h"
#include "fa/new_file.h"
#include "fa/status.h"
#include "manifest.h"
#include "pack/pack_boxes.h"
#include "pack/pack_images.h"

/* What is to be packed: everything of the annotations that was found usable, or one part of it. */
struct fa_pack_plan {
    const struct fa_coco *coco;
    const struct fa_image_folder *folders; /* by the source of an image */
    const struct fa_image_check *checks;   /* per image of coco */
    const struct fa_box_check *boxes;      /* per annotation of coco */
    const uint8_t *part_of;                /* per image of coco; NULL: all are of one part */
    uint8_t part;                          /* that is packed */
    size_t n_images;
    size_t *images;      /* places in coco->images, in its order */
    size_t *first;       /* coco->n_images + 1 values, into annotations */
    size_t *annotations; /* places in coco->annotations: those of image i are [first[i], first[i + 1]) */
};

/* Enters plan->images[begin .. end) in the manifest as its shard of that number, but for what only its file
   tells; shards come in order. */
fa_status fa_shard_enter(const struct fa_pack_plan *plan, size_t begin, size_t end,
                         struct fa_manifest *manifest, size_t number) FA_CHECK_RESULT;

/* Writes the shard to target and adds to its entry what the file tells. An image whose bytes changed since it
   was checked is FA_EFORMAT. */
fa_status fa_shard_write(const struct fa_pack_plan *plan, size_t begin, size_t end,
                         struct fa_new_file *target, struct fa_manifest *manifest,
                         size_t number) FA_CHECK_RESULT;

/* The bytes that the shard's file will take, a little rounded up. */
uint64_t fa_shard_size(const struct fa_pack_plan *plan, size_t begin, size_t end);

#endif
