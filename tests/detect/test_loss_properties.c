/* What must hold of a loss of any kind whatever its value: derivatives, threads, memory, bad input. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fa/loss.h"
#include "fa/memory.h"
#include "scene.h"
#include "support.h"

static struct fa_loss_config config;

static const float boxes[] = {2, 3, 28, 25, 6, 6, 20, 31, 0.5f, 1, 30, 16};
static const int32_t labels[] = {1, 2, 1};
static const struct fa_objects objects = {3, boxes, labels};

static struct fa_loss loss_of(struct test_scene *scene, const struct fa_objects *of, int n_threads)
{
    struct fa_loss_workspace *workspace;
    struct fa_loss loss;

    assert_ok(fa_loss_workspace_create(n_threads, &workspace));
    assert_ok(
        fa_loss_compute(&config, &scene->head, of, 3, workspace, &loss, scene->grad_cls, scene->grad_reg));
    fa_loss_workspace_destroy(workspace);
    return loss;
}

static int memory_is_balanced(void **state)
{
    (void)state;
    return fa_memory_balance() == 0 ? 0 : -1;
}

#ifdef FA_FLOAT64

static double total(struct test_scene *scene)
{
    struct fa_loss loss = loss_of(scene, &objects, 1);

    return loss.part[0] + loss.part[1];
}

static double box_part(struct test_scene *scene)
{
    return loss_of(scene, &objects, 1)
        .part[config.kind == FA_LOSS_FREEANCHOR ? FA_PART_POSITIVE : FA_PART_BBOX];
}

static void check_derivative(double (*value)(struct test_scene *), struct test_scene *scene, fa_real *input,
                             double gradient)
{
    const double step = 1e-5, held = *input;
    double above, below;

    *input = held + step;
    above = value(scene);
    *input = held - step;
    below = value(scene);
    *input = held;
    assert_near(gradient, (above - below) / (2 * step), 3e-9);
}

/* The smallest slopes that matter are 1e-3. FreeAnchor's box probabilities carry no gradient but do follow
   the deltas, so deltas are moved under the part alone that trains them. */
static void gradient_is_the_derivative_of_the_loss(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    const size_t n = scene.head.n_anchors;
    double *grad = malloc(7 * n * sizeof *grad);

    (void)state;
    assert_non_null(grad);
    test_scene_fill(&scene, 5, 3, -1, 1);
    loss_of(&scene, &objects, 1);
    memcpy(grad, scene.grad_cls, 3 * n * sizeof *grad);
    memcpy(grad + 3 * n, scene.grad_reg, 4 * n * sizeof *grad);
    for (size_t i = 0; i < 3 * n; i++)
        check_derivative(total, &scene, &scene.cls[i], grad[i]);
    for (size_t i = 0; i < 4 * n; i++)
        check_derivative(box_part, &scene, &scene.reg[i], grad[3 * n + i]);
    free(grad);
    test_scene_free(&scene);
}

#endif

static void loss_has_the_same_bits_on_any_number_of_threads(void **state)
{
    struct test_scene one = test_scene_create(128, 96, 7), many = test_scene_create(128, 96, 7);
    const size_t n = one.head.n_anchors;

    (void)state;
    test_scene_fill(&one, 6, 3, -1, 1);
    test_scene_fill(&many, 6, 3, -1, 1);
    for (int threads = 2; threads <= 3; threads++) {
        struct fa_loss a = loss_of(&one, &objects, 1), b = loss_of(&many, &objects, threads);

        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(one.grad_cls, many.grad_cls, n * 7 * sizeof(fa_real));
        assert_memory_equal(one.grad_reg, many.grad_reg, n * 4 * sizeof(fa_real));
    }
    test_scene_free(&one);
    test_scene_free(&many);
}

