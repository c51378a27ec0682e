/*
 * test_focal.c - RetinaNet's loss, its gradients and its share against the host's, in float and in bfloat16.
 */
#include <math.h>
#include <string.h>

#include "compare_loss.h"
#include "focal.h"
#include "golden_loss.h"

static struct fa_loss_config config; /* that of the RetinaNet recipes, anew for each test */

static int reset_config(void **state)
{
    (void)state;
    config = fa_loss_default;
    config.kind = FA_LOSS_FOCAL;
    config.coder = (struct fa_box_coder){{1, 1, 1, 1}};
    return 0;
}

static void compare_types(struct test_scene *scene, const struct fa_objects *objects, double normalizer)
{
    device_loss_compare(&config, FA_CUDA_F32, scene, objects, normalizer);
    device_loss_compare(&config, FA_CUDA_BF16, scene, objects, normalizer);
}

static void check_golden(const struct test_golden *golden, struct test_scene *scene,
                         const struct fa_objects *objects)
{
    if (golden->seed % ONE_GOLDEN_OF != 0)
        return;
    config.focal.gamma = golden->gamma;
    device_loss_compare(&config, golden->seed % 3 == 0 ? FA_CUDA_BF16 : FA_CUDA_F32, scene, objects,
                        golden->normalizer);
}

static void golden_cases_agree_with_the_host(void **state)
{
    (void)state;
    assert_int_equal(test_golden_each("focal.bin", false, check_golden), 27);
}

static void an_image_without_objects_agrees_with_the_host(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);

    (void)state;
    test_scene_fill(&scene, 4, 3, -1, 1);
    compare_types(&scene, &test_no_objects, 1);
    test_scene_free(&scene);
}

/* The first two are one anchor: its best anchor goes to the last, its other positives to the first. */
static void equal_objects_share_their_anchors_as_on_the_host(void **state)
{
    static const int32_t labels[] = {0, 1, 2};
    struct test_scene scene = test_scene_create(32, 32, 3);
    float boxes[12];
    const struct fa_objects objects = {3, boxes, labels};

    (void)state;
    memcpy(boxes, scene.anchors + 4 * 94, 4 * sizeof boxes[0]);
    memcpy(boxes + 4, scene.anchors + 4 * 94, 8 * sizeof boxes[0]);
    for (int square = is_slow(); square < 2; square++) {
        config.focal.gamma = square ? 2 : 1.5;
        test_scene_fill(&scene, 6, 3, -1, 0.3f);
        device_loss_compare(&config, square ? FA_CUDA_F32 : FA_CUDA_BF16, &scene, &objects, 5);
    }
    test_scene_free(&scene);
}

static void an_object_that_no_anchor_meets_takes_all_unless_a_best_iou_is_asked_for(void **state)
{
    static const float boxes[] = {1000, 1000, 1010, 1020, 2, 3, 28, 25};
    static const int32_t labels[] = {1, 2};
    const struct fa_objects objects = {2, boxes, labels};
    struct test_scene scene = test_scene_create(32, 32, 3);

    (void)state;
    test_scene_fill(&scene, 6, 3, -1, 0.3f);
    device_loss_compare(&config, FA_CUDA_F32, &scene, &objects, 5);
    config.focal.min_positive_iou = 1e-6;
    device_loss_compare(&config, FA_CUDA_F32, &scene, &objects, 5);
    test_scene_free(&scene);
}

static void logits_and_deltas_at_the_ends_of_float_agree_with_the_host(void **state)
{
    static const float boxes[] = {2, 3, 28, 25, 6, 6, 20, 31, 0.5f, 1, 30, 16};
    static const int32_t labels[] = {1, 2, 1};
    static const float extremes[] = {0, -0.0f, 1e-30f, 17, -17, 28, -28, 88, -88, 104, -104, 1e30f, -1e30f};
    const struct fa_objects objects = {3, boxes, labels};
    const size_t n_extremes = sizeof extremes / sizeof extremes[0];
    struct test_scene scene = test_scene_create(32, 32, 3);

    (void)state;
    for (size_t i = 0; i < 3 * scene.head.n_anchors; i++)
        scene.cls[i] = extremes[i % n_extremes];
    for (size_t i = 0; i < 4 * scene.head.n_anchors; i++)
        scene.reg[i] = extremes[(i / 3) % n_extremes];
    compare_types(&scene, &objects, 3);
    test_scene_free(&scene);
}

