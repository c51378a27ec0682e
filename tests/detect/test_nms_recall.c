#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fa/memory.h"
#include "fa/nms_recall.h"
#include "scene.h"
#include "support.h"

static int memory_is_balanced(void **state)
{
    (void)state;
    return fa_memory_balance() == 0 ? 0 : -1;
}

/* One record of golden/nms_recall.bin, see golden/make_nms_recall.py. */
struct golden {
    int32_t h, w, classes, seed, given, n_objects;
    float score_threshold, nms_iou, logit_scale, logit_offset, delta_scale, clip_w, clip_h;
};

static void read_rows(FILE *file, void *rows, size_t size, size_t n)
{
    assert_int_equal(fread(rows, size, n, file), n);
}

static void read_reals(FILE *file, fa_real *out, size_t n)
{
    float value;

    for (size_t i = 0; i < n; i++) {
        read_rows(file, &value, sizeof value, 1);
        out[i] = value;
    }
}

static void fill(const struct golden *golden, FILE *file, struct test_scene *scene)
{
    const size_t n = scene->head.n_anchors;

    test_scene_fill(scene, (unsigned)golden->seed, golden->logit_scale, golden->logit_offset,
                    golden->delta_scale);
    if (golden->given) {
        read_reals(file, scene->cls, n * (size_t)golden->classes);
        read_reals(file, scene->reg, 4 * n);
    }
}

static double of_counts(uint32_t kept, uint32_t found)
{
    return found > 0 ? (double)kept / found : 0;
}

static void check_golden(const struct golden *golden, FILE *file)
{
    struct test_scene scene = test_scene_create(golden->h, golden->w, golden->classes);
    const struct fa_detect_image image = {golden->clip_w, golden->clip_h, {1.5f, 1.25f, 1.5f, 1.25f}};
    struct fa_detect_config config = fa_detect_config_default;
    struct fa_nms_recall got = {0};
    float boxes[100][4];
    uint32_t found[9], kept[9];
    double mean = 0;

    assert_true(golden->n_objects <= 100);
    read_rows(file, boxes, sizeof boxes[0], (size_t)golden->n_objects);
    read_rows(file, found, sizeof found[0], 9);
    read_rows(file, kept, sizeof kept[0], 9);
    fill(golden, file, &scene);
    config.score_threshold = golden->score_threshold;
    config.nms_iou = golden->nms_iou;
    config.pre_nms = config.max_per_image = 1; /* mean nothing here */
    assert_ok(fa_nms_recall_add(&config, &scene.head, &image,
                                &(struct fa_objects){(size_t)golden->n_objects, boxes[0], NULL}, &got));
    for (int i = 0; i < 9; i++) {
        assert_int_equal(got.found[i], found[i]);
        assert_int_equal(got.kept[i], kept[i]);
        assert_near(fa_nms_recall_at(&got, i), of_counts(kept[i], found[i]), 1e-12);
        mean += of_counts(kept[i], found[i]) / 9;
    }
    assert_near(fa_nms_recall_mean(&got), mean, 1e-12);
    test_scene_free(&scene);
}

static void golden_heads_random_and_trained_have_the_counts_of_the_reference(void **state)
{
    FILE *file = fopen(fa_test_source("tests/detect/golden/nms_recall.bin"), "rb");
    struct golden golden;
    int random = 0, trained = 0;

    (void)state;
    assert_non_null(file);
    while (fread(&golden, sizeof golden, 1, file) == 1) {
        check_golden(&golden, file);
        *(golden.given ? &trained : &random) += 1;
    }
    fclose(file);
    assert_int_equal(random, 7);
    assert_int_equal(trained, 2);
}

static void the_nine_thresholds_go_from_a_half_to_nine_tenths(void **state)
{
    static const double want[] = {0.50, 0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.85, 0.90};

    (void)state;
    for (int i = 0; i < FA_NMS_RECALL_IOUS; i++)
        assert_true(fa_nms_recall_iou(i) == want[i]);
    assert_int_equal(FA_NMS_RECALL_IOUS, 9);
}

