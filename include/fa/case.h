/*
 * case.h - one image with its objects as training sees it, in a file: what `freeanchor replay` runs, and what
 * training keeps of an image that broke it (page: data/FORMAT.md, "Case files").
 */
#ifndef FA_CASE_H
#define FA_CASE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/detections.h"
#include "fa/loader.h"
#include "fa/loss.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Has the image, or what the head said of it. */
struct fa_case {
    int h, w;           /* of the padded image */
    const float *image; /* (3, h, w) as fed to the network; NULL: the head's outputs are given */
    size_t n_anchors;   /* of that size; as num_classes, 0 with an image */
    int num_classes;
    int finest_level; /* of the pyramid that has so many anchors; 0: that of the recipe */
    const float *cls; /* (n_anchors, num_classes) logits */
    const float *reg; /* (n_anchors, 4) deltas */
    struct fa_objects objects;
    bool has_normalizer; /* else the image is a batch of its own */
    double normalizer;   /* of the batch that the image was in */
    struct fa_detect_image frame;
};

/* A view of a sample and of chw, which becomes its image and has room for (3, h, w); without a normalizer,
   not to be cleared. */
void fa_case_of_sample(const struct fa_sample *sample, float *chw, struct fa_case *out);

/* The file is complete under path, or path is what it was. */
fa_status fa_case_write(const char *path, const struct fa_case *given) FA_CHECK_RESULT;

/* FA_EFORMAT, naming file and dataset, for what is no case: shapes that contradict each other, a size that
   the network does not take, a box without size, a label that cannot be. Datasets of other names are warned
   of. fa_case_clear frees; *out is empty on failure. */
fa_status fa_case_read(const char *path, struct fa_case *out) FA_CHECK_RESULT;
void fa_case_clear(struct fa_case *given); /* leaves it empty; an empty one is fine */

/* FA_EFORMAT, naming the file and the object, if one has a label that a head of so many classes lacks. */
fa_status fa_case_check_labels(const struct fa_case *given, const char *path,
                               int num_classes) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
