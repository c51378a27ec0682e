/*
 * pack_images.h - every image of an annotation file read, decoded and judged, by several threads
 * of several processes.
 */
#ifndef FA_DATA_PACK_IMAGES_H
#define FA_DATA_PACK_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/coco.h"
#include "fa/image.h"
#include "fa/status.h"
#include "fa/team.h"
#include "images/image_folder.h"

/* Which size of the image the annotation file has, where EXIF asks for a turn. */
enum fa_size_tells {
    FA_SIZE_TELLS_NOTHING, /* both are the same */
    FA_SIZE_IS_TURNED,
    FA_SIZE_IS_STORED,
};

/* What was found out about one image. */
struct fa_image_check {
    char *complaint; /* one line naming the file, if it cannot be used; else NULL */
    bool is_missing; /* since there is none */
    size_t n_bytes;
    size_t n_decode; /* as fa_image_info has it */
    uint32_t crc;
    enum fa_codec codec;
    int exif; /* the orientation that its EXIF data ask for */
    enum fa_size_tells size;
    int orientation;   /* to apply after decoding; set by pack_exif.h, as is the next */
    bool exif_ignored; /* EXIF asks for a turn that the annotation file did not make */
};

/* checks has coco->n_images entries, zeroed; folders are by the source of an image. A bad image is a
   complaint; only what says nothing about the image, such as memory, is a failure. The complaints are freed
   by the next function. Collective over the team: each looks at its share, all get all. */
fa_status fa_check_images(const struct fa_coco *coco, const struct fa_image_folder *folders, int n_threads,
                          const struct fa_team *team, struct fa_image_check *checks) FA_CHECK_RESULT;
void fa_image_checks_free(struct fa_image_check *checks, size_t n);

#endif
