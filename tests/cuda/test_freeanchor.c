/*
 * test_freeanchor.c - the FreeAnchor loss and its gradients against the host's, in float and in bfloat16.
 */
#include <math.h>
#include <string.h>

#include "compare_loss.h"
#include "freeanchor.h"
#include "golden_loss.h"

static struct fa_loss_config config;

static int reset_config(void **state)
{
    (void)state;
    config = fa_loss_default;
    return 0;
}

static void compare_types(struct test_scene *scene, const struct fa_objects *objects, double normalizer)
{
    device_loss_compare(&config, FA_CUDA_F32, scene, objects, normalizer);
    device_loss_compare(&config, FA_CUDA_BF16, scene, objects, normalizer);
}

/* ---- cases ---- */

static void check_golden(const struct test_golden *golden, struct test_scene *scene,
                         const struct fa_objects *objects)
{
    if (golden->seed % ONE_GOLDEN_OF != 0)
        return;
    config.freeanchor.gamma = golden->gamma;
    device_loss_compare(&config, golden->seed % 3 == 0 ? FA_CUDA_BF16 : FA_CUDA_F32, scene, objects,
                        golden->normalizer);
}

static void golden_cases_agree_with_the_host(void **state)
{
    (void)state;
    assert_int_equal(test_golden_each("freeanchor.bin", false, check_golden), 22);
}

static const int32_t some_labels[] = {1, 2, 1, 0, 1, 2, 2, 1};

/* Objects are anchors of one place, and predictions near the anchors, so that several objects of a class meet
   the same predicted boxes, and bags overlap. */
static void boxes_near_several_objects_agree_with_the_host(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    float boxes[8 * 4];
    const struct fa_objects objects = {is_slow() ? 2 : 8, boxes, some_labels};

    (void)state;
    memcpy(boxes, scene.anchors + 4 * 94, 4 * sizeof boxes[0]); /* the first two are the same */
    memcpy(boxes + 4, scene.anchors + 4 * 94, 7 * 4 * sizeof boxes[0]);
    for (int square = is_slow(); square < 2; square++) {
        config.freeanchor.gamma = square ? 2 : 1.5;
        test_scene_fill(&scene, 6, 3, -1, 0.3f);
        device_loss_compare(&config, square ? FA_CUDA_F32 : FA_CUDA_BF16, &scene, &objects, 5);
    }
    test_scene_free(&scene);
}

static void an_image_without_objects_agrees_with_the_host(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);

    (void)state;
    test_scene_fill(&scene, 4, 3, -1, 1);
    compare_types(&scene, &test_no_objects, 0);
    test_scene_free(&scene);
}

/* One that no anchor overlaps has the first anchors for its bag; one that few overlap these and the first
   others. A bag of all anchors, and of one. */
static void bags_are_filled_with_the_first_anchors_that_do_not_overlap(void **state)
{
    static const float boxes[] = {1000, 1000, 1010, 1020, -70, -70, -12, -12};
    static const int sizes[] = {50, 1000, 1};
    const struct fa_objects objects = {2, boxes, some_labels};
    struct test_scene scene = test_scene_create(32, 32, 3);

    (void)state;
    for (int i = 0; i < 3; i++) {
        config.freeanchor.bag_size = sizes[i];
        test_scene_fill(&scene, 4, 3, -1, 1);
        compare_types(&scene, &objects, 2);
    }
    test_scene_free(&scene);
}

