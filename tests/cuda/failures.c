/*
 * failures.c - each call of CUDA and cuDNN, kernels' launches too, fails once: that is told in a sentence, or
 * does no harm; nothing is left on the GPU or the host, and nothing waits for ever.
 *
 * A tour asks the whole table of the backend for work on tiny maps, and adds up what came of it. It counts
 * its calls, and is then made once for each of them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/crc32c.h"
#include "fa/head_ops.h"
#include "fa/memory.h"
#include "fake.h"
#include "flats.h"

enum { CHANNELS = 8, SIDE = 4, PIXELS = 32, CLASSES = 4, OBJECTS = 2, N_FILTERS = CHANNELS * CHANNELS * 9 };

static const struct fa_shape small = {CHANNELS, SIDE, SIDE}, large = {CHANNELS, 2 * SIDE, 2 * SIDE};

static const float boxes[OBJECTS][4] = {{2, 3, 20, 25}, {8, 1, 30, 14}};
static const int32_t labels[OBJECTS] = {1, 3};
static const struct fa_detect_image frame_of_image = {PIXELS, PIXELS, {1, 1, 1, 1}};

enum { N_MAPS = 6, N_ROWS = 5, N_FLATS = 4 };

struct tour {
    struct fa_backend *backend, *other;
    struct fa_weights *weights;
    struct fa_weights_sum *weights_sum;
    struct fa_conv *conv;
    struct fa_affine *affine;
    struct fa_affine_sum *affine_sum;
    struct fa_norm *norm;
    struct fa_pool *pool;
    struct fa_recording *recording;
    struct fa_flat_window *window;
    void *map[N_MAPS], *statistics, *index;
    struct fa_flat *row[N_ROWS], *flat[N_FLATS];
    struct fa_head_scratch *scratch;
    struct fa_anchor_cache *anchors;
    struct fa_device_head head;
    uint32_t sum; /* of all results */
};

static void add_up(struct tour *tour, const void *result, size_t n_bytes)
{
    tour->sum = fa_crc32c(tour->sum, result, n_bytes);
}

/* ---- what there is to begin with ---- */

static float value(size_t i, size_t seed)
{
    return (float)((i * 37 + seed * 11) % 101) / 101 - 0.45f;
}

static fa_status make_flat(struct fa_backend *backend, size_t n, size_t seed, struct fa_flat **out)
{
    static fa_real elements[8192];

    FA_TRY(fa_flat_create(backend, n, out));
    for (size_t i = 0; i < n; i++)
        elements[i] = value(i, seed);
    return fa_flat_write(*out, 0, n, elements);
}

static fa_status make_map(struct tour *tour, int i)
{
    static float chw[CHANNELS * 4 * SIDE * SIDE];

    FA_TRY(fa_backend_alloc(tour->backend, fa_backend_activation_bytes(tour->backend, large), &tour->map[i]));
    for (size_t k = 0; k < fa_shape_elements(large); k++)
        chw[k] = value(k, (size_t)i);
    fa_backend_import_chw(tour->backend, large, chw, tour->map[i]);
    return FA_OK;
}

static fa_status open_tour(struct tour *tour)
{
    FA_TRY(fa_backend_open(&(struct fa_backend_config){.n_threads = 1, .device = -1}, &tour->backend));
    FA_TRY(fa_backend_fork(tour->backend, &tour->other));
    for (int i = 0; i < N_MAPS; i++)
        FA_TRY(make_map(tour, i));
    for (int i = 0; i < N_ROWS; i++)
        FA_TRY(make_flat(tour->backend, N_FILTERS, (size_t)i, &tour->row[i]));
    for (int i = 0; i < N_FLATS; i++)
        FA_TRY(make_flat(tour->backend, 1000, (size_t)i, &tour->flat[i]));
    return FA_OK;
}