/* At either exponent; the objects are anchors, so that some boxes are found. */
static void gradient_may_take_the_place_of_logits(void **state)
{
    const double gamma = config.freeanchor.gamma;

    (void)state;
    for (int fast = 0; fast < 2; fast++) {
        struct test_scene beside = test_scene_create(128, 96, 7), in_place = test_scene_create(128, 96, 7);
        const size_t n = beside.head.n_anchors;
        const struct fa_objects found = {3, beside.anchors + 4 * 600, labels};
        struct fa_loss a, b;

        config.freeanchor.gamma = config.focal.gamma = fast ? 2 : 1.5;
        test_scene_fill(&beside, 6, 3, -1, 0.3f);
        test_scene_fill(&in_place, 6, 3, -1, 0.3f);
        memcpy(in_place.grad_cls, in_place.cls, n * 7 * sizeof(fa_real));
        in_place.head.cls = in_place.grad_cls;
        a = loss_of(&beside, &found, 2);
        b = loss_of(&in_place, &found, 2);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(beside.grad_cls, in_place.grad_cls, n * 7 * sizeof(fa_real));
        assert_memory_equal(beside.grad_reg, in_place.grad_reg, n * 4 * sizeof(fa_real));
        test_scene_free(&beside);
        test_scene_free(&in_place);
    }
    config.freeanchor.gamma = config.focal.gamma = gamma;
}

static void gradients_are_overwritten(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3), dirty = test_scene_create(32, 32, 3);
    const size_t n = scene.head.n_anchors;

    (void)state;
    test_scene_fill(&scene, 7, 3, -1, 1);
    test_scene_fill(&dirty, 7, 3, -1, 1);
    for (size_t i = 0; i < 3 * n; i++)
        dirty.grad_cls[i] = NAN;
    for (size_t i = 0; i < 4 * n; i++)
        dirty.grad_reg[i] = NAN;
    loss_of(&scene, &objects, 1);
    loss_of(&dirty, &objects, 1);
    assert_memory_equal(scene.grad_cls, dirty.grad_cls, 3 * n * sizeof(fa_real));
    assert_memory_equal(scene.grad_reg, dirty.grad_reg, 4 * n * sizeof(fa_real));
    test_scene_free(&scene);
    test_scene_free(&dirty);
}

static void finite_outputs_give_finite_loss_and_gradient(void **state)
{
    static const float extremes[] = {0, -0.0f, 1e-30f, 17, -17, 28, -28, 88, -88, 104, -104, 1e30f, -1e30f};
    const size_t n_extremes = sizeof extremes / sizeof extremes[0];
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct fa_loss loss;

    (void)state;
    for (size_t i = 0; i < 3 * scene.head.n_anchors; i++)
        scene.cls[i] = extremes[i % n_extremes];
    for (size_t i = 0; i < 4 * scene.head.n_anchors; i++)
        scene.reg[i] = extremes[(i / 3) % n_extremes];
    loss = loss_of(&scene, &objects, 1);
    assert_true(isfinite(loss.part[0]) && isfinite(loss.part[1]));
    assert_true(isfinite(loss.bag_probability) && isfinite(loss.matched_iou));
    for (size_t i = 0; i < 3 * scene.head.n_anchors; i++)
        assert_true(isfinite(scene.grad_cls[i]));
    for (size_t i = 0; i < 4 * scene.head.n_anchors; i++)
        assert_true(isfinite(scene.grad_reg[i]));
    test_scene_free(&scene);
}

/* A diverging network must be seen, not clamped away. */
static void nan_logit_makes_the_loss_nan(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct fa_loss loss;

    (void)state;
    test_scene_fill(&scene, 8, 3, -1, 1);
    scene.cls[301] = NAN;
    loss = loss_of(&scene, &objects, 1);
    assert_true(isnan(loss.part[0] + loss.part[1]));
    assert_true(isnan(scene.grad_cls[301]));
    test_scene_free(&scene);
}

static void the_share_is_the_same_on_any_number_of_threads(void **state)
{
    struct test_scene scene = test_scene_create(128, 96, 3);
    double shares[3];

    (void)state;
    for (int threads = 1; threads <= 3; threads++) {
        struct fa_loss_workspace *workspace;

        assert_ok(fa_loss_workspace_create(threads, &workspace));
        assert_ok(fa_loss_share(&config, &scene.head, &objects, workspace, &shares[threads - 1]));
        fa_loss_workspace_destroy(workspace);
    }
    assert_true(shares[0] >= 3 && shares[1] == shares[0] && shares[2] == shares[0]);
    test_scene_free(&scene);
}

