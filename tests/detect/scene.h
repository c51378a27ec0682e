/*
 * scene.h - an image's head outputs for tests, made from a rule that C and the golden scripts share.
 */
#ifndef FA_TESTS_DETECT_SCENE_H
#define FA_TESTS_DETECT_SCENE_H

#include "fa/anchors.h"
#include "fa/loss.h"

/* The n-th value is that of noise() in golden/reference.py: a multiple of 2^-15 in [-1, 1). */
float test_noise(unsigned seed, unsigned n);

struct test_scene {
    struct fa_pyramid pyramid;
    struct fa_head_view head;
    float *anchors;
    size_t *levels;
    fa_real *cls, *reg, *grad_cls, *grad_reg;
};

/* Anchors of an h by w image; head outputs are zero. */
struct test_scene test_scene_create(int h, int w, int num_classes);
void test_scene_free(struct test_scene *scene);

/* Logits scale * noise + offset, then deltas delta_scale * noise. */
void test_scene_fill(struct test_scene *scene, unsigned seed, float logit_scale, float logit_offset,
                     float delta_scale);

/* The toy case of the specification's appendix, image 0 or 1, of 64 by 64 and 3 classes. */
void test_scene_fill_toy(struct test_scene *scene, int image);
extern const struct fa_objects test_toy_objects[2], test_no_objects;

#endif
