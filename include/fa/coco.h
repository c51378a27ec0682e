/*
 * coco.h - COCO annotations and results in memory.
 *
 * Reading checks everything that can be checked without the images: ids that are unique and defined, boxes
 * that are four numbers such as pixels have. Missing iscrowd is 0 and missing area is w * h, each counted. An
 * annotation with id 0 is an ordinary one. Ids are exact in 64 bits; text that spells a whole number is taken
 * for it, and counted. A file without `annotations` has images without objects, such as those of a test set.
 */
#ifndef FA_COCO_H
#define FA_COCO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_coco_category {
    int64_t id;
    char *name;
};

struct fa_coco_image {
    int64_t id;
    char *file_name;
    int w, h;
    size_t source; /* where several were merged, the place of its own among them; else 0 */
};

struct fa_coco_annotation {
    int64_t id, image_id, category_id;
    size_t image;   /* index into images */
    int32_t label;  /* index into categories */
    double bbox[4]; /* x y w h as given; may be degenerate or outside, pack decides */
    double area;
    bool crowd, ignore;
};

struct fa_coco {
    size_t n_categories, n_images, n_annotations;
    struct fa_coco_category *categories;    /* in the file's order: index = label */
    struct fa_coco_image *images;           /* in the file's order: the dataset's order */
    struct fa_coco_annotation *annotations; /* in the file's order */
    size_t n_missing_area, n_missing_crowd, n_missing_id;
    size_t n_text_ids;
    size_t n_faults;        /* items that cannot be used and are not in the lists above */
    size_t n_faulty_images; /* of these; the rest are annotations */
    char **faults;          /* a line each: list, place and id, and what is wrong */
};

/* The file, if all of it can be used; else FA_EFORMAT with its first fault. */
fa_status fa_coco_read(const char *path, struct fa_coco **out) FA_CHECK_RESULT;

/* What of the file can be used. Images and annotations that cannot be, and annotations of such images, are
   left out, and the former are faults; FA_EFORMAT only for what leaves no way to go on: a file that is not
   COCO's, a category that cannot be used, ids of images that are not unique. */
fa_status fa_coco_read_usable(const char *path, struct fa_coco **out) FA_CHECK_RESULT;
void fa_coco_free(struct fa_coco *coco); /* NULL is fine */

struct fa_coco_result {
    int64_t image_id, category_id;
    double bbox[4]; /* x y w h */
    double score;
};

/* A results file: an array of {image_id, category_id, bbox, score}. *results is freed with fa_free. */
fa_status fa_coco_results_read(const char *path, struct fa_coco_result **results, size_t *n) FA_CHECK_RESULT;

/* Written atomically, streamed (no tree in memory); numbers read back equal. */
fa_status fa_coco_results_write(const char *path, const struct fa_coco_result *results,
                                size_t n) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
