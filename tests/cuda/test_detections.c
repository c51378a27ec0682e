/*
 * test_detections.c - detections on the device against the host's: the same set, in the same order, to the
 * bit.
 */
#include <math.h>
#include <string.h>

#include "detections.h"
#include "device_head.h"
#include "fa/memory.h"

static const struct fa_detect_image geometry = {62, 60, {1.5f, 1.6f, 1.5f, 1.6f}};
static struct fa_detect_config config;

static int reset_config(void **state)
{
    (void)state;
    config = fa_detect_config_default;
    return 0;
}

enum { ROOM = 2000 };

/* Returns how many there are. */
static size_t compare(enum fa_cuda_type type, struct test_scene *scene)
{
    struct fa_cuda_head head = device_head_new(type, scene, type == FA_CUDA_F32 ? 0 : 16);
    void *scratch = device_zero(fa_cuda_detections_scratch_bytes(&config, &head));
    struct fa_detect_image *image = device_copy(&geometry, sizeof geometry);
    struct fa_detection *got = device_new((size_t)config.max_per_image * sizeof *got), want[ROOM];
    int32_t *n_got = device_new(sizeof *n_got);
    size_t n_want;

    assert_true(config.max_per_image <= ROOM);
    assert_ok(fa_detections_make(&config, &scene->pyramid, &scene->head, &geometry, want, &n_want));
    for (int times = is_slow(); times < 2; times++) { /* as a captured graph does */
        assert_runs(fa_cuda_detections(NULL, &config, &head, image, scratch, got, n_got));
        assert_int_equal(*n_got, n_want);
        for (size_t i = 0; i < n_want; i++)
            if (memcmp(&got[i], &want[i], sizeof want[i]) != 0)
                fail_msg("detection %zu of %zu: got class %d, score %.9g, want class %d, score %.9g", i,
                         n_want, (int)got[i].label, (double)got[i].score, (int)want[i].label,
                         (double)want[i].score);
    }
    device_free(n_got);
    device_free(got);
    device_free(image);
    device_free(scratch);
    device_head_free(&head);
    return n_want;
}

/* Threads meet alike for both types. */
static size_t compare_types(struct test_scene *scene)
{
    if (!is_slow())
        compare(FA_CUDA_BF16, scene); /* rounds the scene, of which float then is a scene like any other */
    return compare(FA_CUDA_F32, scene);
}

static void random_heads_agree_also_where_scores_tie(void **state)
{
    static const float steps[] = {0x1p-15f, 0.25f, 2};

    (void)state;
    for (size_t i = is_slow() ? 2 : 0; i < 3; i++) {
        const int side = is_slow() ? 32 : 64;
        struct test_scene scene = test_scene_create(side, side, is_slow() ? 1 : 3);
        const size_t n = scene.head.n_anchors * (size_t)scene.head.num_classes;

        test_scene_fill(&scene, (unsigned)i, 4, -1, 0.5f);
        for (size_t k = 0; k < n; k++)
            scene.cls[k] = floorf(scene.cls[k] / steps[i]) * steps[i];
        assert_true(compare_types(&scene) > (is_slow() ? 3 : 50));
        test_scene_free(&scene);
    }
}

/* Levels have 576 to 9 pairs: some are cut, some are not. */
static void limits_and_thresholds_cut_as_on_the_host(void **state)
{
    static const struct {
        int pre_nms, max_per_image;
        double score_threshold, nms_iou;
    } cases[] = {{1, 100, 0.05, 0.5}, {30, 7, 0.05, 0.5},
                 {30, 1, 0.5, 0.9},   {FA_CUDA_MOST_PRE_NMS, ROOM, -1, 0},
                 {50, 100, 0.05, 1},  {50, 100, 1, 0.5}};
    struct test_scene scene = test_scene_create(64, 64, 3);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        config.pre_nms = cases[i].pre_nms;
        config.max_per_image = cases[i].max_per_image;
        config.score_threshold = cases[i].score_threshold;
        config.nms_iou = cases[i].nms_iou;
        test_scene_fill(&scene, 3, 4, -1, 0.5f);
        compare(FA_CUDA_F32, &scene);
    }
    test_scene_free(&scene);
}

static void an_image_below_the_threshold_has_no_detections(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);

    (void)state;
    test_scene_fill(&scene, 1, 0, -2.9445f, 1); /* sigmoid just below 0.05 */
    assert_int_equal(compare(FA_CUDA_F32, &scene), 0);
    test_scene_free(&scene);
}

/* All scores are equal: the lowest indices of each level are its candidates. */
static void equal_scores_go_by_index_and_level(void **state)
{
    struct test_scene scene = test_scene_create(64, 64, 3);

    (void)state;
    config.pre_nms = 40;
    config.max_per_image = 300;
    assert_true(compare_types(&scene) > 10);
    test_scene_free(&scene);
}

/* NaN among logits is no detection; deltas of NaN and beyond float's range make boxes as on the host. */
static void nan_and_infinity_give_what_they_give_on_the_host(void **state)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 88, -88};
    struct test_scene scene = test_scene_create(64, 64, 3);

    (void)state;
    test_scene_fill(&scene, 2, 4, 0, 0.5f);
    for (size_t i = 0; i < 50; i++) {
        scene.cls[31 * i] = odd[i % 7];
        scene.reg[29 * i] = odd[(i + 3) % 7];
    }
    assert_true(compare_types(&scene) > 50);
    test_scene_free(&scene);
}

static void what_a_block_has_no_room_for_is_refused(void **state)
{
    const struct fa_cuda_head head = {.num_classes = 80, .cls_channels = 720, .level = {{.positions = 100}}};
    struct fa_cuda_head vast = head;

    (void)state;
    vast.level[0].positions = 0xFFFFFFFFu / 720 + 1;
    assert_int_equal(fa_cuda_detections(NULL, &config, &vast, NULL, NULL, NULL, NULL), FA_CUDA_INVALID_VALUE);
    config.pre_nms = FA_CUDA_MOST_PRE_NMS + 1;
    assert_int_equal(fa_cuda_detections(NULL, &config, &head, NULL, NULL, NULL, NULL), FA_CUDA_INVALID_VALUE);
    config.pre_nms = 0;
    assert_int_equal(fa_cuda_detections(NULL, &config, &head, NULL, NULL, NULL, NULL), FA_CUDA_INVALID_VALUE);
    reset_config(NULL);
    config.max_per_image = 0;
    assert_int_equal(fa_cuda_detections(NULL, &config, &head, NULL, NULL, NULL, NULL), FA_CUDA_INVALID_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(random_heads_agree_also_where_scores_tie, reset_config),
        cmocka_unit_test_setup(limits_and_thresholds_cut_as_on_the_host, reset_config),
        cmocka_unit_test_setup(an_image_below_the_threshold_has_no_detections, reset_config),
        cmocka_unit_test_setup(equal_scores_go_by_index_and_level, reset_config),
        cmocka_unit_test_setup(nan_and_infinity_give_what_they_give_on_the_host, reset_config),
        cmocka_unit_test_setup(what_a_block_has_no_room_for_is_refused, reset_config),
    };
    const struct CMUnitTest watched[] = {
        cmocka_unit_test_setup(random_heads_agree_also_where_scores_tie, reset_config),
    };

    if (is_slow())
        return cmocka_run_group_tests(watched, NULL, fa_test_memory_balances);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