static void close_tour(struct tour *tour)
{
    const struct fa_head_ops *ops = tour->backend != NULL ? fa_backend_head_ops(tour->backend) : NULL;

    fa_recording_destroy(tour->recording);
    fa_flat_window_destroy(tour->window);
    if (tour->scratch != NULL)
        ops->destroy(tour->scratch);
    fa_anchor_cache_destroy(tour->anchors);
    if (tour->pool != NULL)
        fa_pool_destroy(tour->pool);
    if (tour->norm != NULL)
        fa_norm_destroy(tour->norm);
    if (tour->affine_sum != NULL)
        fa_affine_sum_destroy(tour->affine_sum);
    if (tour->affine != NULL)
        fa_affine_destroy(tour->affine);
    if (tour->conv != NULL)
        fa_conv_destroy(tour->conv);
    if (tour->weights_sum != NULL)
        fa_weights_sum_destroy(tour->weights_sum);
    if (tour->weights != NULL)
        fa_weights_destroy(tour->weights);
    for (int i = 0; i < N_FLATS; i++)
        fa_flat_destroy(tour->flat[i]);
    for (int i = 0; i < N_ROWS; i++)
        fa_flat_destroy(tour->row[i]);
    for (int i = 0; i < N_MAPS && tour->backend != NULL; i++)
        fa_backend_free(tour->backend, tour->map[i]);
    if (tour->backend != NULL) {
        fa_backend_free(tour->backend, tour->statistics);
        fa_backend_free(tour->backend, tour->index);
        fa_backend_free(tour->backend, tour->head.cls);
        fa_backend_free(tour->backend, tour->head.reg);
    }
    fa_backend_close(tour->other);
    fa_backend_close(tour->backend);
}

/* ---- its stations ---- */

static fa_status add_flat(struct tour *tour, const struct fa_flat *flat)
{
    static fa_real elements[8192];
    const size_t n = fa_flat_length(flat);

    FA_TRY(fa_flat_read(flat, 0, n, elements));
    add_up(tour, elements, n * sizeof *elements);
    return FA_OK;
}

/* By way of a row. */
static fa_status add_map(struct tour *tour, struct fa_shape shape, const void *map)
{
    fa_backend_export_hwc(tour->backend, shape, map, fa_flat_memory(tour->row[4]));
    return add_flat(tour, tour->row[4]);
}

static fa_status visit_rows(struct tour *tour)
{
    static const struct fa_flat_sgd sgd = {.scale = 0.5, .lr = 0.1, .momentum = 0.9, .weight_decay = 1e-4};
    struct fa_flat **flat = tour->flat;
    uint32_t checksum;
    double norm;

    fa_flat_clear(flat[3]);
    fa_flat_copy(flat[3], flat[1], 500);
    fa_flat_swap(flat[3], flat[2], 700);
    fa_flat_fold(flat[0], &flat[1], 2, flat[3], 10, 900);
    fa_flat_bring(flat[0], 4, flat[3], 8, 500);
    fa_flat_add(flat[0], 4, flat[1], 8, 500);
    fa_flat_sgd(flat[1], flat[2], flat[3], 0, 1000, &sgd);
    fa_flat_average(flat[0], flat[1], 1000, 0.9);
    FA_TRY(fa_flat_norm(flat[0], 0, 1000, &norm));
    FA_TRY(fa_flat_checksum(flat[0], 1000, &checksum));
    add_up(tour, &norm, sizeof norm);
    add_up(tour, &checksum, sizeof checksum);
    return add_flat(tour, flat[0]);
}

static fa_status visit_window(struct tour *tour)
{
    bool is_there = false;

    FA_TRY(fa_flat_window_create(tour->backend, 1000, &tour->window));
    fa_flat_window_open(tour->window, tour->flat[0], 0, 1000);
    FA_TRY(fa_backend_synchronize(tour->backend)); /* else it would be asked a number of times that differs */
    FA_TRY(fa_flat_window_ready(tour->window, &is_there));
    assert_true(is_there);
    fa_flat_window_elements(tour->window)[7] += 1;
    fa_flat_window_write(tour->window);
    return add_flat(tour, tour->flat[0]);
}

