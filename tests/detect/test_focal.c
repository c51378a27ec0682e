/* The focal loss against numbers: the specification's appendix, golden cases, and assignments by hand. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "fa/loss.h"
#include "fa/memory.h"
#include "golden_loss.h"
#include "support.h"

static struct fa_loss_workspace *workspace;
static struct fa_loss_config config; /* that of the RetinaNet recipes, anew for each test */

static int create_workspace(void **state)
{
    (void)state;
    return fa_loss_workspace_create(2, &workspace) == FA_OK ? 0 : -1;
}

static int destroy_workspace(void **state)
{
    (void)state;
    fa_loss_workspace_destroy(workspace);
    return fa_memory_balance() == 0 ? 0 : -1;
}

static int reset_config(void **state)
{
    (void)state;
    config = fa_loss_default;
    config.kind = FA_LOSS_FOCAL;
    config.coder = (struct fa_box_coder){{1, 1, 1, 1}};
    return 0;
}

static double share_of(const struct test_scene *scene, const struct fa_objects *objects)
{
    double share;

    assert_ok(fa_loss_share(&config, &scene->head, objects, workspace, &share));
    return share;
}

static struct fa_loss loss_of(struct test_scene *scene, const struct fa_objects *objects, double normalizer)
{
    struct fa_loss loss;

    assert_ok(fa_loss_compute(&config, &scene->head, objects, normalizer, workspace, &loss, scene->grad_cls,
                              scene->grad_reg));
    return loss;
}

/* ---- published and golden numbers ---- */

static void toy_batch_has_the_published_positives_and_loss(void **state)
{
    struct test_scene scene = test_scene_create(64, 64, 3);
    double positives = 0, cls = 0, bbox = 0;

    (void)state;
    for (int image = 0; image < 2; image++)
        positives += share_of(&scene, &test_toy_objects[image]);
    assert_near(positives, 57, 0);
    for (int image = 0; image < 2; image++) {
        struct fa_loss loss;

        test_scene_fill_toy(&scene, image);
        loss = loss_of(&scene, &test_toy_objects[image], positives);
        cls += loss.part[FA_PART_CLS];
        bbox += loss.part[FA_PART_BBOX];
    }
    assert_near(cls, 2.5069201, 3e-7);
    assert_near(bbox, 1.4307130, 2e-7);
    test_scene_free(&scene);
}

static void check_golden(const struct test_golden *golden, struct test_scene *scene,
                         const struct fa_objects *objects)
{
    struct fa_loss loss;

    config.focal.gamma = golden->gamma;
    loss = loss_of(scene, objects, golden->normalizer);
    test_golden_sum(golden, "cls", loss.part[FA_PART_CLS], golden->want[0]);
    test_golden_sum(golden, "bbox", loss.part[FA_PART_BBOX], golden->want[1]);
    test_golden_sum(golden, "share", share_of(scene, objects), golden->want[2]);
    test_golden_sum(golden, "matched IoU", loss.matched_iou, golden->want[3]);
    test_golden_gradients(golden, scene);
}

static void golden_cases_agree_in_value_and_gradient(void **state)
{
    (void)state;
    assert_int_equal(test_golden_each("focal.bin", false, check_golden), 27);
}

/* ---- by hand ---- */

/* At logit 0 a probability is 1/2: 0.75 / 4 ln 2 for every logit; the slope is 0.75 / 4 (ln 2 + 1/2). */
static void an_image_without_objects_has_the_loss_of_its_negatives_over_one(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    const size_t n = 3 * scene.head.n_anchors;
    const double divisor = share_of(&scene, &test_no_objects) + (double)FLT_EPSILON;
    struct fa_loss loss = loss_of(&scene, &test_no_objects, 1);

    (void)state;
    assert_near(divisor, 1, 2e-7);
    assert_near(loss.part[FA_PART_CLS] / ((double)n * 0.1875 * log(2) / divisor), 1, 2e-7);
    assert_near(scene.grad_cls[n - 1], 0.1875 * (log(2) + 0.5), 1e-7);
    assert_true(loss.part[FA_PART_BBOX] == 0 && loss.matched_iou == 0 && loss.bag_probability == 0);
    for (size_t i = 0; i < 4 * scene.head.n_anchors; i++)
        assert_true(scene.grad_reg[i] == 0);
    test_scene_free(&scene);
}

/* Of two losses that differ by their divisors alone. */
static void the_divisor_is_the_normalizer_and_a_float_epsilon(void **state)
{
    struct test_scene scene = test_scene_create(64, 64, 3);
    const double epsilon = (double)FLT_EPSILON, ratio = (2 + epsilon) / (1 + epsilon);
    struct fa_loss one = loss_of(&scene, &test_toy_objects[0], 1);
    struct fa_loss two = loss_of(&scene, &test_toy_objects[0], 2);

    (void)state;
    assert_near(one.part[FA_PART_CLS] / two.part[FA_PART_CLS], ratio, 1e-12);
    assert_near(one.part[FA_PART_BBOX] / two.part[FA_PART_BBOX], ratio, 1e-12);
    test_scene_free(&scene);
}

