/*
 * merge.h - the annotations of several sources as those of one.
 *
 * Classes are told by their names. They are those of the first source in its order, then what the next ones
 * add; or those of a list, beyond which a class is a fault of its object. Ids of images, of annotations and
 * of classes are kept where no two of a kind are equal; else those of that kind become 1, 2, ...
 */
#ifndef FA_DATA_ANNOTATIONS_MERGE_H
#define FA_DATA_ANNOTATIONS_MERGE_H

#include <stddef.h>

#include "fa/coco.h"
#include "fa/status.h"

/* parts: in their order, emptied; paths: what messages call them; classes: as fa_annotations_read has them,
   or NULL. The images of part k have source k. */
fa_status fa_coco_merge(struct fa_coco *const *parts, const char *const *paths, size_t n, const char *classes,
                        struct fa_coco **out) FA_CHECK_RESULT;

#endif