static void logits_and_deltas_at_the_ends_of_float_agree_with_the_host(void **state)
{
    static const float boxes[] = {2, 3, 28, 25, 6, 6, 20, 31, 0.5f, 1, 30, 16};
    static const float extremes[] = {0, -0.0f, 1e-30f, 17, -17, 28, -28, 88, -88, 104, -104, 1e30f, -1e30f};
    const struct fa_objects objects = {3, boxes, some_labels};
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

/* At a logit outside all bags, in a bag, and at a delta of a bag, which is then also a box that nobody meets.
 */
static void a_nan_makes_the_loss_nan_and_ends(void **state)
{
    static const float box[] = {2, 3, 28, 25};
    const struct fa_objects object = {1, box, some_labels};
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct loss_result result;
    size_t in_bag = 0;

    (void)state;
    test_scene_fill(&scene, 8, 3, -1, 1);
    result = device_loss_of(&config, FA_CUDA_F32, &scene, &object, 1);
    while (result.reg[4 * in_bag] == 0)
        in_bag++;
    loss_result_free(&result);
    for (int i = 0; i < 3; i++) {
        fa_real *at = i == 0   ? &scene.cls[3 * scene.head.n_anchors - 2]
                      : i == 1 ? &scene.cls[3 * in_bag + 1]
                               : &scene.reg[4 * in_bag];
        const fa_real held = *at;

        *at = (fa_real)NAN;
        result = device_loss_of(&config, FA_CUDA_F32, &scene, &object, 1);
        assert_true(isnan(result.loss.part[FA_PART_POSITIVE] + result.loss.part[FA_PART_NEGATIVE]));
        assert_true(isfinite(result.loss.matched_iou));
        if (i == 0)
            assert_true(isnan(result.cls[3 * scene.head.n_anchors - 2]));
        loss_result_free(&result);
        *at = held;
    }
    test_scene_free(&scene);
}

/* The same arguments again, as in a captured graph, with other objects in the same memory; then with more
   than there is room for; then as the first time. */
static void objects_are_read_from_the_device_in_each_run(void **state)
{
    static const float boxes[] = {2, 3, 28, 25, 6, 6, 20, 31};
    static const int32_t counts[] = {2, 0, 3, 2};
    const struct fa_objects objects = {2, boxes, some_labels};
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
    assert_true(results[1].loss.part[FA_PART_POSITIVE] == 0 && results[1].loss.part[FA_PART_NEGATIVE] > 0);
    assert_true(isnan(results[2].loss.part[FA_PART_POSITIVE]) &&
                isnan(results[2].loss.part[FA_PART_NEGATIVE]));
    assert_memory_equal(&results[3].loss, &results[0].loss, sizeof results[0].loss);
    assert_all_same(results[3].cls, results[0].cls, 3 * scene.head.n_anchors);
    assert_all_same(results[3].reg, results[0].reg, 4 * scene.head.n_anchors);
    for (int run = 0; run < 4; run++)
        loss_result_free(&results[run]);
    device_loss_free(&device);
    test_scene_free(&scene);
}

/* 80 objects on 190 anchors: every anchor is in many bags. */
static void many_objects_agree_with_the_host(void **state)
{
    enum { n_objects = 80 };
    struct test_scene scene = test_scene_create(32, 32, 3);
    float boxes[n_objects * 4];
    int32_t labels[n_objects];
    const struct fa_objects objects = {n_objects, boxes, labels};

    (void)state;
    for (unsigned i = 0; i < n_objects; i++)
        for (unsigned k = 0; k < 4; k++) {
            boxes[4 * i + k] = (k < 2 ? 8 : 25) + 8 * test_noise(3, 4 * i + k);
            labels[i] = (int32_t)(i % 3);
        }
    test_scene_fill(&scene, 9, 3, -1, 1);
    device_loss_compare(&config, FA_CUDA_F32, &scene, &objects, n_objects);
    test_scene_free(&scene);
}

static void what_a_block_has_no_room_for_is_refused(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct device_loss device;

    (void)state;
    device = device_loss_new(&config, FA_CUDA_F32, &scene, &test_no_objects, 1, 1);
    config.freeanchor.bag_size = FA_CUDA_MOST_OF_BAG + 1;
    assert_int_equal(device_loss_launch(&device), FA_CUDA_INVALID_VALUE);
    reset_config(NULL);
    device.head.cls_channels = 400000;
    assert_int_equal(device_loss_launch(&device), FA_CUDA_INVALID_VALUE);
    device_loss_free(&device);
    test_scene_free(&scene);
}

static void scratch_grows_with_anchors_and_bags_not_their_product(void **state)
{
    const struct fa_cuda_head head = {.num_classes = 80,
                                      .cls_channels = 720,
                                      .reg_channels = 40,
                                      .level = {{.positions = 16800},
                                                {.positions = 4200},
                                                {.positions = 1050},
                                                {.positions = 273},
                                                {.positions = 77}}};
    const size_t few = fa_cuda_freeanchor_scratch_bytes(&config, &head, 0),
                 many = fa_cuda_freeanchor_scratch_bytes(&config, &head, 1000);

    (void)state;
    assert_true(few < 18 * fa_cuda_head_anchors(&head));
    assert_true(many - few < 1000 * (size_t)(152 * config.freeanchor.bag_size + 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(golden_cases_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(boxes_near_several_objects_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(an_image_without_objects_agrees_with_the_host, reset_config),
        cmocka_unit_test_setup(bags_are_filled_with_the_first_anchors_that_do_not_overlap, reset_config),
        cmocka_unit_test_setup(logits_and_deltas_at_the_ends_of_float_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(a_nan_makes_the_loss_nan_and_ends, reset_config),
        cmocka_unit_test_setup(objects_are_read_from_the_device_in_each_run, reset_config),
        cmocka_unit_test_setup(many_objects_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(what_a_block_has_no_room_for_is_refused, reset_config),
        cmocka_unit_test_setup(scratch_grows_with_anchors_and_bags_not_their_product, reset_config),
    };
    const struct CMUnitTest watched[] = {
        cmocka_unit_test_setup(boxes_near_several_objects_agree_with_the_host, reset_config),
        cmocka_unit_test_setup(objects_are_read_from_the_device_in_each_run, reset_config),
    };

    if (is_slow())
        return cmocka_run_group_tests(watched, NULL, fa_test_memory_balances);
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
