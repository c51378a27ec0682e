/*
 * readers.h - a reader of each format. Each adds what it finds to the builder; faults of single files and
 * objects are kept there, other failures are returned.
 */
#ifndef FA_DATA_ANNOTATIONS_READERS_H
#define FA_DATA_ANNOTATIONS_READERS_H

#include "builder.h"
#include "fa/annotations.h"
#include "images/image_folder.h"

struct fa_annotation_reading {
    const struct fa_annotation_source *source;
    const char *classes;                        /* the list given, or NULL */
    struct fa_image_folder annotations, images; /* annotations: where the source is a folder */
    struct fa_builder builder;
};

fa_status fa_voc_read(struct fa_annotation_reading *reading) FA_CHECK_RESULT;
fa_status fa_yolo_read(struct fa_annotation_reading *reading) FA_CHECK_RESULT;
fa_status fa_labelme_read(struct fa_annotation_reading *reading) FA_CHECK_RESULT;
fa_status fa_cvat_read(struct fa_annotation_reading *reading) FA_CHECK_RESULT;

/* ---- shared by them ---- */

/* The number at the beginning of text and what follows it; false where that is none, or not finite. */
bool fa_annotation_take_number(const char *text, double *out, const char **rest);

/* A number that a text is, all of it: FA_EFORMAT otherwise, with `what` in front. NULL is no number. */
fa_status fa_annotation_number(const char *what, const char *text, double *out) FA_CHECK_RESULT;

/* Where the content of a text file begins, behind a mark of UTF-8. FA_EFORMAT for UTF-16 and what has zeros.
 */
fa_status fa_annotation_text(char *text, size_t n_bytes, char **begin) FA_CHECK_RESULT;

/* The box around n points (x, y); n at least 1. */
void fa_box_around(const double (*points)[2], size_t n, double bbox[4]);

/* The size of an image as people see it, turned as its EXIF data say. */
fa_status fa_annotation_image_size(const struct fa_annotation_reading *reading, const char *name, int *w,
                                   int *h) FA_CHECK_RESULT;

/* Image `name`, as the annotation file `file` calls it: it lies beside that file, in the image folder. Freed
   with fa_free. */
fa_status fa_annotation_image_beside(const char *file, const char *name, char **out) FA_CHECK_RESULT;

#endif
