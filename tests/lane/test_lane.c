/* The lane's way of an image gives what its parts give, one by one, and tells of each as it ends. */
#include "flats.h"
#include "small_network.h"

#include <string.h>

#include "fa/anchors.h"
#include "fa/lane.h"
#include "fa/memory.h"
#include "fa/params.h"

enum { SIDE = 64, CLASSES = 3, ANCHORS = 774 }; /* 9 * (64 + 16 + 4 + 1 + 1) */

static float pixels[3 * SIDE * SIDE], anchors[ANCHORS * 4];
static const struct fa_image image = {.chw = pixels, .h = SIDE, .w = SIDE};
static const float boxes[2][4] = {{4, 4, 40, 44}, {30, 8, 60, 60}};
static const int32_t labels[2] = {2, 0};
static const struct fa_objects objects = {2, &boxes[0][0], labels};
static const struct fa_detect_image frame = {SIDE, SIDE, {1, 1, 1, 1}};

static struct fa_loss_config loss_config; /* of learning */
static struct fa_pyramid levels;

static struct fa_backend *backend;
static struct fa_model *model;
static struct fa_workspace *workspace; /* for the parts by themselves */
static struct fa_lane *lane;

static int open_lane(void **state)
{
    const struct fa_model_config config = small_network(4, CLASSES, 0.1);

    (void)state;
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        pixels[i] = (float)(i % 29) / 29 - 0.5f;
    loss_config = fa_loss_default;
    fa_pyramid_make(3, SIDE, SIDE, &levels);
    fa_anchors_make(&levels, &fa_anchors_of_reference, anchors);
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    assert_ok(fa_model_create(&config, backend, &model));
    assert_ok(fa_model_init(model, 3));
    fa_model_params_changed(model);
    assert_ok(fa_workspace_create(model, NULL, &workspace));
    assert_ok(fa_lane_create(model, NULL, &lane));
    return 0;
}

static int close_lane(void **state)
{
    (void)state;
    fa_lane_destroy(lane);
    fa_workspace_destroy(workspace);
    fa_model_destroy(model);
    fa_backend_close(backend);
    assert_int_equal(fa_memory_balance(), 0);
    return 0;
}

/* The head of a workspace that has gone forward, in static rows of the host. */
static struct fa_head_view host_head(const struct fa_head *head)
{
    static fa_real cls[ANCHORS * CLASSES], reg[ANCHORS * 4];

    assert_int_equal(head->n_anchors, ANCHORS);
    backend_read(fa_workspace_queue(workspace), head->cls, ANCHORS * CLASSES, cls);
    backend_read(fa_workspace_queue(workspace), head->reg, ANCHORS * 4, reg);
    return (struct fa_head_view){.n_anchors = ANCHORS,
                                 .num_classes = CLASSES,
                                 .anchors = anchors,
                                 .cls = cls,
                                 .reg = reg,
                                 .n_levels = FA_LEVELS,
                                 .level_first = levels.first,
                                 .per_position = FA_CELL_ANCHORS};
}

/* params->grad, which other queues than its own add to. */
static void clear_gradient(void)
{
    struct fa_flat *grad = fa_model_params(model)->grad;

    fa_flat_clear(grad);
    assert_ok(fa_backend_synchronize(fa_flat_backend(grad)));
}

/* ---- learn ---- */

static fa_status learn(struct fa_lane *in, double normalizer, const struct fa_lane_observer *observer,
                       struct fa_loss *loss)
{
    fa_status asked = fa_lane_learn(in, &loss_config, &image, &objects, normalizer, observer);
    fa_status learned = fa_lane_learned(in, loss);

    return asked != FA_OK ? asked : learned;
}

/* What an observer heard. */
struct record {
    enum fa_lane_phase ended[4];
    size_t n_ended, n_heads, n_final;
    fa_real cls[ANCHORS * CLASSES], reg[ANCHORS * 4];
};

static struct record heard;

static void note_end(void *context, enum fa_lane_phase phase)
{
    struct record *record = context;

    assert_true(record->n_ended < 4);
    record->ended[record->n_ended++] = phase;
}

