/*
 * builder.h - a COCO file's content, put together item by item by the readers of other formats.
 */
#ifndef FA_DATA_ANNOTATIONS_BUILDER_H
#define FA_DATA_ANNOTATIONS_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/coco.h"
#include "fa/status.h"

struct fa_builder {
    struct fa_coco *coco;
    size_t room_categories, room_images, room_annotations;
    uint32_t *slots; /* (n_slots) labels + 1 by the hash of their names; 0: free */
    size_t n_slots;
    bool is_closed; /* all classes are there: another name is a fault */
};

fa_status fa_builder_open(struct fa_builder *builder) FA_CHECK_RESULT;
void fa_builder_close(struct fa_builder *builder); /* frees what was not taken */

/* The label of the class so called, which is added unless all are there. */
fa_status fa_builder_class(struct fa_builder *builder, const char *name, int32_t *label) FA_CHECK_RESULT;

/* FA_EFORMAT for an empty name, and for one that leaves the image folder. */
fa_status fa_builder_check_name(const char *file_name) FA_CHECK_RESULT;

/* Images come one after another; boxes belong to the last one. FA_EFORMAT for such a name, and
   for a size that no image has. */
fa_status fa_builder_image(struct fa_builder *builder, const char *file_name, double w,
                           double h) FA_CHECK_RESULT;

/* FA_EFORMAT for numbers that are no pixels'. bbox: x y w h. */
fa_status fa_builder_box(struct fa_builder *builder, int32_t label, const double bbox[4],
                         bool ignore) FA_CHECK_RESULT;

/* A failure that is one of the file becomes a fault, and FA_OK; its message says where it is. */
fa_status fa_builder_image_fault(struct fa_builder *builder, fa_status status) FA_CHECK_RESULT;
fa_status fa_builder_object_fault(struct fa_builder *builder, fa_status status) FA_CHECK_RESULT;

/* Classes get the order of their names. */
fa_status fa_builder_sort_classes(struct fa_builder *builder) FA_CHECK_RESULT;

/* Numbers all and hands it over. FA_EFORMAT, naming path, without any class. */
fa_status fa_builder_finish(struct fa_builder *builder, const char *path,
                            struct fa_coco **out) FA_CHECK_RESULT;

#endif