static fa_status visit_convolution(struct tour *tour)
{
    const struct fa_weights_desc desc = {CHANNELS, CHANNELS, 1, 3};
    const struct fa_conv_desc conv = {.in = large,
                                      .out_channels = CHANNELS,
                                      .groups = 1,
                                      .kernel = 3,
                                      .stride = 1,
                                      .pad = 1,
                                      .relu = true,
                                      .residual = true,
                                      .backward_data = true,
                                      .backward_weights = true};
    const fa_real *values = fa_flat_memory(tour->row[1]);
    fa_real *grads = fa_flat_memory(tour->row[2]);
    const struct fa_layer_values layer = {fa_flat_memory(tour->row[0]), values, values + 8, values + 16,
                                          values + 32};
    const struct fa_layer_grads layer_grads = {fa_flat_memory(tour->row[3]), grads, grads + 8};
    void **map = tour->map;

    FA_TRY(fa_weights_create(tour->backend, &desc, &tour->weights));
    FA_TRY(fa_weights_sum_create(tour->backend, tour->weights, &tour->weights_sum));
    FA_TRY(fa_weights_fold(tour->weights, &layer));
    FA_TRY(fa_conv_create(tour->backend, &conv, tour->weights, &tour->conv));
    fa_weights_sum_clear(tour->weights_sum);
    FA_TRY(fa_conv_forward(tour->conv, map[0], map[1], map[2]));
    FA_TRY(fa_conv_forward(tour->conv, map[0], map[1], map[1])); /* the residual is where the result goes */
    FA_TRY(fa_conv_backward_data(tour->conv, map[2], true, map[1], map[3]));
    FA_TRY(fa_conv_backward_weights(tour->conv, map[0], map[2], tour->weights_sum));
    FA_TRY(fa_conv_backward_weights(tour->conv, map[1], map[2], tour->weights_sum));
    fa_weights_sum_unfold(tour->weights_sum, &layer, &layer_grads);
    FA_TRY(add_flat(tour, tour->row[2]));
    FA_TRY(add_flat(tour, tour->row[3]));
    return add_map(tour, large, map[3]);
}

/* What was recorded is asked for on its own queue, and another follows. */
static fa_status visit_recording(struct tour *tour)
{
    fa_status status;

    FA_TRY(fa_backend_record(tour->backend));
    status = fa_conv_forward(tour->conv, tour->map[0], tour->map[1], tour->map[2]);
    FA_TRY(fa_backend_recorded(tour->backend, &tour->recording));
    FA_TRY(status);
    fa_recording_ask(tour->recording);
    fa_recording_ask(tour->recording);
    fa_backend_follow(tour->other, fa_backend_mark(tour->backend));
    fa_backend_upsample(tour->other, large, large, tour->map[2], tour->map[4]);
    fa_backend_follow(tour->backend, fa_backend_mark(tour->other));
    FA_TRY(fa_backend_synchronize(tour->other));
    return add_map(tour, large, tour->map[4]);
}

static fa_status visit_norm(struct tour *tour)
{
    const struct fa_norm_desc desc = {.shape = large, .groups = 2, .relu = true, .residual = true};
    fa_real *grads = fa_flat_memory(tour->row[2]);
    void **map = tour->map;

    FA_TRY(fa_affine_create(tour->backend, CHANNELS, &tour->affine));
    FA_TRY(fa_affine_load(tour->affine, fa_flat_memory(tour->row[0]), fa_flat_memory(tour->row[1])));
    FA_TRY(fa_affine_sum_create(tour->backend, tour->affine, &tour->affine_sum));
    FA_TRY(fa_norm_create(tour->backend, &desc, tour->affine, &tour->norm));
    FA_TRY(fa_backend_alloc(tour->backend, fa_norm_statistics_bytes(tour->norm), &tour->statistics));
    fa_affine_sum_clear(tour->affine_sum);
    FA_TRY(fa_norm_forward(tour->norm, map[0], map[1], map[2], tour->statistics));
    FA_TRY(fa_norm_repeat(tour->norm, map[0], map[1], tour->statistics, map[4]));
    FA_TRY(fa_norm_backward(tour->norm, map[0], tour->statistics, map[3], map[5], tour->affine_sum));
    fa_affine_sum_add(tour->affine_sum, grads, grads + CHANNELS);
    FA_TRY(add_flat(tour, tour->row[2]));
    FA_TRY(add_map(tour, large, map[4]));
    return add_map(tour, large, map[5]);
}

