/*
 * census.h - what a dataset offers to training, counted, and what in it looks like a mistake.
 *
 * One rule says which annotations are objects to train on; samples are made by it and the census counts by
 * it. The census also notices boxes that were written by another convention, and classes that nothing uses.
 * It looks at each annotation once and keeps no list of them.
 */
#ifndef FA_CENSUS_H
#define FA_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/shard.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* What an annotation is to training: an object, or why it is none. The first reason that holds counts. */
enum fa_object_kind {
    FA_OBJECT_TRAINED,
    FA_OBJECT_CROWD,
    FA_OBJECT_IGNORED,
    FA_OBJECT_NO_AREA,  /* area <= 0 */
    FA_OBJECT_SUBPIXEL, /* a side below one pixel */
    FA_OBJECT_OUTSIDE,  /* of its image */
    FA_OBJECT_KINDS
};

/* An annotation and its image. */
struct fa_object {
    double bbox[4]; /* x y w h */
    double area;
    bool crowd, ignore;
    int32_t label;
    int64_t id;
    const char *file_name; /* outlives the census */
    int image_w, image_h;
};

enum fa_object_kind fa_object_kind(const struct fa_object *object);

/* Annotation a of a dataset, which is one of the record's. */
struct fa_object fa_dataset_object(const struct fa_dataset *dataset, const struct fa_record *record,
                                   size_t a);

/* By area in the image, as COCO's metrics have it: below 32 x 32, below 96 x 96, the others. */
enum { FA_SIZE_CLASSES = 3 };
extern const char *const fa_size_names[FA_SIZE_CLASSES];
int fa_size_class(double area);

struct fa_census_class {
    int64_t id;
    const char *name;
    size_t n_trained;
};

/* Boxes that share an oddity. */
struct fa_oddity {
    size_t n;
    struct fa_object first;
};

struct fa_census {
    size_t n, of[FA_OBJECT_KINDS];   /* annotations that the dataset has */
    size_t of_size[FA_SIZE_CLASSES]; /* those that are trained on */
    size_t n_classes;
    struct fa_census_class *classes;
    size_t n_seen;               /* boxes looked at, also those that the dataset does not take */
    struct fa_oddity leaving;    /* right or bottom edges outside the image */
    struct fa_oddity corners;    /* what would fit as x1 y1 x2 y2 */
    struct fa_oddity fractions;  /* wholly within one pixel of the image's corner */
    struct fa_oddity quarter[4]; /* wholly in one quarter of the image: left or right + 2 * top or bottom */
};

/* names and ids of classes are borrowed. */
fa_status fa_census_create(size_t n_classes, struct fa_census *out) FA_CHECK_RESULT;
void fa_census_set_class(struct fa_census *census, size_t label, int64_t id, const char *name);
void fa_census_clear(struct fa_census *census);

/* A box as it was written; and an annotation as the dataset has it. */
void fa_census_look(struct fa_census *census, const struct fa_object *object);
void fa_census_count(struct fa_census *census, const struct fa_object *object);

/* Both, for all of a dataset. *out is freed with fa_census_clear. */
fa_status fa_census_take(const struct fa_dataset *dataset, struct fa_census *out) FA_CHECK_RESULT;

/* Whether nearly all boxes can be read as corners, and some cannot be read as what they should be. */
bool fa_census_has_corners(const struct fa_census *census);

/* A log line on what there is, "<name>: 12 objects to train on; ...", and one for each suspicion. */
fa_status fa_census_tell(const struct fa_census *census, const char *name) FA_CHECK_RESULT;

/* FA_EFORMAT, with what the annotations are instead, if no object can be trained on. */
fa_status fa_census_require_objects(const struct fa_census *census, const char *name) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
