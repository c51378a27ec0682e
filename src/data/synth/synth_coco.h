/* synth_coco.h - the COCO annotations of synthetic scenes, collected scene by scene. */
#ifndef FA_DATA_SYNTH_COCO_H
#define FA_DATA_SYNTH_COCO_H

#include <stdbool.h>

#include "fa/json.h"
#include "synth_scene.h"

struct fa_synth_coco {
    struct fa_json *root, *images, *annotations; /* the latter two belong to the root */
    int64_t n_annotations;
};

fa_status fa_synth_coco_init(const struct fa_synth_config *config,
                             struct fa_synth_coco *coco) FA_CHECK_RESULT;
void fa_synth_coco_clear(struct fa_synth_coco *coco);

fa_status fa_synth_coco_add(struct fa_synth_coco *coco, int64_t image_id, const char *file_name,
                            const struct fa_scene *scene) FA_CHECK_RESULT;

/* The file is complete under path or absent. */
fa_status fa_synth_coco_write(const struct fa_synth_coco *coco, const char *path) FA_CHECK_RESULT;

/* Whether path is a file that fa_synth_coco_write wrote. */
fa_status fa_synth_coco_is_ours(const char *path, bool *ours) FA_CHECK_RESULT;

#endif
