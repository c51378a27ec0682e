#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const float toy_boxes_0[] = {5, 11, 44.25f, 46.75f, 0.5f, 2.75f, 50.75f, 50.25f};
static const float toy_boxes_1[] = {19.5f, 9.75f, 35.25f, 39.75f};
static const int32_t toy_labels_0[] = {1, 1}, toy_labels_1[] = {0};
const struct fa_objects test_toy_objects[2] = {{2, toy_boxes_0, toy_labels_0},
                                               {1, toy_boxes_1, toy_labels_1}};
const struct fa_objects test_no_objects = {0, NULL, NULL};

float test_noise(unsigned seed, unsigned n)
{
    uint32_t x = n + seed * 1000003u;

    x *= 0x9E3779B1u;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    return (float)((int)(x >> 16) - 32768) * 0x1p-15f;
}

static void *zeros(size_t n, size_t size)
{
    void *block = calloc(n, size);

    assert_non_null(block);
    return block;
}

struct test_scene test_scene_create(int h, int w, int num_classes)
{
    struct test_scene scene;
    size_t n, n_logits;

    fa_pyramid_make(3, h, w, &scene.pyramid);
    n = scene.pyramid.n_anchors;
    n_logits = n * (size_t)num_classes;
    scene.anchors = zeros(n, 4 * sizeof(float));
    scene.cls = zeros(n_logits, sizeof(fa_real));
    scene.reg = zeros(n, 4 * sizeof(fa_real));
    scene.grad_cls = zeros(n_logits, sizeof(fa_real));
    scene.grad_reg = zeros(n, 4 * sizeof(fa_real));
    fa_anchors_make(&scene.pyramid, &fa_anchors_of_reference, scene.anchors);
    scene.levels = zeros(FA_LEVELS, sizeof *scene.levels);
    memcpy(scene.levels, scene.pyramid.first, FA_LEVELS * sizeof *scene.levels);
    scene.head = (struct fa_head_view){.n_anchors = n,
                                       .num_classes = num_classes,
                                       .anchors = scene.anchors,
                                       .cls = scene.cls,
                                       .reg = scene.reg,
                                       .n_levels = FA_LEVELS,
                                       .level_first = scene.levels,
                                       .per_position = FA_CELL_ANCHORS};
    return scene;
}

void test_scene_free(struct test_scene *scene)
{
    free(scene->anchors);
    free(scene->levels);
    free(scene->cls);
    free(scene->reg);
    free(scene->grad_cls);
    free(scene->grad_reg);
}

void test_scene_fill(struct test_scene *scene, unsigned seed, float logit_scale, float logit_offset,
                     float delta_scale)
{
    unsigned n_logits = (unsigned)scene->head.n_anchors * (unsigned)scene->head.num_classes;

    for (unsigned i = 0; i < n_logits; i++)
        scene->cls[i] = (fa_real)(test_noise(seed, i) * logit_scale + logit_offset);
    for (unsigned i = 0; i < 4 * scene->head.n_anchors; i++)
        scene->reg[i] = (fa_real)(test_noise(seed, n_logits + i) * delta_scale);
}

void test_scene_fill_toy(struct test_scene *scene, int image)
{
    const int classes = scene->head.num_classes;

    for (int j = 0; j < (int)scene->head.n_anchors; j++) {
        for (int c = 0; c < classes; c++)
            scene->cls[j * classes + c] = (fa_real)(float)(2 * sin(0.37 * j + 1.3 * c + 0.5 * image) - 2);
        for (int k = 0; k < 4; k++)
            scene->reg[4 * j + k] = (fa_real)(float)(0.5 * cos(0.11 * j + 0.7 * k + 0.3 * image));
    }
}
