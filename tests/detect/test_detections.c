#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "fa/detections.h"
#include "fa/memory.h"
#include "scene.h"
#include "support.h"

static int memory_is_balanced(void **state)
{
    (void)state;
    return fa_memory_balance() == 0 ? 0 : -1;
}

static void toy_image_has_the_published_detections(void **state)
{
    static const struct fa_detect_image image = {62, 60, {1.5f, 1.6f, 1.5f, 1.6f}};
    static const size_t want_n[2] = {99, 100};
    static const int32_t want_label[2] = {2, 1};
    static const double want_score[2] = {0.4999998, 0.4999987};
    static const double want_box[2][4] = {{20.329430, 0, 41.333332, 19.939167},
                                          {21.692160, 4.0427184, 41.333332, 33.490047}};
    struct test_scene scene = test_scene_create(64, 64, 3);
    struct fa_detection got[100];
    size_t n;

    (void)state;
    for (int i = 0; i < 2; i++) {
        test_scene_fill_toy(&scene, i);
        assert_ok(
            fa_detections_make(&fa_detect_config_default, &scene.pyramid, &scene.head, &image, got, &n));
        assert_int_equal(n, want_n[i]);
        assert_int_equal(got[0].label, want_label[i]);
        assert_near(got[0].score, want_score[i], 6e-8);
        for (int k = 0; k < 4; k++)
            assert_near(got[0].box[k], want_box[i][k], 4e-6);
    }
    test_scene_free(&scene);
}

/* One record of golden/detections.bin, see golden/make_detections.py. */
struct golden {
    int32_t h, w, classes, seed, pre_nms, max_per_image, n;
    float logit_step, delta_scale, clip_w, clip_h, scale_factor[4];
};

struct golden_row {
    int32_t label;
    float score, box[4];
};

static void check_golden(const struct golden *golden, const struct golden_row *want)
{
    struct test_scene scene = test_scene_create(golden->h, golden->w, golden->classes);
    const struct fa_detect_image image = {
        golden->clip_w,
        golden->clip_h,
        {golden->scale_factor[0], golden->scale_factor[1], golden->scale_factor[2], golden->scale_factor[3]}};
    struct fa_detect_config config = fa_detect_config_default;
    struct fa_detection got[100];
    size_t n, n_logits = scene.head.n_anchors * (size_t)golden->classes;

    test_scene_fill(&scene, (unsigned)golden->seed, 4, 0, golden->delta_scale);
    for (size_t i = 0; i < n_logits; i++)
        scene.cls[i] = floor(scene.cls[i] / golden->logit_step) * golden->logit_step;
    config.pre_nms = golden->pre_nms;
    config.max_per_image = golden->max_per_image;
    assert_ok(fa_detections_make(&config, &scene.pyramid, &scene.head, &image, got, &n));
    assert_int_equal(n, golden->n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(got[i].label, want[i].label);
        assert_near(got[i].score, want[i].score, 1.2e-7);
        for (int k = 0; k < 4; k++)
            assert_near(got[i].box[k], want[i].box[k], 4e-5);
    }
    test_scene_free(&scene);
}

static void golden_cases_agree_box_by_box_also_where_scores_tie(void **state)
{
    FILE *file = fopen(fa_test_source("tests/detect/golden/detections.bin"), "rb");
    struct golden golden;
    struct golden_row rows[100];
    int cases = 0;

    (void)state;
    assert_non_null(file);
    for (; fread(&golden, sizeof golden, 1, file) == 1; cases++) {
        assert_true(golden.n <= 100);
        assert_int_equal(fread(rows, sizeof rows[0], (size_t)golden.n, file), golden.n);
        check_golden(&golden, rows);
    }
    fclose(file);
    assert_int_equal(cases, 6);
}

/* One record of golden/views.bin, see golden/make_views.py. */
struct golden_views {
    int32_t n_views, classes, pre_nms, n;
};

struct golden_view {
    int32_t h, w, seed, mirrored;
    float clip_w, clip_h, scale_x, scale_y;
};

static void add_view(struct fa_candidates *candidates, const struct fa_detect_config *config,
                     const struct golden_view *view, int classes)
{
    struct test_scene scene = test_scene_create(view->h, view->w, classes);
    const struct fa_detect_image image = {
        .clip_w = view->clip_w,
        .clip_h = view->clip_h,
        .scale_factor = {view->scale_x, view->scale_y, view->scale_x, view->scale_y},
        .mirrored = view->mirrored != 0};

    test_scene_fill(&scene, (unsigned)view->seed, 8, -6, 2);
    assert_ok(fa_candidates_add(candidates, config, &scene.pyramid, &scene.head, &image));
    test_scene_free(&scene);
}

static void check_views(const struct golden_views *golden, FILE *file, struct fa_candidates *candidates)
{
    struct fa_detect_config config = fa_detect_config_default;
    struct fa_detection got[100];
    struct golden_view view;
    struct golden_row want;
    size_t n;

    config.pre_nms = golden->pre_nms;
    fa_candidates_empty(candidates);
    for (int i = 0; i < golden->n_views; i++) {
        assert_int_equal(fread(&view, sizeof view, 1, file), 1);
        add_view(candidates, &config, &view, golden->classes);
    }
    assert_ok(fa_candidates_detections(candidates, &config, got, &n));
    assert_int_equal(n, golden->n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(fread(&want, sizeof want, 1, file), 1);
        assert_int_equal(got[i].label, want.label);
        assert_near(got[i].score, want.score, 1.2e-7);
        for (int k = 0; k < 4; k++)
            assert_near(got[i].box[k], want.box[k], 4e-5);
    }
}

