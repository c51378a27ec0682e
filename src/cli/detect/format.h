/*
 * format.h - detections in the formats of others: a COCO file, and texts as YOLO has them.
 */
#ifndef FA_CLI_DETECT_FORMAT_H
#define FA_CLI_DETECT_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "arguments.h"
#include "fa/detections.h"
#include "fa/weights.h"
#include "image_list.h"
#include "known_pictures.h"

/* Which are wanted, beside our own list. */
struct fa_detect_formats {
    bool coco, yolo;
};

/* From --format, which may be repeated. */
fa_status fa_detect_formats_read(const struct fa_arguments *arguments,
                                 struct fa_detect_formats *out) FA_CHECK_RESULT;

#define FA_DETECT_COCO   "coco.json"
#define FA_DETECT_LABELS "labels"

/* "labels/a.txt" of "photos/a.jpg". */
#define FA_DETECT_LABELS_NAME_MAX 280
void fa_detect_labels_name(const char *image, char name[FA_DETECT_LABELS_NAME_MAX]);

struct fa_detect_row {
    size_t image;
    struct fa_detection detection;
};

/* Of an image that could be used. */
struct fa_detect_size {
    size_t image;
    int32_t w, h;
    struct fa_fingerprint file;
};

/* What was found in all images. */
struct fa_detect_results {
    const struct fa_image_list *images;
    const struct fa_weights_meta *meta;
    const struct fa_detect_row *rows;   /* by image, and then best first */
    const struct fa_detect_size *sizes; /* by image */
    size_t n_rows, n_sizes;
};

/* The class of the weights, or "class 3", in a buffer, where they name none. */
const char *fa_detect_class_name(const struct fa_weights_meta *meta, int32_t label, char buffer[24]);

/* A dataset of COCO's, which pack reads: boxes have a score. */
fa_status fa_detect_write_coco(const char *directory,
                               const struct fa_detect_results *results) FA_CHECK_RESULT;

/* A text for each image, in the folder of labels: a line for each box, class, centre and sides as shares of
   the image, score. */
fa_status fa_detect_write_yolo(const char *directory,
                               const struct fa_detect_results *results) FA_CHECK_RESULT;

/* Whether what stands under that path was written by these. */
bool fa_detect_is_our_coco(const char *path);
bool fa_detect_is_our_text(const char *path);

#endif
