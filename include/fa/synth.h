/*
 * synth.h - synthetic scenes with known objects: JPEGs and a COCO file, a pure function of the seed.
 */
#ifndef FA_SYNTH_H
#define FA_SYNTH_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_synth_config {
    const char *out_directory; /* gets images/NNNNNN.jpg and annotations.json */
    size_t n_images;
    int n_classes; /* 1..20: shapes, then shapes with another filling */
    uint64_t seed;
    int w, h;
};

/* Textured backgrounds, overlapping shapes of many sizes and aspect ratios; some images gray, some without
   objects. Boxes and areas are those of the pixels that are seen; of every object at least 40% are.
   out_directory must be absent or empty, or hold an earlier set, which is replaced; annotations.json is
   written last. */
fa_status fa_synth(const struct fa_synth_config *config) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