/* All objects by all anchors would be 1000 x 774 x 4 bytes = 3 MB. */
static void memory_grows_with_anchors_and_bags_not_their_product(void **state)
{
    enum { n_objects = 1000, classes = 3, threads = 2 };
    struct test_scene scene = test_scene_create(64, 64, classes);
    struct fa_loss_workspace *workspace;
    struct fa_loss loss;
    float *many_boxes = malloc(n_objects * 4 * sizeof *many_boxes);
    int32_t *many_labels = calloc(n_objects, sizeof *many_labels);
    struct fa_objects many = {n_objects, many_boxes, many_labels};
    size_t before = fa_memory_bytes();

    (void)state;
    assert_non_null(many_boxes);
    assert_non_null(many_labels);
    for (unsigned i = 0; i < n_objects; i++)
        for (unsigned k = 0; k < 4; k++)
            many_boxes[4 * i + k] = (k < 2 ? 15 : 50) + 10 * test_noise(3, 4 * i + k);
    test_scene_fill(&scene, 9, 3, -1, 1);
    assert_ok(fa_loss_workspace_create(threads, &workspace));
    assert_ok(fa_loss_compute(&config, &scene.head, &many, n_objects, workspace, &loss, scene.grad_cls,
                              scene.grad_reg));
    assert_true(fa_memory_bytes() - before < 774 * 28 + n_objects * (50 * (16 + 5 * sizeof(fa_real)) + 32) +
                                                 threads * classes * 1100 + 16384);
    before = fa_memory_bytes();
    loss_of(&scene, &objects, 1);
    assert_ok(
        fa_loss_compute(&config, &scene.head, &objects, 3, workspace, &loss, scene.grad_cls, scene.grad_reg));
    assert_int_equal(fa_memory_bytes(), before); /* a smaller image needs nothing new */
    fa_loss_workspace_destroy(workspace);
    test_scene_free(&scene);
    free(many_boxes);
    free(many_labels);
}

static void full_memory_is_an_error_after_which_the_workspace_still_works(void **state)
{
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct fa_loss_workspace *workspace;
    struct fa_loss want, loss;
    fa_status status = FA_ENOMEM;
    long nth = 1;

    (void)state;
    test_scene_fill(&scene, 9, 3, -1, 1);
    want = loss_of(&scene, &objects, 1);
    for (; status != FA_OK; nth++) {
        assert_ok(fa_loss_workspace_create(1, &workspace));
        fa_memory_fail_after(nth);
        status = fa_loss_compute(&config, &scene.head, &objects, 3, workspace, &loss, scene.grad_cls,
                                 scene.grad_reg);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        assert_ok(fa_loss_compute(&config, &scene.head, &objects, 3, workspace, &loss, scene.grad_cls,
                                  scene.grad_reg));
        assert_memory_equal(&loss, &want, sizeof loss);
        fa_loss_workspace_destroy(workspace);
    }
    assert_true(nth > (config.kind == FA_LOSS_FREEANCHOR ? 8 : 4));
    test_scene_free(&scene);
}

