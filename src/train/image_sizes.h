/*
 * image_sizes.h - the padded sizes of the images that a run trains on, which its dataset's index tells.
 */
#ifndef FA_TRAIN_IMAGE_SIZES_H
#define FA_TRAIN_IMAGE_SIZES_H

#include <stddef.h>

#include "fa/loader.h"

struct fa_image_size {
    int h, w;
};

struct fa_image_sizes {
    size_t n, room;
    struct fa_image_size *at;
};

/* Each size once, in the order of the records: at every pair of the recipe's scales, or at both ends of a
   range. The same list on all ranks; its sizes are freed with fa_free, also after an error. */
fa_status fa_image_sizes_list(const struct fa_dataset *dataset, const struct fa_transform *transform,
                              struct fa_image_sizes *out) FA_CHECK_RESULT;

/* The one with most pixels. */
struct fa_image_size fa_image_sizes_largest(const struct fa_image_sizes *sizes);

#endif