static void views_of_twenty_pictures_are_merged_before_one_nms(void **state)
{
    FILE *file = fopen(fa_test_source("tests/detect/golden/views.bin"), "rb");
    struct fa_candidates *candidates;
    struct golden_views golden;
    int pictures = 0;

    (void)state;
    assert_non_null(file);
    assert_ok(fa_candidates_create(&candidates));
    for (; fread(&golden, sizeof golden, 1, file) == 1; pictures++)
        check_views(&golden, file, candidates);
    fa_candidates_destroy(candidates);
    fclose(file);
    assert_int_equal(pictures, 20);
}

static void image_below_the_threshold_has_no_detections(void **state)
{
    static const struct fa_detect_image image = {64, 64, {1, 1, 1, 1}};
    struct test_scene scene = test_scene_create(64, 64, 3);
    struct fa_detection got[100];
    size_t n = 7;

    (void)state;
    test_scene_fill(&scene, 1, 0, -2.9445f, 1); /* sigmoid just below 0.05 */
    assert_ok(fa_detections_make(&fa_detect_config_default, &scene.pyramid, &scene.head, &image, got, &n));
    assert_int_equal(n, 0);
    test_scene_free(&scene);
}

/* 2 x 1 and 2 x 1.5 of one class overlap by 2 of 3: suppressed at 0.5, not at 2 / 3 exactly. */
static void nms_suppresses_only_above_the_threshold_and_within_a_class(void **state)
{
    static const float boxes[] = {0, 0, 2, 1, 0, 0, 2, 1.5f, 0, 0, 2, 1, 0, 0, 2, 0.5f};
    static const float scores[] = {0.9f, 0.8f, 0.7f, 0.6f};
    static const int32_t labels[] = {0, 0, 1, 0};
    size_t keep[4], n;

    (void)state;
    assert_ok(fa_nms(4, boxes, scores, labels, 0.5f, 0, keep, &n));
    assert_int_equal(n, 3); /* the last one overlaps the first by exactly 0.5 */
    assert_true(keep[0] == 0 && keep[1] == 2 && keep[2] == 3);
    assert_ok(fa_nms(4, boxes, scores, labels, 0.5f, 2, keep, &n));
    assert_int_equal(n, 2);
    assert_ok(fa_nms(0, NULL, NULL, NULL, 0.5f, 0, keep, &n));
    assert_int_equal(n, 0);
}

/* The largest coordinate is 10, so class 1 moves by 11: its box then touches that of class 0. */
static void nms_moves_classes_apart_by_the_largest_coordinate_and_one(void **state)
{
    static const float boxes[] = {0, 0, 10, 10, -1, -1, 9, 9};
    static const float scores[] = {0.9f, 0.8f};
    static const int32_t labels[] = {0, 1};
    size_t keep[2], n;

    (void)state;
    assert_ok(fa_nms(2, boxes, scores, labels, 0, 0, keep, &n));
    assert_int_equal(n, 2);
}

static void nms_keeps_equal_scores_in_their_order(void **state)
{
    static const float boxes[] = {50, 50, 60, 60, 0, 0, 10, 10, 20, 20, 30, 30};
    static const float scores[] = {0.5f, 0.5f, 0.5f};
    static const int32_t labels[] = {0, 0, 0};
    size_t keep[3], n;

    (void)state;
    assert_ok(fa_nms(3, boxes, scores, labels, 0.5f, 0, keep, &n));
    assert_int_equal(n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(keep[i], i);
}

static void full_memory_is_an_error_and_leaks_nothing(void **state)
{
    static const struct fa_detect_image image = {64, 64, {1, 1, 1, 1}};
    struct test_scene scene = test_scene_create(64, 64, 3);
    struct fa_detection got[100];
    fa_status status = FA_ENOMEM;
    size_t n;
    long refused = 0;

    (void)state;
    test_scene_fill(&scene, 1, 4, 0, 1);
    for (; status != FA_OK; refused++) {
        fa_memory_fail_after(refused + 1);
        status = fa_detections_make(&fa_detect_config_default, &scene.pyramid, &scene.head, &image, got, &n);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        assert_int_equal(fa_memory_balance(), 0);
    }
    assert_true(refused > 4);
    test_scene_free(&scene);
}

static void limits_below_one_are_refused(void **state)
{
    static const struct fa_detect_image image = {64, 64, {1, 1, 1, 1}};
    struct test_scene scene = test_scene_create(64, 64, 1);
    struct fa_detect_config config = fa_detect_config_default;
    size_t n;

    (void)state;
    config.pre_nms = 0;
    assert_fails_saying(fa_detections_make(&config, &scene.pyramid, &scene.head, &image, NULL, &n), FA_EINVAL,
                        "pre_nms");
    test_scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toy_image_has_the_published_detections),
        cmocka_unit_test(golden_cases_agree_box_by_box_also_where_scores_tie),
        cmocka_unit_test(views_of_twenty_pictures_are_merged_before_one_nms),
        cmocka_unit_test(image_below_the_threshold_has_no_detections),
        cmocka_unit_test(nms_suppresses_only_above_the_threshold_and_within_a_class),
        cmocka_unit_test(nms_moves_classes_apart_by_the_largest_coordinate_and_one),
        cmocka_unit_test(nms_keeps_equal_scores_in_their_order),
        cmocka_unit_test(full_memory_is_an_error_and_leaks_nothing),
        cmocka_unit_test(limits_below_one_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
