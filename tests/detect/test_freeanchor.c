/* The loss against numbers: the specification's appendix, and golden cases made by autograd in float64. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/loss.h"
#include "fa/memory.h"
#include "scene.h"
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

static const float toy_boxes_0[] = {5, 11, 44.25f, 46.75f, 0.5f, 2.75f, 50.75f, 50.25f};
static const float toy_boxes_1[] = {19.5f, 9.75f, 35.25f, 39.75f};
static const int32_t toy_labels_0[] = {1, 1}, toy_labels_1[] = {0};
static const struct fa_objects toy_objects[2] = {{2, toy_boxes_0, toy_labels_0},
                                                 {1, toy_boxes_1, toy_labels_1}};
static const struct fa_objects no_objects = {0, NULL, NULL};

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
        struct fa_loss loss = toy_loss(&scene, image, &toy_objects[image], 3);

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
    struct fa_loss loss = toy_loss(&scene, 0, &toy_objects[0], 3);

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
        struct fa_loss loss = toy_loss(&scene, image, &no_objects, 0);

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
    struct fa_loss first = toy_loss(&scene, 0, &toy_objects[0], 2);
    struct fa_loss second = toy_loss(&scene, 1, &no_objects, 2);

    (void)state;
    assert_near(first.part[FA_PART_POSITIVE] + second.part[FA_PART_POSITIVE], 2.4466, 5e-5);
    assert_near(first.part[FA_PART_NEGATIVE] + second.part[FA_PART_NEGATIVE], 0.8414, 5e-5);
    test_scene_free(&scene);
}

/* One record of golden/freeanchor.bin, see golden/make_freeanchor.py. */
struct golden {
    int32_t h, w, classes, objects, seed;
    float logit_scale, logit_offset, delta_scale;
    double gamma, normalizer;
    float *boxes;
    int32_t *labels;
    struct fa_loss loss;
    float *grad_cls, *grad_reg;
};

static void *read_array(FILE *file, size_t n, size_t size)
{
    void *block = malloc(n * size + 1);

    assert_non_null(block);
    assert_int_equal(fread(block, size, n, file), n);
    return block;
}

static bool read_golden(FILE *file, struct golden *golden)
{
    struct fa_pyramid pyramid;
    size_t n;

    if (fread(&golden->h, sizeof golden->h, 1, file) != 1)
        return false;
    assert_int_equal(fread(&golden->w, sizeof golden->w, 4, file), 4);
    assert_int_equal(fread(&golden->logit_scale, sizeof(float), 3, file), 3);
    assert_int_equal(fread(&golden->gamma, sizeof(double), 2, file), 2);
    n = (size_t)golden->objects;
    golden->boxes = read_array(file, 4 * n, sizeof(float));
    golden->labels = read_array(file, n, sizeof(int32_t));
    assert_int_equal(fread(&golden->loss, sizeof(double), 4, file), 4);
    fa_pyramid_make(golden->h, golden->w, &pyramid);
    golden->grad_cls = read_array(file, pyramid.n_anchors * (size_t)golden->classes, sizeof(float));
    golden->grad_reg = read_array(file, pyramid.n_anchors * 4, sizeof(float));
    return true;
}

static void free_golden(struct golden *golden)
{
    free(golden->boxes);
    free(golden->labels);
    free(golden->grad_cls);
    free(golden->grad_reg);
}

static void assert_relative(const char *what, int seed, double got, double want)
{
    if (fabs(got - want) <= 1e-6 * fabs(want) + 1e-30) /* 1e-30: what the clamp of p at 1e-12 adds up to */
        return;
    print_error("case of seed %d, %s: got %.17g, want %.17g\n", seed, what, got, want);
    fail();
}

/* Within 1e-6 of the largest: one rounding to float of a sum in double, and a different exp. Saturated logits
   have gradients of 1e-30 and less, which count as 0. */
static void assert_gradient(const char *what, int seed, const fa_real *got, const float *want, size_t n)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (size_t i = 0; i < n; i++) {
        if (fabs((double)got[i] - (double)want[i]) <= 1e-6 * largest + 1e-25)
            continue;
        print_error("case of seed %d, gradient of %s: got[%zu] %.9g, want %.9g, largest %.9g\n", seed, what,
                    i, (double)got[i], (double)want[i], largest);
        fail();
    }
}

static void check_golden(const struct golden *golden)
{
    struct test_scene scene = test_scene_create(golden->h, golden->w, golden->classes);
    struct fa_objects objects = {(size_t)golden->objects, golden->boxes, golden->labels};
    struct fa_loss_config config = fa_loss_default;
    struct fa_loss loss;

    config.freeanchor.gamma = golden->gamma;
    test_scene_fill(&scene, (unsigned)golden->seed, golden->logit_scale, golden->logit_offset,
                    golden->delta_scale);
    assert_ok(fa_loss_compute(&config, &scene.head, &objects, golden->normalizer, workspace, &loss,
                              scene.grad_cls, scene.grad_reg));
    assert_relative("positive", golden->seed, loss.part[FA_PART_POSITIVE],
                    golden->loss.part[FA_PART_POSITIVE]);
    assert_relative("negative", golden->seed, loss.part[FA_PART_NEGATIVE],
                    golden->loss.part[FA_PART_NEGATIVE]);
    assert_relative("bag probability", golden->seed, loss.bag_probability, golden->loss.bag_probability);
    assert_relative("matched IoU", golden->seed, loss.matched_iou, golden->loss.matched_iou);
    assert_gradient("cls", golden->seed, scene.grad_cls, golden->grad_cls,
                    scene.head.n_anchors * (size_t)golden->classes);
    assert_gradient("reg", golden->seed, scene.grad_reg, golden->grad_reg, scene.head.n_anchors * 4);
    test_scene_free(&scene);
}

static void golden_cases_agree_in_value_and_gradient(void **state)
{
    FILE *file = fopen(fa_test_source("tests/detect/golden/freeanchor.bin"), "rb");
    struct golden golden;
    int n = 0;

    (void)state;
    assert_non_null(file);
    for (; read_golden(file, &golden); n++) {
        check_golden(&golden);
        free_golden(&golden);
    }
    fclose(file);
    assert_int_equal(n, 22);
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
