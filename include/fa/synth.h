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

/* What scenes hold: 1 to 6 objects of all sizes, roughly as wide as high but for bars; or up to 24 of at most
   a third of the shorter side, half of them stretched up to 1:6, of which three quarters may be hidden; or 1
   to 8, all 3 to 12 times as long as they are wide, upright or lying. */
enum fa_synth_scenes { FA_SYNTH_USUAL, FA_SYNTH_CROWDED, FA_SYNTH_ELONGATED };

/* "usual", "crowded", "elongated"; NULL at the end. */
extern const char *const fa_synth_scene_names[];

struct fa_synth_config {
    const char *out_directory; /* gets images/NNNNNN.jpg and annotations.json */
    size_t n_images;
    int n_classes; /* 1..20: shapes, then shapes with another filling */
    uint64_t seed;
    int w, h;
    enum fa_synth_scenes scenes;
};

/* Textured backgrounds, overlapping shapes of many sizes and aspect ratios; some images gray, some without
   objects. Boxes and areas are those of the pixels that are seen; of every object at least 40% (crowded: 25%)
   are. out_directory must be absent or empty, or hold an earlier set, which is replaced; annotations.json is
   written last. */
fa_status fa_synth(const struct fa_synth_config *config) FA_CHECK_RESULT;

FA_END_DECLARATIONS

#endif
