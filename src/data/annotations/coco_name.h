/*
 * coco_name.h - the names of image files in an annotation file, which strangers and other systems wrote.
 */
#ifndef FA_DATA_COCO_NAME_H
#define FA_DATA_COCO_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/coco.h"
#include "fa/status.h"

/* Whether the name is relative and never climbs: it may point into the image directory only. */
bool fa_coco_name_stays_inside(const char *name);

/* Names written on Windows: where no file has the name as it stands, but one has it with / for every \, the
   image gets that name. *n counts those, and a warning tells of them. */
fa_status fa_coco_names_mend(struct fa_coco *coco, const char *directory, size_t *n) FA_CHECK_RESULT;

/* The two images, as places in coco->images, of the first file that has two ids; *n is the number of such
   images beyond the first of each file. 0: none. */
fa_status fa_coco_names_repeated(const struct fa_coco *coco, size_t *n, size_t pair[2]) FA_CHECK_RESULT;

#endif