/* The first anchor that a launch on logits of 0 gives this sign of slope, or none, for class 1. */
static size_t anchor_with_slope(struct test_scene *scene, const struct fa_objects *objects, int sign)
{
    struct loss_result result = device_loss_of(&config, FA_CUDA_F32, scene, objects, 1);
    size_t anchor = 0;

    while ((result.cls[3 * anchor + 1] > 0) - (result.cls[3 * anchor + 1] < 0) != sign)
        anchor++;
    loss_result_free(&result);
    return anchor;
}

static void a_nan_makes_the_loss_nan_at_positive_negative_and_ignored_anchors(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    static const float box[] = {2, 3, 28, 25};
    static const int32_t label = 1;
    const struct fa_objects object = {1, box, &label};

    (void)state;
    for (int sign = -1; sign <= 1; sign++) {
        fa_real *at = &scene.cls[3 * anchor_with_slope(&scene, &object, sign) + 1];
        struct loss_result result;

        *at = (fa_real)NAN;
        result = device_loss_of(&config, FA_CUDA_F32, &scene, &object, 1);
        assert_true(isnan(result.loss.part[FA_PART_CLS]) && isfinite(result.loss.part[FA_PART_BBOX]));
        loss_result_free(&result);
        *at = 0;
    }
    test_scene_free(&scene);
}

static void objects_are_read_from_the_device_in_each_run(void **state)
{
    static const float boxes[] = {2, 3, 28, 25, 6, 6, 20, 31};
    static const int32_t labels[] = {1, 2}, counts[] = {2, 0, 3, 2};
    const struct fa_objects objects = {2, boxes, labels};
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct device_loss device;
    struct loss_result results[4];

    (void)state;
    test_scene_fill(&scene, 8, 3, -1, 1);
    device = device_loss_new(&config, FA_CUDA_F32, &scene, &objects, 2, 2);
    for (int run = 0; run < 4; run++) {
        struct fa_cuda_head fresh = device_head_new(FA_CUDA_F32, &scene, 0);

        device_head_free(&device.head);
        device.head = fresh;
        memcpy((void *)device.objects.n, &counts[run], sizeof counts[run]);
        results[run] = device_loss_run(&device);
    }
    assert_true(results[1].loss.part[FA_PART_BBOX] == 0 && results[1].loss.part[FA_PART_CLS] > 0);
    assert_true(isnan(results[2].loss.part[FA_PART_CLS]) && isnan(results[2].loss.part[FA_PART_BBOX]));
    assert_memory_equal(&results[3].loss, &results[0].loss, sizeof results[0].loss);
    assert_all_same(results[3].cls, results[0].cls, 3 * scene.head.n_anchors);
    assert_all_same(results[3].reg, results[0].reg, 4 * scene.head.n_anchors);
    for (int run = 0; run < 4; run++)
        loss_result_free(&results[run]);
    device_loss_free(&device);
    test_scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(golden_cases_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(an_image_without_objects_agrees_with_the_host, reset_config),
        cmocka_unit_test_setup(equal_objects_share_their_anchors_as_on_the_host, reset_config),
        cmocka_unit_test_setup(an_object_that_no_anchor_meets_takes_all_unless_a_best_iou_is_asked_for,
                               reset_config),
        cmocka_unit_test_setup(logits_and_deltas_at_the_ends_of_float_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(a_nan_makes_the_loss_nan_at_positive_negative_and_ignored_anchors,
                               reset_config),
        cmocka_unit_test_setup(objects_are_read_from_the_device_in_each_run, reset_config),
    };
    const struct CMUnitTest watched[] = {
        cmocka_unit_test_setup(equal_objects_share_their_anchors_as_on_the_host, reset_config),
    };

    if (is_slow())
        return cmocka_run_group_tests(watched, NULL, fa_test_memory_balances);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