static fa_status visit_maps(struct tour *tour)
{
    double sums[2 * CHANNELS];
    void **map = tour->map;

    FA_TRY(fa_pool_create(tour->backend, large, &tour->pool));
    FA_TRY(fa_backend_alloc(tour->backend, fa_pool_index_bytes(tour->pool), &tour->index));
    FA_TRY(fa_pool_forward(tour->pool, map[0], map[1], tour->index));
    FA_TRY(fa_pool_backward(tour->pool, tour->index, map[1], map[3], map[2]));
    fa_backend_upsample(tour->backend, small, large, map[1], map[4]);
    fa_backend_upsample_backward(tour->backend, small, large, map[4], true, map[1]);
    fa_backend_add_masked(tour->backend, large, map[2], map[3], map[4]);
    fa_backend_moments(tour->backend, large, map[4], sums, sums + CHANNELS);
    FA_TRY(fa_backend_synchronize(tour->backend));
    add_up(tour, sums, sizeof sums);
    fa_backend_import_hwc(tour->backend, large, fa_flat_memory(tour->row[0]), map[0]);
    FA_TRY(add_map(tour, large, map[0]));
    return add_map(tour, large, map[4]);
}

static fa_status visit_pixels(struct tour *tour)
{
    static uint8_t rgb[3 * SIDE * SIDE];
    const struct fa_shape shape = {3, 2 * SIDE, 2 * SIDE};
    const struct fa_frame frame = {rgb, SIDE, SIDE, {true, false}, fa_normalize_default};

    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 29);
    FA_TRY(fa_backend_import_frame(tour->backend, shape, &frame, tour->map[0]));
    return add_map(tour, shape, tour->map[0]);
}

static fa_status give_head(struct tour *tour)
{
    static fa_real rows[CLASSES * 512];
    const size_t n = tour->head.anchors->pyramid.n_anchors;

    for (size_t i = 0; i < n * CLASSES; i++)
        rows[i] = value(i, 5);
    fa_backend_put(tour->backend, tour->head.cls, rows, n * CLASSES * sizeof *rows);
    fa_backend_put(tour->backend, tour->head.reg, rows, n * 4 * sizeof *rows);
    return fa_backend_synchronize(tour->backend);
}

static fa_status learn(struct tour *tour, enum fa_loss_kind kind)
{
    const struct fa_head_ops *ops = fa_backend_head_ops(tour->backend);
    const struct fa_objects objects = {OBJECTS, &boxes[0][0], labels};
    struct fa_loss_config config = fa_loss_default;

    config.kind = kind;
    FA_TRY(give_head(tour));
    FA_TRY(ops->prepare_loss(tour->scratch, &config, &tour->head, &objects, 2));
    FA_TRY(ops->ask_loss(tour->scratch, &config, &tour->head));
    FA_TRY(fa_backend_synchronize(tour->backend));
    add_up(tour, ops->loss(tour->scratch), sizeof(struct fa_loss));
    return FA_OK;
}