/* 20 pixels of 30 in all, and 20 of 40, which is the first threshold itself. */
static void an_object_at_the_threshold_is_not_found_and_pixels_are_counted(void **state)
{
    static const float boxes[] = {0, 0, 9, 2, 0, 0, 9, 3};
    struct test_scene scene = test_scene_create(64, 64, 1);
    const struct fa_detect_image image = {9, 1, {1, 1, 1, 1}}; /* clipped, every box that scores is 9 by 1 */
    struct fa_nms_recall got = {0};

    (void)state;
    for (size_t i = 0; i < scene.head.n_anchors; i++)
        scene.cls[i] = -10;
    scene.cls[scene.head.n_anchors - 1] = 3; /* the largest anchor */
    assert_ok(fa_nms_recall_add(&fa_detect_config_default, &scene.head, &image,
                                &(struct fa_objects){2, boxes, NULL}, &got));
    assert_int_equal(got.found[0], 1);
    assert_int_equal(got.found[3], 1); /* 2 / 3 > 0.65 */
    assert_int_equal(got.found[4], 0);
    assert_int_equal(got.kept[3], 1);
    test_scene_free(&scene);
}

static void without_objects_or_boxes_the_recall_is_zero_and_no_division_by_it(void **state)
{
    const struct fa_nms_recall none = {{0}, {0}};

    (void)state;
    for (int i = 0; i < FA_NMS_RECALL_IOUS; i++)
        assert_true(fa_nms_recall_at(&none, i) == 0);
    assert_true(fa_nms_recall_mean(&none) == 0);
}

/* A head that says the same of every anchor and class, or no number at all. */
static void heads_without_sense_count_what_they_say(void **state)
{
    static const float boxes[] = {10, 10, 50, 50};
    struct test_scene scene = test_scene_create(64, 64, 3);
    const struct fa_detect_image image = {64, 64, {1, 1, 1, 1}};
    struct fa_nms_recall got = {0};

    (void)state;
    test_scene_fill(&scene, 1, 0, 40, 0); /* all score 1 */
    assert_ok(fa_nms_recall_add(&fa_detect_config_default, &scene.head, &image,
                                &(struct fa_objects){1, boxes, NULL}, &got));
    assert_int_equal(got.found[0], 1);
    test_scene_fill(&scene, 1, 0, NAN, NAN);
    got = (struct fa_nms_recall){0};
    assert_ok(fa_nms_recall_add(&fa_detect_config_default, &scene.head, &image,
                                &(struct fa_objects){1, boxes, NULL}, &got));
    assert_int_equal(got.found[0], 0);
    test_scene_fill(&scene, 1, 0, 3, NAN); /* boxes that are no boxes meet nothing */
    for (size_t i = 0; i < 3 * scene.head.n_anchors; i++)
        scene.cls[i] = 3;
    assert_ok(fa_nms_recall_add(&fa_detect_config_default, &scene.head, &image,
                                &(struct fa_objects){1, boxes, NULL}, &got));
    assert_int_equal(got.found[0], 0);
    test_scene_free(&scene);
}

static void full_memory_is_an_error_and_counts_nothing(void **state)
{
    static const float boxes[] = {10, 10, 50, 50};
    static const struct fa_detect_image image = {64, 64, {1, 1, 1, 1}};
    const struct fa_objects objects = {1, boxes, NULL};
    struct test_scene scene = test_scene_create(64, 64, 3);
    struct fa_nms_recall got = {0};
    fa_status status = FA_ENOMEM;
    long refused = 0;

    (void)state;
    test_scene_fill(&scene, 1, 4, 0, 1);
    for (; status != FA_OK; refused++) {
        assert_int_equal(got.found[0], 0);
        fa_memory_fail_after(refused + 1);
        status = fa_nms_recall_add(&fa_detect_config_default, &scene.head, &image, &objects, &got);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        assert_int_equal(fa_memory_balance(), 0);
    }
    assert_true(refused > 8);
    test_scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_heads_random_and_trained_have_the_counts_of_the_reference),
        cmocka_unit_test(the_nine_thresholds_go_from_a_half_to_nine_tenths),
        cmocka_unit_test(an_object_at_the_threshold_is_not_found_and_pixels_are_counted),
        cmocka_unit_test(without_objects_or_boxes_the_recall_is_zero_and_no_division_by_it),
        cmocka_unit_test(heads_without_sense_count_what_they_say),
        cmocka_unit_test(full_memory_is_an_error_and_counts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