/* An object on the anchor itself: no distance from a delta of 0, and at logit 0 the loss of the object's
   class is 0.25 / 4 ln 2, its slope -0.25 / 4 (ln 2 + 1/2). */
static void an_anchor_on_its_object_has_the_loss_of_its_class_alone(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    const int32_t label = 2;
    const size_t anchor = 94;
    const struct fa_objects object = {1, scene.anchors + 4 * anchor, &label};

    (void)state;
    config.focal.positive_iou = 1;
    assert_near(share_of(&scene, &object), 1, 0);
    assert_near(loss_of(&scene, &object, 1).part[FA_PART_BBOX], 0, 1e-7);
    assert_near(scene.grad_cls[3 * anchor + 2], -0.0625 * (log(2) + 0.5), 1e-7);
    assert_near(scene.grad_cls[3 * anchor + 1], 0.1875 * (log(2) + 0.5), 1e-7);
    test_scene_free(&scene);
}

/* Logits of 0: an object's class has a negative slope, any other a positive one, an ignored anchor none. */
static size_t count_slopes(const struct test_scene *scene, int label, int sign)
{
    size_t n = 0;

    for (size_t j = 0; j < scene->head.n_anchors; j++) {
        fa_real grad = scene->grad_cls[j * (size_t)scene->head.num_classes + (size_t)label];

        n += (grad > 0) - (grad < 0) == sign;
    }
    return n;
}

static void of_equal_objects_the_last_takes_the_best_anchor_and_the_first_the_other_positives(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    float boxes[8];
    const int32_t labels[] = {0, 1};
    const struct fa_objects objects = {2, boxes, labels};
    size_t positives;

    (void)state;
    for (int k = 0; k < 8; k++)
        boxes[k] = scene.anchors[4 * 94 + k % 4];
    positives = (size_t)share_of(&scene, &objects);
    assert_true(positives > 2);
    loss_of(&scene, &objects, 1);
    assert_int_equal(count_slopes(&scene, 1, -1), 1);
    assert_true(scene.grad_cls[3 * 94 + 1] < 0);
    assert_int_equal(count_slopes(&scene, 0, -1), positives - 1);
    assert_true(count_slopes(&scene, 2, 0) > 0);
    test_scene_free(&scene);
}

static void an_object_that_no_anchor_meets_takes_all_unless_a_best_iou_is_asked_for(void **state)
{
    static const float far[] = {1000, 1000, 1010, 1020};
    static const int32_t label = 1;
    const struct fa_objects object = {1, far, &label};
    struct test_scene scene = test_scene_create(64, 96, 3);
    const size_t n = scene.head.n_anchors;

    (void)state;
    assert_near(share_of(&scene, &object), (double)n, 0);
    loss_of(&scene, &object, 1);
    assert_int_equal(count_slopes(&scene, 1, -1), n);
    config.focal.min_positive_iou = 1e-6;
    assert_near(share_of(&scene, &object), 1, 0);
    loss_of(&scene, &object, 1);
    assert_int_equal(count_slopes(&scene, 1, 1), n);
    test_scene_free(&scene);
}

static void a_nan_at_an_ignored_anchor_is_not_hidden(void **state)
{
    struct test_scene scene = test_scene_create(64, 64, 3);
    size_t ignored = 0;

    (void)state;
    loss_of(&scene, &test_toy_objects[0], 1);
    while (scene.grad_cls[3 * ignored] != 0)
        ignored++;
    scene.cls[3 * ignored + 1] = (fa_real)NAN;
    assert_true(isnan(loss_of(&scene, &test_toy_objects[0], 1).part[FA_PART_CLS]));
    memcpy(scene.grad_cls, scene.cls, 3 * scene.head.n_anchors * sizeof *scene.cls);
    scene.head.cls = scene.grad_cls; /* where the gradient replaces it */
    assert_true(isnan(loss_of(&scene, &test_toy_objects[0], 1).part[FA_PART_CLS]));
    test_scene_free(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(toy_batch_has_the_published_positives_and_loss, reset_config),
        cmocka_unit_test_setup(golden_cases_agree_in_value_and_gradient, reset_config),
        cmocka_unit_test_setup(an_image_without_objects_has_the_loss_of_its_negatives_over_one, reset_config),
        cmocka_unit_test_setup(the_divisor_is_the_normalizer_and_a_float_epsilon, reset_config),
        cmocka_unit_test_setup(an_anchor_on_its_object_has_the_loss_of_its_class_alone, reset_config),
        cmocka_unit_test_setup(
            of_equal_objects_the_last_takes_the_best_anchor_and_the_first_the_other_positives, reset_config),
        cmocka_unit_test_setup(an_object_that_no_anchor_meets_takes_all_unless_a_best_iou_is_asked_for,
                               reset_config),
        cmocka_unit_test_setup(a_nan_at_an_ignored_anchor_is_not_hidden, reset_config),
    };

    return cmocka_run_group_tests(tests, create_workspace, destroy_workspace);
}
