/*
 * coco_member.h - members that an item of a COCO file must have. A failure says what is wrong with the
 * member; the caller says where the item is.
 */
#ifndef FA_DATA_COCO_MEMBER_H
#define FA_DATA_COCO_MEMBER_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/json.h"
#include "fa/status.h"

/* An id: a whole number of 64 bits, or text that spells one, which is counted in *n_text. */
fa_status fa_coco_member_id(const struct fa_json *item, const char *key, int64_t *out,
                            size_t *n_text) FA_CHECK_RESULT;

/* Whether x y w h are numbers, of a magnitude that pixels can have. */
bool fa_coco_box_is_pixels(const double bbox[4]);

/* `bbox`: x y w h, of a magnitude that pixels can have. */
fa_status fa_coco_member_box(const struct fa_json *item, double bbox[4]) FA_CHECK_RESULT;

#endif