static fa_status note_head(void *context, const struct fa_head *head)
{
    struct record *record = context;

    assert_int_equal(head->n_anchors, ANCHORS);
    memcpy(record->cls, head->cls, sizeof record->cls);
    memcpy(record->reg, head->reg, sizeof record->reg);
    record->n_heads++;
    return FA_OK;
}

static void note_ready(void *context, size_t n, struct fa_ticket ticket)
{
    (void)ticket;
    ((struct record *)context)->n_final = n;
}

static const struct fa_lane_observer observer = {
    .ended = note_end, .saw = note_head, .ready = note_ready, .context = &heard};

/* The loss and the gradient of the parameters by hand, from the model and the loss alone; *grad is freed. */
static void learn_by_parts(double normalizer, struct fa_loss *loss, fa_real **grad)
{
    const struct fa_params *params = fa_model_params(model);
    struct fa_backend *queue = fa_workspace_queue(workspace);
    static fa_real grad_cls[ANCHORS * CLASSES], grad_reg[ANCHORS * 4];
    fa_real *rows_cls, *rows_reg;
    struct fa_loss_workspace *scratch;
    struct fa_head_view view;
    struct fa_head head;

    clear_gradient();
    assert_ok(fa_loss_workspace_create(1, &scratch));
    assert_ok(fa_workspace_forward(workspace, FA_TRAINING, &image, &head));
    view = host_head(&head);
    assert_ok(fa_loss_compute(&loss_config, &view, &objects, normalizer, scratch, loss, grad_cls, grad_reg));
    rows_cls = backend_copy(queue, grad_cls, ANCHORS * CLASSES);
    rows_reg = backend_copy(queue, grad_reg, ANCHORS * 4);
    assert_ok(fa_workspace_backward(workspace, rows_cls, rows_reg, NULL, NULL));
    assert_ok(fa_backend_synchronize(queue));
    *grad = flat_copy(params->grad, 0, params->n_trainable);
    fa_backend_free(queue, rows_cls);
    fa_backend_free(queue, rows_reg);
    fa_loss_workspace_destroy(scratch);
}

static void learning_gives_the_loss_and_gradient_of_its_parts(void **state)
{
    struct fa_params *params = fa_model_params(model);
    struct fa_loss loss, want;
    fa_real *want_grad;

    (void)state;
    learn_by_parts(5, &want, &want_grad);
    clear_gradient();
    assert_ok(learn(lane, 5, NULL, &loss));
    assert_memory_equal(&loss, &want, sizeof want);
    assert_true(want.part[0] > 0 && want.part[1] > 0);
    assert_flat_holds(params->grad, 0, params->n_trainable, want_grad);

    /* also where the host computes the loss, because somebody looks at the head */
    memset(&heard, 0, sizeof heard);
    clear_gradient();
    assert_ok(learn(lane, 5, &observer, &loss));
    assert_memory_equal(&loss, &want, sizeof want);
    assert_flat_holds(params->grad, 0, params->n_trainable, want_grad);
    fa_free(want_grad);
}

/* A backend that computes one of them itself leaves the others to the host. */
static void every_loss_is_learned_by_whoever_computes_it(void **state)
{
    struct fa_params *params = fa_model_params(model);
    struct fa_loss loss, want;
    fa_real *want_grad;

    (void)state;
    for (int kind = 0; kind < FA_LOSS_KINDS; kind++) {
        loss_config.kind = (enum fa_loss_kind)kind;
        learn_by_parts(5, &want, &want_grad);
        clear_gradient();
        assert_ok(learn(lane, 5, NULL, &loss));
        assert_memory_equal(&loss, &want, sizeof want);
        assert_flat_holds(params->grad, 0, params->n_trainable, want_grad);
        fa_free(want_grad);
    }
    loss_config = fa_loss_default;
}

