/*
 * annotations.h - annotations as several tools write them, each read into what a COCO file would have said.
 *
 *   COCO      one JSON file
 *   Pascal VOC   a folder of XML files, one an image
 *   YOLO      a folder of text files, one an image, and the names of the classes
 *   LabelMe   a folder of JSON files, one an image
 *   CVAT      one XML file, "CVAT for images 1.1"
 *
 * All but COCO have no numbers: images and annotations get 1, 2, ... in the order of their file names, and
 * classes in the order below. An outline becomes the box around it. Names of images are relative to the
 * image folder.
 */
#ifndef FA_ANNOTATIONS_H
#define FA_ANNOTATIONS_H

#include <stdbool.h>

#include "fa/coco.h"
#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum fa_annotation_format {
    FA_ANNOTATIONS_BY_CONTENT,
    FA_ANNOTATIONS_COCO,
    FA_ANNOTATIONS_VOC,
    FA_ANNOTATIONS_YOLO,
    FA_ANNOTATIONS_LABELME,
    FA_ANNOTATIONS_CVAT,
    FA_N_ANNOTATION_FORMATS
};

/* "auto", "coco", "voc", ...; by enum fa_annotation_format. */
extern const char *const fa_annotation_format_names[FA_N_ANNOTATION_FORMATS];

struct fa_annotation_source {
    const char *path; /* file or folder */
    enum fa_annotation_format format;
    const char *image_directory;
    bool follow_links; /* of both folders, to files outside of them */
};

/* What of n sources, at least one, can be used, as fa_coco_read_usable; *out is freed with fa_coco_free.
   classes: all classes in their order, names with commas between, or a file with a name a line; one beyond
   them is a fault of its object. NULL: as the sources have them, VOC's and LabelMe's sorted by name. Several
   sources become one: their classes are united by name, their ids kept only where no two are equal. */
fa_status fa_annotations_read(const struct fa_annotation_source *sources, size_t n, const char *classes,
                              struct fa_coco **out) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