static void bad_objects_are_refused_by_number(void **state)
{
    static const float empty[] = {2, 3, 28, 25, 6, 6, 6, 31}, infinite[] = {2, 3, INFINITY, 25};
    static const int32_t beyond[] = {1, 3, 1};
    const struct fa_objects bad_label = {3, boxes, beyond}, bad_box = {2, empty, labels},
                            no_box = {1, infinite, labels};
    struct test_scene scene = test_scene_create(32, 32, 3);
    struct fa_loss_workspace *workspace;
    struct fa_loss loss;

    (void)state;
    assert_ok(fa_loss_workspace_create(1, &workspace));
    assert_fails_saying(fa_loss_compute(&config, &scene.head, &bad_label, 3, workspace, &loss, scene.grad_cls,
                                        scene.grad_reg),
                        FA_EINVAL, "object 1 has label 3");
    assert_fails_saying(
        fa_loss_compute(&config, &scene.head, &bad_box, 3, workspace, &loss, scene.grad_cls, scene.grad_reg),
        FA_EINVAL, "object 1 is not a box");
    assert_fails_saying(
        fa_loss_compute(&config, &scene.head, &no_box, 3, workspace, &loss, scene.grad_cls, scene.grad_reg),
        FA_EINVAL, "object 0 is not a box");
    fa_loss_workspace_destroy(workspace);
    test_scene_free(&scene);
}

static void a_head_or_configuration_that_cannot_be_is_refused(void **state)
{
    static const size_t beyond[] = {0, 1000}, late[] = {9, 18};
    struct test_scene scene = test_scene_create(32, 32, 3);
    const struct fa_head_view whole = scene.head;
    const struct fa_loss_config given = config;
    struct fa_loss_workspace *workspace;
    struct fa_loss loss;
    double share;

    (void)state;
    assert_ok(fa_loss_workspace_create(1, &workspace));
#define REFUSED(says)                                                                                        \
    assert_fails_saying(fa_loss_compute(&config, &scene.head, &objects, 3, workspace, &loss, scene.grad_cls, \
                                        scene.grad_reg),                                                     \
                        FA_EINVAL, says);                                                                    \
    scene.head = whole;                                                                                      \
    config = given
    scene.head.num_classes = 0;
    REFUSED("at least one class");
    config.kind = FA_LOSS_KINDS;
    REFUSED("no loss 3");
    scene.head.n_anchors = 0;
    assert_fails_saying(fa_loss_share(&config, &scene.head, &objects, workspace, &share), FA_EINVAL,
                        "at least one anchor");
    REFUSED("at least one anchor");
    if (config.kind == FA_LOSS_FREEANCHOR) {
        config.freeanchor.bag_size = 0;
        REFUSED("a bag of FreeAnchor");
    }
    if (config.kind == FA_LOSS_ATSS) {
        config.atss.k = 0;
        REFUSED("not 0");
        scene.head.per_position = 7;
        REFUSED("whole positions");
        scene.head.n_levels = 2;
        scene.head.level_first = beyond;
        REFUSED("follow one another");
        scene.head.n_levels = 2;
        scene.head.level_first = late;
        REFUSED("begins with anchor 9");
    }
#undef REFUSED
    fa_loss_workspace_destroy(workspace);
    test_scene_free(&scene);
}

static int run(const char *name, enum fa_loss_kind kind)
{
    const struct CMUnitTest tests[] = {
#ifdef FA_FLOAT64
        cmocka_unit_test(gradient_is_the_derivative_of_the_loss),
#endif
        cmocka_unit_test(loss_has_the_same_bits_on_any_number_of_threads),
        cmocka_unit_test(the_share_is_the_same_on_any_number_of_threads),
        cmocka_unit_test(gradient_may_take_the_place_of_logits),
        cmocka_unit_test(gradients_are_overwritten),
        cmocka_unit_test(finite_outputs_give_finite_loss_and_gradient),
        cmocka_unit_test(nan_logit_makes_the_loss_nan),
        cmocka_unit_test(memory_grows_with_anchors_and_bags_not_their_product),
        cmocka_unit_test(full_memory_is_an_error_after_which_the_workspace_still_works),
        cmocka_unit_test(bad_objects_are_refused_by_number),
        cmocka_unit_test(a_head_or_configuration_that_cannot_be_is_refused),
    };

    config = fa_loss_default;
    config.kind = kind;
    return cmocka_run_group_tests_name(name, tests, NULL, memory_is_balanced);
}

int main(void)
{
    return run("freeanchor", FA_LOSS_FREEANCHOR) + run("focal", FA_LOSS_FOCAL) + run("atss", FA_LOSS_ATSS);
}