/* Each in a row of its own, asked for before the first is waited for. */
static void lanes_that_are_asked_together_give_what_each_gives_alone(void **state)
{
    const size_t n = fa_model_params(model)->n_trainable;
    struct fa_lane *lanes[2];
    struct fa_flat *grad[2];
    struct fa_loss loss, want;
    fa_real *want_grad;

    (void)state;
    learn_by_parts(5, &want, &want_grad);
    for (int i = 0; i < 2; i++) {
        assert_ok(fa_flat_create(backend, n, &grad[i]));
        assert_ok(fa_lane_create(model, grad[i], &lanes[i]));
        assert_ptr_equal(fa_lane_grad(lanes[i]), grad[i]);
    }
    assert_ok(fa_backend_synchronize(backend));
    for (int i = 0; i < 2; i++)
        assert_ok(fa_lane_learn(lanes[i], &fa_loss_default, &image, &objects, 5, NULL));
    for (int i = 0; i < 2; i++) {
        assert_ok(fa_lane_learned(lanes[i], &loss));
        assert_memory_equal(&loss, &want, sizeof want);
        assert_flat_holds(grad[i], 0, n, want_grad);
    }
    for (int i = 0; i < 2; i++) {
        fa_lane_destroy(lanes[i]);
        fa_flat_destroy(grad[i]);
    }
    fa_free(want_grad);
}

static void the_observer_hears_of_each_phase_in_turn(void **state)
{
    struct fa_loss loss, again;
    static fa_real grad_cls[ANCHORS * CLASSES], grad_reg[ANCHORS * 4];
    const struct fa_head kept = {ANCHORS, CLASSES, heard.cls, heard.reg};

    (void)state;
    memset(&heard, 0, sizeof heard);
    assert_ok(learn(lane, 2, &observer, &loss));
    assert_int_equal(heard.n_ended, 3);
    assert_int_equal(heard.ended[0], FA_LANE_FORWARD);
    assert_int_equal(heard.ended[1], FA_LANE_LOSS);
    assert_int_equal(heard.ended[2], FA_LANE_BACKWARD);
    assert_int_equal(heard.n_heads, 1);
    assert_int_equal(heard.n_final, fa_model_params(model)->n_trainable);

    /* the rows that it saw are those that the loss was made of */
    assert_ok(fa_lane_head_loss(lane, &fa_loss_default, SIDE, SIDE, &kept, &objects, 2, &again, grad_cls,
                                grad_reg));
    assert_memory_equal(&loss, &again, sizeof again);
}

static fa_status refuse(void *context, const struct fa_head *head)
{
    (void)context, (void)head;
    return fa_fail(FA_EIO, "no room for the head");
}

static void an_observer_that_fails_ends_the_way(void **state)
{
    const struct fa_lane_observer failing = {.saw = refuse};
    struct fa_detection out[100];
    struct fa_loss loss;
    size_t n;

    (void)state;
    assert_int_equal(learn(lane, 2, &failing, &loss), FA_EIO);
    assert_int_equal(fa_lane_look(lane, &fa_detect_config_default, &image, &frame, &failing, out, &n),
                     FA_EIO);
}

static void the_share_of_an_image_is_that_of_its_objects(void **state)
{
    const struct fa_head_view head = {.n_anchors = ANCHORS, .num_classes = 1, .anchors = anchors};
    struct fa_loss_config focal = fa_loss_default;
    struct fa_loss_workspace *scratch;
    double share, want;

    (void)state;
    assert_ok(fa_lane_share(lane, &fa_loss_default, SIDE, SIDE, &objects, &share));
    assert_true(share == 2);
    focal.kind = FA_LOSS_FOCAL;
    focal.focal = (struct fa_focal){0.25, 2, 0.5, 0.4, 0};
    assert_ok(fa_loss_workspace_create(1, &scratch));
    assert_ok(fa_loss_share(&focal, &head, &objects, scratch, &want));
    assert_ok(fa_lane_share(lane, &focal, SIDE, SIDE, &objects, &share));
    assert_true(share == want && want > 2);
    fa_loss_workspace_destroy(scratch);
}

/* ---- look ---- */

