/*
 * head_on_device.c - a lane whose losses and detections the backend makes gets what one does whose head goes
 * to the host for them.
 */
#include <math.h>
#include <string.h>

#include "fa/lane.h"
#include "fa/memory.h"
#include "flats.h"
#include "small_network.h"
#include "support.h"

enum { CLASSES = 4, H = 64, W = 96, OBJECTS = 3 };

/* Of the largest of a gradient: sums in another order, and logistic functions in float. */
#define TOLERANCE 1e-5

static const float boxes[OBJECTS][4] = {{10, 12, 50, 60}, {30, 5, 90, 40}, {2, 30, 20, 62}};
static const int32_t labels[OBJECTS] = {1, 3, 0};

static float chw[3 * H * W];
static const struct fa_image image = {.chw = chw, .h = H, .w = W};

static struct fa_backend *backend;
static struct fa_model *model;

static int open_model(void **state)
{
    const struct fa_model_config config = small_network(4, CLASSES, 0.1);

    (void)state;
    for (int i = 0; i < 3 * H * W; i++)
        chw[i] = (float)(i * 37 % 101) / 50 - 1;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.n_threads = 1}, &backend));
    assert_non_null(fa_backend_head_ops(backend));
    assert_ok(fa_model_create(&config, backend, &model));
    assert_ok(fa_model_init(model, 5));
    return 0;
}

static int close_model(void **state)
{
    fa_model_destroy(model);
    fa_backend_close(backend);
    return fa_test_memory_balances(state);
}

static fa_status look_on(void *context, const struct fa_head *head)
{
    (void)context, (void)head;
    return FA_OK;
}

struct outcome {
    struct fa_loss loss;
    fa_real *grad; /* freed by fa_free */
};

/* by_host: somebody looks at the head, which therefore goes there. */
static struct outcome learn(struct fa_lane *lane, enum fa_loss_kind kind, size_t n_objects, bool by_host)
{
    const struct fa_lane_observer seeing = {.saw = look_on};
    const struct fa_objects objects = {n_objects, &boxes[0][0], labels};
    struct fa_loss_config config = fa_loss_default;
    struct fa_flat *grad = fa_lane_grad(lane);
    struct outcome outcome;

    config.kind = kind;
    fa_flat_clear(grad);
    assert_ok(fa_lane_learn(lane, &config, &image, &objects, 3, by_host ? &seeing : NULL));
    assert_ok(fa_lane_learned(lane, &outcome.loss));
    outcome.grad = flat_copy(grad, 0, fa_flat_length(grad));
    return outcome;
}

static void assert_same_loss(const struct fa_loss *got, const struct fa_loss *want)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        assert_near(got->part[i], want->part[i], TOLERANCE * (1 + fabs(want->part[i])));
    assert_near(got->bag_probability, want->bag_probability, TOLERANCE);
    assert_near(got->matched_iou, want->matched_iou, TOLERANCE);
}

static void check_loss(struct fa_lane *lane, enum fa_loss_kind kind, size_t n_objects)
{
    struct outcome host = learn(lane, kind, n_objects, true), device = learn(lane, kind, n_objects, false);

    assert_same_loss(&device.loss, &host.loss);
    assert_true(fa_test_worst_float(device.grad, host.grad, fa_flat_length(fa_lane_grad(lane)), NULL) <
                100 * TOLERANCE);
    fa_free(host.grad);
    fa_free(device.grad);
}

static void the_backends_loss_is_the_hosts(void **state)
{
    struct fa_lane *lane;

    (void)state;
    assert_ok(fa_lane_create(model, NULL, &lane));
    for (size_t n = 0; n <= OBJECTS; n += OBJECTS) {
        for (int kind = 0; kind < FA_LOSS_KINDS; kind++)
            check_loss(lane, (enum fa_loss_kind)kind, n);
    }
    fa_lane_destroy(lane);
}

/* Once more after a loss, which uses the same scratch. */
static void the_backends_detections_are_the_hosts(void **state)
{
    static const struct fa_lane_observer seeing = {.saw = look_on};
    static const struct fa_detect_image frame = {W, H, {1, 1, 1, 1}};
    static struct fa_detection got[100], want[100];
    struct fa_lane *lane;
    size_t n_got, n_want;

    (void)state;
    assert_ok(fa_lane_create(model, NULL, &lane));
    assert_ok(fa_lane_look(lane, &fa_detect_config_default, &image, &frame, &seeing, want, &n_want));
    assert_true(n_want > 10);
    for (int times = 0; times < 2; times++) {
        assert_ok(fa_lane_look(lane, &fa_detect_config_default, &image, &frame, NULL, got, &n_got));
        assert_int_equal(n_got, n_want);
        assert_memory_equal(got, want, n_want * sizeof *want);
        check_loss(lane, FA_LOSS_FREEANCHOR, OBJECTS);
    }
    fa_lane_destroy(lane);
}

static void an_object_of_no_class_is_refused(void **state)
{
    const int32_t label = CLASSES;
    const struct fa_objects objects = {1, &boxes[0][0], &label};
    struct fa_lane *lane;
    struct fa_loss loss;

    (void)state;
    assert_ok(fa_lane_create(model, NULL, &lane));
    assert_fails_saying(fa_lane_learn(lane, &fa_loss_default, &image, &objects, 1, NULL), FA_EINVAL,
                        "label 4");
    assert_ok(fa_lane_learned(lane, &loss));
    fa_lane_destroy(lane);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_backends_loss_is_the_hosts),
        cmocka_unit_test(the_backends_detections_are_the_hosts),
        cmocka_unit_test(an_object_of_no_class_is_refused),
    };

    return cmocka_run_group_tests(tests, open_model, close_model);
}
