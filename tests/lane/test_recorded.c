/* A lane whose work is recorded gives what one gives that asks for it call by call; where nothing is
   recorded, both are the same. */
#include <string.h>

#include "../../src/backend/ops.h"
#include "fa/lane.h"
#include "fa/memory.h"
#include "fa/params.h"
#include "flats.h"
#include "small_network.h"

enum { CLASSES = 4, MOST_OBJECTS = 200, IMAGES = 9, ROOM = 100 };

/* Sizes alternate, so that each is met again after another; objects come to be more than there was room for.
 */
static const struct {
    int h, w;
    size_t n_objects;
    double normalizer;
} series[IMAGES] = {{64, 32, 2, 2}, {64, 32, 0, 1}, {64, 32, 3, 7}, {32, 96, 1, 1},
                    {32, 96, 2, 3}, {64, 32, 1, 5}, {32, 96, 3, 2}, {64, 32, MOST_OBJECTS, 9},
                    {64, 32, 2, 2}};

static float boxes[MOST_OBJECTS][4];
static int32_t labels[MOST_OBJECTS];

/* One way of asking, and what came of it. */
struct side {
    struct fa_backend *backend;
    struct fa_model *model;
    struct fa_lane *lane;
    struct fa_loss loss[IMAGES];
    fa_real *grad[IMAGES];
    struct fa_detection found[IMAGES][ROOM];
    size_t n_found[IMAGES];
};

static void open_side(struct side *side, bool never_records)
{
    const struct fa_model_config config = small_network(3, CLASSES, 0.1);

    memset(side, 0, sizeof *side);
    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.name = "blas", .n_threads = 1, .never_records = never_records},
        &side->backend));
    assert_ok(fa_model_create(&config, side->backend, &side->model));
    assert_ok(fa_model_init(side->model, 3));
    fa_model_params_changed(side->model);
    assert_ok(fa_lane_create(side->model, NULL, &side->lane));
}

static void close_side(struct side *side)
{
    for (int i = 0; i < IMAGES; i++)
        fa_free(side->grad[i]);
    fa_lane_destroy(side->lane);
    fa_model_destroy(side->model);
    fa_backend_close(side->backend);
}

static struct fa_backend *queue_of(const struct side *side)
{
    return fa_workspace_queue(fa_lane_workspace(side->lane));
}

static struct fa_image image_of(int i)
{
    static float pixels[3 * 64 * 96];

    for (int k = 0; k < 3 * series[i].h * series[i].w; k++)
        pixels[k] = (float)((k * 37 + 11 * i) % 101) / 50 - 1;
    return (struct fa_image){.chw = pixels, .h = series[i].h, .w = series[i].w};
}

/* What an observer heard: parameters that were final, and from whom. */
struct progress {
    struct fa_flat *grad;
    struct fa_backend *queue;
    fa_real *seen;
    size_t n;
};

static void see_final(void *context, size_t n, struct fa_ticket ticket)
{
    struct progress *progress = context;
    bool reached = false;

    assert_true(n >= progress->n && n <= fa_flat_length(progress->grad));
    while (!reached)
        assert_ok(fa_ticket_reached(ticket, &reached));
    if (n > progress->n)
        assert_ok(fa_flat_read(progress->grad, progress->n, n - progress->n, progress->seen + progress->n));
    progress->n = n;
}

/* The gradient as it was seen piece by piece is the whole one. */
static void learn(struct side *side, int i)
{
    const struct fa_image image = image_of(i);
    const struct fa_objects objects = {series[i].n_objects, &boxes[0][0], labels};
    struct progress progress = {.grad = fa_lane_grad(side->lane), .queue = queue_of(side)};
    const struct fa_lane_observer observer = {.ready = see_final, .context = &progress};
    const size_t n = fa_flat_length(progress.grad);

    fa_flat_clear(progress.grad);
    assert_ok(fa_backend_synchronize(fa_flat_backend(progress.grad)));
    assert_ok(fa_alloc(n, sizeof *progress.seen, &progress.seen));
    assert_ok(fa_lane_learn(side->lane, &fa_loss_default, &image, &objects, series[i].normalizer, &observer));
    assert_ok(fa_lane_learned(side->lane, &side->loss[i]));
    assert_int_equal(progress.n, n);
    side->grad[i] = flat_copy(progress.grad, 0, n);
    assert_memory_equal(progress.seen, side->grad[i], n * sizeof *progress.seen);
    fa_free(progress.seen);
}

static void look(struct side *side, int i)
{
    const struct fa_image image = image_of(i);
    const struct fa_detect_image frame = {(float)series[i].w - (float)i, (float)series[i].h, {1, 1, 1, 1}};

    assert_ok(fa_lane_look(side->lane, &fa_detect_config_default, &image, &frame, NULL, side->found[i],
                           &side->n_found[i]));
    assert_true(side->n_found[i] > 0);
}

static void run_series(struct side *side)
{
    for (int i = 0; i < IMAGES; i++) {
        learn(side, i);
        look(side, i);
    }
}

static void compare(const struct side *got, const struct side *want)
{
    const size_t n = fa_flat_length(fa_lane_grad(want->lane));

    for (int i = 0; i < IMAGES; i++) {
        assert_memory_equal(&got->loss[i], &want->loss[i], sizeof want->loss[i]);
        assert_memory_equal(got->grad[i], want->grad[i], n * sizeof *want->grad[i]);
        assert_int_equal(got->n_found[i], want->n_found[i]);
        assert_memory_equal(got->found[i], want->found[i], want->n_found[i] * sizeof *want->found[i]);
    }
}

static void recorded_work_gives_the_bits_of_that_asked_for_call_by_call(void **state)
{
    static struct side recorded, unrecorded;

    (void)state;
    for (int i = 0; i < MOST_OBJECTS; i++) {
        const float at = (float)(i % 20);

        memcpy(boxes[i], (float[4]){at, at / 2, at + 10 + (float)(i % 7), at / 2 + 14}, sizeof boxes[i]);
        labels[i] = i % CLASSES;
    }
    open_side(&recorded, false);
    open_side(&unrecorded, true);
    run_series(&recorded);
    run_series(&unrecorded);
    compare(&recorded, &unrecorded);
    assert_int_equal(queue_of(&unrecorded)->n_replayed, 0);
    if (fa_backend_records(queue_of(&recorded)))
        assert_true(queue_of(&recorded)->n_replayed >=
                    IMAGES); /* of twice as many pieces of work, and more */
    close_side(&recorded);
    close_side(&unrecorded);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_work_gives_the_bits_of_that_asked_for_call_by_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
