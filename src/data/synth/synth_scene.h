/* synth_scene.h - one synthetic scene: its picture and its objects. */
#ifndef FA_DATA_SYNTH_SCENE_H
#define FA_DATA_SYNTH_SCENE_H

#include "fa/image.h"
#include "fa/synth.h"

#define FA_SCENE_MAX_OBJECTS 24

struct fa_scene_object {
    int label;
    int x, y, w, h; /* bounds of its visible pixels */
    int area;       /* their number */
    int full_area;  /* with those that others hide and those outside of the image */
};

struct fa_scene {
    struct fa_picture picture;
    bool gray;      /* R, G and B are equal and the file is to have one component */
    uint8_t *owner; /* by pixel: 1 + the object that is seen there, 0 for background */
    int n_objects;
    struct fa_scene_object objects[FA_SCENE_MAX_OBJECTS];
};

/* Scene `number` of the configuration's seed, classes and size; nothing else matters. */
fa_status fa_scene_make(const struct fa_synth_config *config, uint64_t number,
                        struct fa_scene *scene) FA_CHECK_RESULT;
void fa_scene_free(struct fa_scene *scene);

#endif