static void looking_gives_the_detections_of_its_parts(void **state)
{
    struct fa_detect_config config = fa_detect_config_default;
    struct fa_detection got[100], want[100];
    struct fa_head_view view;
    struct fa_head head;
    size_t n, n_want;

    (void)state;
    config.max_per_image = 100;
    assert_ok(fa_workspace_forward(workspace, FA_INFERENCE, &image, &head));
    view = host_head(&head);
    assert_ok(fa_detections_make(&config, &levels, &view, &frame, want, &n_want));
    assert_true(n_want > 0);
    assert_ok(fa_lane_look(lane, &config, &image, &frame, NULL, got, &n)); /* by the backend if it can */
    assert_int_equal(n, n_want);
    assert_memory_equal(got, want, n * sizeof *got);
    memset(&heard, 0, sizeof heard);
    assert_ok(fa_lane_look(lane, &config, &image, &frame, &observer, got, &n));
    assert_int_equal(n, n_want);
    assert_memory_equal(got, want, n * sizeof *got);
    assert_int_equal(heard.n_ended, 2);
    assert_int_equal(heard.ended[0], FA_LANE_FORWARD);
    assert_int_equal(heard.ended[1], FA_LANE_DETECTIONS);
}

/* ---- the two doors ---- */

static fa_real *gradient_of(const struct fa_image *given, struct fa_loss *loss)
{
    struct fa_params *params = fa_model_params(model);

    clear_gradient();
    assert_ok(fa_lane_learn(lane, &fa_loss_default, given, &objects, 2, NULL));
    assert_ok(fa_lane_learned(lane, loss));
    return flat_copy(params->grad, 0, params->n_trainable);
}

static void check_looks(const struct fa_image *by_floats, const struct fa_image *by_pixels)
{
    static struct fa_detection want[ANCHORS], got[ANCHORS];
    const struct fa_detect_config config = fa_detect_config_default;
    size_t n_want, n_got;

    assert_ok(fa_lane_look(lane, &config, by_floats, &frame, NULL, want, &n_want));
    assert_ok(fa_lane_look(lane, &config, by_pixels, &frame, NULL, got, &n_got));
    assert_true(n_want > 0);
    assert_int_equal(n_got, n_want);
    assert_memory_equal(got, want, n_want * sizeof *want);
}

static void pixels_give_the_bits_of_their_floats(void **state)
{
    static uint8_t rgb[3 * 60 * 50];
    static float chw[3 * SIDE * SIDE];
    const struct fa_frame given = {
        .rgb = rgb, .w = 60, .h = 50, .flip = {.horizontal = true}, .normalize = fa_normalize_default};
    const struct fa_image by_floats = {.chw = chw, .h = SIDE, .w = SIDE};
    const struct fa_image by_pixels = {.frame = &given, .h = SIDE, .w = SIDE};
    struct fa_loss want_loss, got_loss;
    fa_real *want, *got;

    (void)state;
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 37 % 251);
    fa_frame_to_chw(&given, SIDE, SIDE, chw);
    want = gradient_of(&by_floats, &want_loss);
    got = gradient_of(&by_pixels, &got_loss);
    assert_memory_equal(&got_loss, &want_loss, sizeof want_loss);
    assert_memory_equal(got, want, fa_model_params(model)->n_trainable * sizeof *want);
    fa_free(want);
    fa_free(got);
    check_looks(&by_floats, &by_pixels);
}

/* ---- memory ---- */

static fa_status open_and_learn(void)
{
    struct fa_lane *other;
    struct fa_loss loss;
    fa_status status;

    FA_TRY(fa_lane_create(model, NULL, &other));
    status = learn(other, 2, NULL, &loss);
    fa_lane_destroy(other);
    return status;
}

static void a_lane_without_memory_fails_and_keeps_nothing(void **state)
{
    const size_t before = fa_memory_balance();

    (void)state;
    assert_survives_shortage(open_and_learn());
    assert_int_equal(fa_memory_balance(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learning_gives_the_loss_and_gradient_of_its_parts),
        cmocka_unit_test(every_loss_is_learned_by_whoever_computes_it),
        cmocka_unit_test(lanes_that_are_asked_together_give_what_each_gives_alone),
        cmocka_unit_test(the_observer_hears_of_each_phase_in_turn),
        cmocka_unit_test(an_observer_that_fails_ends_the_way),
        cmocka_unit_test(the_share_of_an_image_is_that_of_its_objects),
        cmocka_unit_test(looking_gives_the_detections_of_its_parts),
        cmocka_unit_test(pixels_give_the_bits_of_their_floats),
        cmocka_unit_test(a_lane_without_memory_fails_and_keeps_nothing),
    };

    return cmocka_run_group_tests(tests, open_lane, close_lane);
}
