/*
 * packing.h - a packing under way, as its three pieces of work share it: pack_judge.c looks at everything,
 * pack_part.c writes a dataset, pack.c does one after the other.
 */
#ifndef FA_DATA_PACKING_H
#define FA_DATA_PACKING_H

#include "fa/census.h"
#include "fa/shard.h"
#include "images/image_folder.h"
#include "pack_boxes.h"
#include "pack_images.h"
#include "pack_part.h"
#include "pack_rejects.h"

struct fa_packing {
    const struct fa_pack_config *config;
    struct fa_pack_report *report;
    char *title, *images_title; /* what messages call the sources, and their folders of images */
    struct fa_coco *coco;
    struct fa_image_folder *folders; /* per source */
    struct fa_pack_part parts[FA_PACK_MAX_PARTS];
    size_t n_parts;
    bool made_outer;  /* the directory of the parts was not there before */
    uint8_t *part_of; /* per image; NULL where there is one part */
    struct fa_rejects rejects;
    struct fa_census census;
    struct fa_image_check *checks;         /* per image */
    size_t n_bad_images, n_missing_images; /* with a complaint; those whose file is not there */
    struct fa_box_check *boxes;            /* per annotation */
    bool refused;                          /* something cannot be used, and may not be left out either */
};

/* Annotation a as the census sees it, with this box. */
struct fa_object fa_packing_object(const struct fa_packing *packing, size_t a, const double bbox[4]);

/* Before the images are looked at (pack_images.h): room for verdicts, and what the annotations say against
   themselves. */
fa_status fa_pack_judge_begin(struct fa_packing *packing) FA_CHECK_RESULT;

/* After that. FA_EFORMAT, when all was looked at and listed, if something cannot be used that may not be left
   out, or if no object is left to train on. */
fa_status fa_pack_judge(struct fa_packing *packing) FA_CHECK_RESULT;

#endif
