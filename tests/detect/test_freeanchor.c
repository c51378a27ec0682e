/* The loss against numbers: the specification's appendix, and golden cases made by autograd in float64. */
#include <math.h>

#include "fa/loss.h"
#include "fa/memory.h"
#include "golden_loss.h"
#include "support.h"

static struct fa_loss_workspace *workspace;

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

static struct fa_loss loss_of(struct test_scene *scene, const struct fa_objects *objects, double normalizer)
{
    struct fa_loss loss;

    assert_ok(fa_loss_compute(&fa_loss_default, &scene->head, objects, normalizer, workspace, &loss,
                              scene->grad_cls, scene->grad_reg));
    return loss;
}

static struct fa_loss toy_loss(struct test_scene *scene, int image, const struct fa_objects *objects,
                               double normalizer)
{
    test_scene_fill_toy(scene, image);
    return loss_of(scene, objects, normalizer);
}

static double sum_abs(const fa_real *values, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += fabs((double)values[i]);
    return sum;
}

static size_t rows_with_gradient(const struct test_scene *scene)
{
    size_t n = 0;

    for (size_t j = 0; j < scene->head.n_anchors; j++)
        n += sum_abs(scene->grad_reg + 4 * j, 4) > 0;
    return n;
}

static void toy_batch_has_the_published_loss_and_gradient(void **state)
{
    static const size_t want_rows[2] = {72, 50};
    double positive = 0, negative = 0, abs_cls = 0, abs_reg = 0;

    (void)state;
    for (int image = 0; image < 2; image++) {
        struct test_scene scene = test_scene_create(64, 64, 3);
        struct fa_loss loss = toy_loss(&scene, image, &test_toy_objects[image], 3);

        positive += loss.part[FA_PART_POSITIVE];
        negative += loss.part[FA_PART_NEGATIVE];
        abs_cls += sum_abs(scene.grad_cls, 3 * scene.head.n_anchors);
        abs_reg += sum_abs(scene.grad_reg, 4 * scene.head.n_anchors);
        assert_int_equal(rows_with_gradient(&scene), want_rows[image]);
        test_scene_free(&scene);
    }
    assert_near(positive, 2.8720887, 1e-6);
    assert_near(negative, 0.5609485, 2e-7);
    assert_near(abs_cls, 1.3332742, 4e-7);
    assert_near(abs_reg, 1.3872425, 4e-7);
}

static void toy_image_has_the_published_gradient_at_anchor_257(void **state)
{
    static const double want_reg[4] = {0.03401389, -0.03401389, -0.00619562, 0.03401389};
    static const double want_cls[3] = {4.536068e-4, -2.6248405e-2, 3.297e-6};
    struct test_scene scene = test_scene_create(64, 64, 3);
    struct fa_loss loss = toy_loss(&scene, 0, &test_toy_objects[0], 3);

    (void)state;
    for (int k = 0; k < 4; k++)
        assert_near(scene.grad_reg[4 * 257 + k], want_reg[k], 1e-8);
    for (int c = 0; c < 3; c++)
        assert_near(scene.grad_cls[3 * 257 + c], want_cls[c], 1e-8);
    assert_near(loss.matched_iou, 0.7340490 + 0.7273381, 2e-7);
    test_scene_free(&scene);
}

static void toy_batch_without_objects_has_the_published_loss(void **state)
{
    double negative = 0;

    (void)state;
    for (int image = 0; image < 2; image++) {
        struct test_scene scene = test_scene_create(64, 64, 3);
        struct fa_loss loss = toy_loss(&scene, image, &test_no_objects, 0);

        assert_true(loss.part[FA_PART_POSITIVE] == 0 && loss.bag_probability == 0 && loss.matched_iou == 0);
        assert_int_equal(rows_with_gradient(&scene), 0);
        negative += loss.part[FA_PART_NEGATIVE];
        test_scene_free(&scene);
    }
    assert_near(negative, 84.3012, 5e-5);
}

static void toy_batch_with_one_empty_image_has_the_published_loss(void **state)
{
    struct test_scene scene = test_scene_create(64, 64, 3);
    struct fa_loss first = toy_loss(&scene, 0, &test_toy_objects[0], 2);
    struct fa_loss second = toy_loss(&scene, 1, &test_no_objects, 2);

    (void)state;
    assert_near(first.part[FA_PART_POSITIVE] + second.part[FA_PART_POSITIVE], 2.4466, 5e-5);
    assert_near(first.part[FA_PART_NEGATIVE] + second.part[FA_PART_NEGATIVE], 0.8414, 5e-5);
    test_scene_free(&scene);
}

static void check_golden(const struct test_golden *golden, struct test_scene *scene,
                         const struct fa_objects *objects)
{
    struct fa_loss_config config = fa_loss_default;
    struct fa_loss loss;

    config.freeanchor.gamma = golden->gamma;
    assert_ok(fa_loss_compute(&config, &scene->head, objects, golden->normalizer, workspace, &loss,
                              scene->grad_cls, scene->grad_reg));
    test_golden_sum(golden, "positive", loss.part[FA_PART_POSITIVE], golden->want[0]);
    test_golden_sum(golden, "negative", loss.part[FA_PART_NEGATIVE], golden->want[1]);
    test_golden_sum(golden, "bag probability", loss.bag_probability, golden->want[2]);
    test_golden_sum(golden, "matched IoU", loss.matched_iou, golden->want[3]);
    test_golden_gradients(golden, scene);
}

static void golden_cases_agree_in_value_and_gradient(void **state)
{
    (void)state;
    assert_int_equal(test_golden_each("freeanchor.bin", false, check_golden), 22);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(toy_batch_has_the_published_loss_and_gradient),
        cmocka_unit_test(toy_image_has_the_published_gradient_at_anchor_257),
        cmocka_unit_test(toy_batch_without_objects_has_the_published_loss),
        cmocka_unit_test(toy_batch_with_one_empty_image_has_the_published_loss),
        cmocka_unit_test(golden_cases_agree_in_value_and_gradient),
    };

    return cmocka_run_group_tests(tests, create_workspace, destroy_workspace);
}