static fa_status look(struct tour *tour)
{
    const struct fa_head_ops *ops = fa_backend_head_ops(tour->backend);
    const struct fa_detect_config *config = &fa_detect_config_default;
    const struct fa_device_detections *found;

    FA_TRY(give_head(tour));
    FA_TRY(ops->prepare_detections(tour->scratch, config, &tour->head, &frame_of_image));
    FA_TRY(ops->ask_detections(tour->scratch, config, &tour->head));
    FA_TRY(fa_backend_synchronize(tour->backend));
    found = ops->detections(tour->scratch);
    add_up(tour, found->detection, (size_t)found->n * sizeof found->detection[0]);
    return FA_OK;
}

static fa_status visit_head(struct tour *tour)
{
    size_t n;

    tour->head.num_classes = CLASSES;
    FA_TRY(fa_anchor_cache_create(&fa_anchors_of_reference, &tour->anchors));
    FA_TRY(fa_anchor_cache_get(tour->anchors, PIXELS, PIXELS, &tour->head.anchors));
    n = tour->head.anchors->pyramid.n_anchors;
    FA_TRY(fa_backend_alloc(tour->backend, n * CLASSES * sizeof(fa_real), (void **)&tour->head.cls));
    FA_TRY(fa_backend_alloc(tour->backend, n * 4 * sizeof(fa_real), (void **)&tour->head.reg));
    FA_TRY(fa_backend_head_ops(tour->backend)->create(tour->backend, &tour->scratch));
    FA_TRY(learn(tour, FA_LOSS_FREEANCHOR));
    FA_TRY(learn(tour, FA_LOSS_FOCAL));
    return look(tour);
}

static bool with_head;
static int stride = 1;

static fa_status visit_all(struct tour *tour)
{
    FA_TRY(open_tour(tour));
    FA_TRY(visit_rows(tour));
    FA_TRY(visit_window(tour));
    FA_TRY(visit_convolution(tour));
    FA_TRY(visit_recording(tour));
    FA_TRY(visit_norm(tour));
    FA_TRY(visit_maps(tour));
    FA_TRY(visit_pixels(tour));
    return with_head ? visit_head(tour) : FA_OK;
}

/* ---- it is made again and again ---- */

struct outcome {
    fa_status status;
    uint32_t sum;
};

static struct outcome make_tour(void)
{
    struct tour tour = {0};
    struct outcome outcome = {.status = visit_all(&tour)};

    outcome.sum = tour.sum;
    close_tour(&tour);
    return outcome;
}

static void assert_told(long n, fa_status status)
{
    if (strstr(fa_message(), "CUDA says") == NULL && strstr(fa_message(), "cuDNN 9.19.0 says") == NULL)
        fail_msg("call %ld fails with %d, and is told as \"%s\"", n, (int)status, fa_message());
}

static void assert_nothing_is_left(long n)
{
    if (fake_live() != 0 || fa_memory_balance() != 0)
        fail_msg("call %ld fails, which leaves %ld things of the GPU and %ld blocks", n, fake_live(),
                 fa_memory_balance());
}

static void each_call_fails_once(void **state)
{
    const long before = fake_calls();
    const struct outcome good = make_tour();
    const long n_calls = fake_calls() - before;
    long n_told = 0;

    (void)state;
    assert_ok(good.status);
    assert_nothing_is_left(0);
    for (long n = 1; n <= n_calls; n += stride) {
        struct outcome outcome;

        fake_fail_after(n);
        outcome = make_tour();
        fake_fail_after(0);
        assert_nothing_is_left(n);
        if (outcome.status != FA_OK)
            assert_told(n, outcome.status);
        else if (outcome.sum != good.sum)
            fail_msg("call %ld fails, nobody tells, and results are others", n);
        n_told += outcome.status != FA_OK;
    }
    printf("%ld calls, of which %ld fail: %ld failures are told, the others do no harm\n", n_calls,
           (n_calls - 1) / stride + 1, n_told);
    assert_true(n_told > n_calls / stride / 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_call_fails_once)};

    with_head = argc > 1 && strcmp(argv[1], "head") == 0;
    stride = argc > 1 && !with_head ? atoi(argv[1]) : 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
