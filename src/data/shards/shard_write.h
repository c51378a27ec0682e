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

/* What is to be packed: everything of the annotation file that was found usable. */
struct fa_pack_plan {
    const struct fa_coco *coco;
    const struct fa_image_folder *folder;
    const struct fa_image_check *checks; /* per image of coco */
    const struct fa_box_check *boxes;    /* per annotation of coco */
    size_t n_images;
    size_t *images;      /* places in coco->images, in its order */
    size_t *first;       /* coco->n_images + 1 values, into annotations */
    size_t *annotations; /* places in coco->annotations: those of image i are [first[i], first[i + 1]) */
};

/* Writes plan->images[begin .. end) to target and enters them in the manifest as its shard of that number;
   shards come in order. An image whose bytes changed since it was checked is FA_EFORMAT. */
fa_status fa_shard_write(const struct fa_pack_plan *plan, size_t begin, size_t end,
                         struct fa_new_file *target, struct fa_manifest *manifest,
                         size_t number) FA_CHECK_RESULT;

/* The bytes that the shard's file will take, a little rounded up. */
uint64_t fa_shard_size(const struct fa_pack_plan *plan, size_t begin, size_t end);

#endif
