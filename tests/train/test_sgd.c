/* Schedule, clipping and update against the published numbers, hand arithmetic and torch
 * (golden/make_sgd.py, golden/make_schedule.py). */
#include "flats.h"

#include <math.h>
#include <string.h>

#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/sgd.h"

static struct fa_backend *backend;

static int open_backend(void **state)
{
    (void)state;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.n_threads = 1}, &backend));
    return 0;
}

static int close_backend(void **state)
{
    fa_backend_close(backend);
    return fa_test_memory_balances(state);
}

static const struct fa_schedule schedule_1x = {.lr = 0.01,
                                               .warmup_steps = 500,
                                               .warmup_ratio = 0.001,
                                               .n_drops = 2,
                                               .drop_epoch = {8, 11},
                                               .drop_factor = 0.1};

static void the_warm_up_gives_the_published_rates(void **state)
{
    (void)state;
    assert_near(fa_schedule_lr(&schedule_1x, 0, 0), 1e-5, 1e-17);
    assert_near(fa_schedule_lr(&schedule_1x, 49, 0), 9.8902e-4, 1e-10);
    assert_near(fa_schedule_lr(&schedule_1x, 499, 0), 0.00998002, 1e-10);
    assert_near(fa_schedule_lr(&schedule_1x, 500, 0), 0.01, 0);
}

static void the_rate_drops_after_epochs_8_and_11(void **state)
{
    (void)state;
    assert_near(fa_schedule_lr(&schedule_1x, 50000, 7), 0.01, 0);
    assert_near(fa_schedule_lr(&schedule_1x, 60000, 8), 0.001, 1e-17);
    assert_near(fa_schedule_lr(&schedule_1x, 80000, 10), 0.001, 1e-17);
    assert_near(fa_schedule_lr(&schedule_1x, 85000, 11), 0.0001, 1e-17);
}

static void without_warm_up_the_first_rate_is_the_regular_one(void **state)
{
    const struct fa_schedule plain = {.lr = 0.5, .drop_factor = 0.1};

    (void)state;
    assert_near(fa_schedule_lr(&plain, 0, 0), 0.5, 0);
}

/* Four times the images and a quarter of them; where the batch is the reference no rule changes a bit. */
static void the_rate_grows_with_the_batch_by_the_rule(void **state)
{
    (void)state;
    assert_near(fa_lr_scale(FA_LR_LINEAR, 64, 16), 4, 0);
    assert_near(fa_lr_scale(FA_LR_SQRT, 64, 16), 2, 0);
    assert_near(fa_lr_scale(FA_LR_NONE, 64, 16), 1, 0);
    assert_near(fa_lr_scale(FA_LR_LINEAR, 4, 16), 0.25, 0);
    assert_near(fa_lr_scale(FA_LR_SQRT, 4, 16), 0.5, 0);
    assert_near(fa_lr_scale(FA_LR_SQRT, 2, 1), sqrt(2), 1e-15);
    for (int rule = FA_LR_LINEAR; rule <= FA_LR_NONE; rule++)
        assert_near(fa_lr_scale((enum fa_lr_scaling)rule, 16, 16), 1, 0);
}

static void warm_up_and_drop_multiply_where_they_meet(void **state)
{
    (void)state;
    assert_near(fa_schedule_lr(&schedule_1x, 0, 8), 1e-6, 1e-18);
}

/* By hand: half way down, 1/4 of the way cos(pi/4) = 0.7071; sqrt of what is left. */
static void the_rate_falls_along_a_cosine_or_a_power_to_its_least(void **state)
{
    const struct fa_schedule cosine = {
        .kind = FA_SCHEDULE_COSINE, .lr = 0.5, .lr_min = 0.1, .n_steps = 400, .warmup_ratio = 1};
    const struct fa_schedule root = {
        .kind = FA_SCHEDULE_POLY, .lr = 0.5, .lr_min = 0.1, .n_steps = 400, .poly_power = 0.5};

    (void)state;
    assert_near(fa_schedule_lr(&cosine, 0, 0), 0.5, 1e-15);
    assert_near(fa_schedule_lr(&cosine, 100, 0), 0.1 + 0.4 * (1 + sqrt(0.5)) / 2, 1e-15);
    assert_near(fa_schedule_lr(&cosine, 200, 0), 0.3, 1e-15);
    assert_near(fa_schedule_lr(&cosine, 400, 0), 0.1, 0);
    assert_near(fa_schedule_lr(&cosine, 401, 0), 0.1, 0);
    assert_near(fa_schedule_lr(&root, 0, 0), 0.5, 1e-15);
    assert_near(fa_schedule_lr(&root, 300, 0), 0.3, 1e-15);
    assert_near(fa_schedule_lr(&root, 399, 0), 0.12, 1e-15);
    assert_near(fa_schedule_lr(&root, 400, 0), 0.1, 0);
}

/* lr * (1 + cos(pi * t / n)) / 2 * min(1, (t + 1) / 200), a usual way to write both. */
static void warm_up_multiplies_the_cosine(void **state)
{
    const struct fa_schedule schedule = {
        .kind = FA_SCHEDULE_COSINE, .lr = 0.02, .n_steps = 2044, .warmup_steps = 199, .warmup_ratio = 0.005};

    (void)state;
    for (int t = 0; t < 2044; t++)
        assert_near(fa_schedule_lr(&schedule, t, t / 73),
                    0.02 * 0.5 * (1 + cos(acos(-1) * t / 2044)) * fmin(1, (t + 1) / 200.0), 1e-16);
}

/* CosineAnnealingLR goes from rate to rate, so its roundings add up. */
static void schedules_are_those_of_torch(void **state)
{
    enum { N = 60 };
    double cosine[N], poly[N], least[2];
    struct fa_schedule schedule = {.lr = 0.02, .n_steps = N};
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_h5_open(fa_test_source("tests/train/golden/schedule.h5"), &file));
    assert_ok(fa_h5_read(file, "cosine", FA_H5_F64, N, cosine));
    assert_ok(fa_h5_read(file, "poly", FA_H5_F64, N, poly));
    assert_ok(fa_h5_read(file, "lr_min_and_power", FA_H5_F64, 2, least));
    assert_ok(fa_h5_close(file));
    for (int t = 0; t < N; t++) {
        schedule.kind = FA_SCHEDULE_COSINE;
        schedule.lr_min = least[0];
        assert_near(fa_schedule_lr(&schedule, t, 0), cosine[t], 1e-15);
        schedule.kind = FA_SCHEDULE_POLY;
        schedule.lr_min = 0;
        schedule.poly_power = least[1];
        assert_near(fa_schedule_lr(&schedule, t, 0), poly[t], 1e-15);
    }
}

static void clipping_shrinks_a_long_gradient_and_leaves_a_short_one(void **state)
{
    (void)state;
    assert_near(fa_clip_factor(70, 35), 35 / (70 + 1e-6), 0);
    assert_near(fa_clip_factor(20, 35), 1, 0);
    assert_near(fa_clip_factor(35, 35), 35 / (35 + 1e-6), 0);
    assert_near(fa_clip_factor(1e9, 0), 1, 0);
}

/* A weight, a gamma and a beta, a bias. With lr 1 and momentum 0 the value falls by its gradient and its
 * decay. */
static void norms_decay_only_where_they_are_to(void **state)
{
    struct fa_param entry[] = {{.offset = 0, .n_elem = 2},
                               {.offset = 2, .n_elem = 1, .of_norm = true},
                               {.offset = 3, .n_elem = 2, .of_norm = true},
                               {.offset = 5, .n_elem = 1},
                               {.offset = 6, .n_elem = 1, .kind = FA_PARAM_FROZEN}};

    (void)state;
    for (int decay_norm = 0; decay_norm <= 1; decay_norm++) {
        static const fa_real eights[7] = {8, 8, 8, 8, 8, 8, 8}, ones[6] = {1, 1, 1, 1, 1, 1};
        const fa_real decayed = 8 - (1 + 2), norm = decay_norm ? decayed : 8 - 1;
        const fa_real want[7] = {decayed, decayed, norm, norm, norm, decayed, 8};
        struct fa_params params = {.n = 5,
                                   .entry = entry,
                                   .n_elem = 7,
                                   .n_trainable = 6,
                                   .value = flat_of(backend, eights, 7),
                                   .grad = flat_of(backend, ones, 6)};
        const struct fa_sgd sgd = {.scale = 1, .lr = 1, .weight_decay = 0.25, .decay_norm = decay_norm};
        struct fa_flat *momentum;

        assert_ok(fa_flat_create(backend, 6, &momentum));
        assert_ok(fa_sgd_update(&params, momentum, &sgd));
        assert_flat_holds(params.value, 0, 7, want);
        fa_flat_destroy(params.value);
        fa_flat_destroy(params.grad);
        fa_flat_destroy(momentum);
    }
}

/* tests/train/golden/make_lars.py: filters, a bias, filters, filters that start at 0. */
enum { LARS_STEPS = 20, LARS_LENGTH = 6 * 27 + 5 + 7 * 3 + 4 * 2 };

static void twenty_steps_of_lars_are_those_of_numpy(void **state)
{
    static const struct fa_sgd sgd = {
        .scale = 0.25, .lr = 2, .momentum = 0.9, .weight_decay = 1e-3, .decay_norm = true, .lars = 0.01};
    struct fa_param entry[] = {{.offset = 0, .n_elem = 162, .n_dims = 4},
                               {.offset = 162, .n_elem = 5, .n_dims = 1},
                               {.offset = 167, .n_elem = 21, .n_dims = 4},
                               {.offset = 188, .n_elem = 8, .n_dims = 4}};
    static float start[LARS_LENGTH], grad[LARS_STEPS][LARS_LENGTH], value[LARS_STEPS][LARS_LENGTH];
    struct fa_params params = {.n = 4, .entry = entry, .n_elem = LARS_LENGTH, .n_trainable = LARS_LENGTH};
    struct fa_flat *momentum;
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_h5_open(fa_test_source("tests/train/golden/lars.h5"), &file));
    assert_ok(fa_h5_read(file, "start", FA_H5_F32, LARS_LENGTH, start));
    assert_ok(fa_h5_read(file, "grad", FA_H5_F32, LARS_STEPS * LARS_LENGTH, grad));
    assert_ok(fa_h5_read(file, "value", FA_H5_F32, LARS_STEPS * LARS_LENGTH, value));
    assert_ok(fa_h5_close(file));
    params.value = flat_of(backend, start, LARS_LENGTH);
    assert_ok(fa_flat_create(backend, LARS_LENGTH, &params.grad));
    assert_ok(fa_flat_create(backend, LARS_LENGTH, &momentum));
    for (int s = 0; s < LARS_STEPS; s++) {
        fa_real *got;

        assert_ok(fa_flat_write(params.grad, 0, LARS_LENGTH, grad[s]));
        assert_ok(fa_sgd_update(&params, momentum, &sgd));
        got = flat_copy(params.value, 0, LARS_LENGTH);
        assert_near(fa_test_worst_float(got, value[s], LARS_LENGTH, NULL), 0, 2e-6);
        fa_free(got);
    }
    fa_flat_destroy(params.value);
    fa_flat_destroy(params.grad);
    fa_flat_destroy(momentum);
}

static void an_average_follows_closely_at_first(void **state)
{
    (void)state;
    assert_near(fa_average_decay(0.999, 0), 0.1, 0);
    assert_near(fa_average_decay(0.999, 90), 0.91, 0);
    assert_near(fa_average_decay(0.999, 8989), 8990.0 / 8999, 0);
    assert_near(fa_average_decay(0.999, 8990), 0.999, 0);
    assert_near(fa_average_decay(0.999, 1000000), 0.999, 0);
    assert_near(fa_average_decay(0.05, 0), 0.05, 0);
}

enum { LENGTH = 1003, STEPS = 6 };

struct golden {
    fa_real start[LENGTH], grad[STEPS][LENGTH], value[STEPS][LENGTH];
    double norm[STEPS], lr[STEPS];
};

static void read_golden(struct golden *golden)
{
    struct fa_h5 *file;

    assert_ok(fa_h5_open(fa_test_source("tests/train/golden/sgd.h5"), &file));
    assert_ok(fa_h5_read(file, "start", FA_H5_F32, LENGTH, golden->start));
    assert_ok(fa_h5_read(file, "grad", FA_H5_F32, STEPS * LENGTH, golden->grad));
    assert_ok(fa_h5_read(file, "value", FA_H5_F32, STEPS * LENGTH, golden->value));
    assert_ok(fa_h5_read(file, "norm", FA_H5_F64, STEPS, golden->norm));
    assert_ok(fa_h5_read(file, "lr", FA_H5_F64, STEPS, golden->lr));
    assert_ok(fa_h5_close(file));
}

static void assert_value_is(const struct fa_flat *value, const fa_real *want)
{
    fa_real *got = flat_copy(value, 0, LENGTH);

    assert_near(fa_test_worst_float(got, want, LENGTH, NULL), 0, 2e-7);
    fa_free(got);
}

static void six_steps_are_those_of_torch(void **state)
{
    static struct golden golden;
    struct fa_flat *value, *momentum, *grad;

    (void)state;
    read_golden(&golden);
    value = flat_of(backend, golden.start, LENGTH);
    assert_ok(fa_flat_create(backend, LENGTH, &momentum));
    assert_ok(fa_flat_create(backend, LENGTH, &grad));
    for (int s = 0; s < STEPS; s++) {
        struct fa_flat_sgd sgd = {.lr = golden.lr[s], .momentum = 0.9, .weight_decay = 1e-4};
        double norm;

        assert_ok(fa_flat_write(grad, 0, LENGTH, golden.grad[s]));
        assert_ok(fa_flat_norm(grad, 0, LENGTH, &norm));
        assert_near(norm, golden.norm[s], 1e-5 * golden.norm[s]); /* torch adds in float32 */
        sgd.scale = fa_clip_factor(norm, 35);
        fa_flat_sgd(value, momentum, grad, 0, LENGTH, &sgd);
        assert_value_is(value, golden.value[s]);
    }
    fa_flat_destroy(value);
    fa_flat_destroy(momentum);
    fa_flat_destroy(grad);
}

static void what_follows_fits_the_length(void **state)
{
    static const struct {
        int64_t epochs, steps;
        int n_drops;
        int64_t drop[2], warmup;
    } cases[] = {{12, 7330, 2, {8, 11}, 500}, {24, 7330, 2, {16, 22}, 500}, {72, 10, 2, {48, 66}, 72},
                 {6, 100, 2, {4, 5}, 60},     {3, 10, 1, {2}, 3},           {2, 1, 1, {1}, 0},
                 {1, 1000, 0, {0}, 100}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fa_schedule schedule = {.n_drops = FA_SCHEDULE_FOLLOWS, .warmup_steps = FA_SCHEDULE_FOLLOWS};

        fa_schedule_fit(&schedule, cases[i].epochs, cases[i].steps, 16);
        assert_int_equal(schedule.n_steps, cases[i].epochs * cases[i].steps);
        assert_int_equal(schedule.n_drops, cases[i].n_drops);
        for (int k = 0; k < cases[i].n_drops; k++)
            assert_int_equal(schedule.drop_epoch[k], cases[i].drop[k]);
        assert_int_equal(schedule.warmup_steps, cases[i].warmup);
    }
}

/* Of 7330 steps an epoch, of 16 images: what does not divide takes the step in which it is reached. */
static void a_warm_up_in_epochs_or_samples_takes_the_steps_that_reach_it(void **state)
{
    static const struct {
        double epochs;
        int64_t samples, want;
    } cases[] = {{1, 0, 7330},     {0.5, 0, 3665}, {0.0001, 0, 1}, {0, 16000, 1000},
                 {0, 16001, 1001}, {0, 1, 1},      {0, 0, 500}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fa_schedule schedule = {.warmup_steps = FA_SCHEDULE_FOLLOWS,
                                       .warmup_epochs = cases[i].epochs,
                                       .warmup_samples = cases[i].samples};

        fa_schedule_fit(&schedule, 12, 7330, 16);
        assert_int_equal(schedule.warmup_steps, cases[i].want);
    }
}

static void what_is_given_stays(void **state)
{
    struct fa_schedule schedule = schedule_1x;

    (void)state;
    fa_schedule_fit(&schedule, 24, 100, 16);
    assert_int_equal(schedule.warmup_steps, 500);
    assert_int_equal(schedule.n_drops, 2);
    assert_int_equal(schedule.drop_epoch[1], 11);
    schedule.n_drops = 0;
    schedule.warmup_steps = 0;
    fa_schedule_fit(&schedule, 24, 100, 16);
    assert_int_equal(schedule.n_drops, 0);
    assert_int_equal(schedule.warmup_steps, 0);
}

static void a_schedule_is_told_in_words(void **state)
{
    struct fa_schedule schedule = schedule_1x;
    char text[200];

    (void)state;
    fa_schedule_fit(&schedule, 12, 7330, 16);
    fa_schedule_print(&schedule, 12, text, sizeof text);
    assert_string_equal(
        text, "12 epochs: rate 0.01, 0.001 from epoch 9, 0.0001 from epoch 12; warm-up 500 of 87960 steps");
    schedule.kind = FA_SCHEDULE_COSINE;
    schedule.warmup_steps = 0;
    fa_schedule_print(&schedule, 12, text, sizeof text);
    assert_string_equal(text, "12 epochs: rate 0.01, down to 0 along a cosine");
}

static void a_schedule_of_another_length_is_doubtful(void **state)
{
    struct fa_schedule schedule = schedule_1x;
    char why[400];

    (void)state;
    fa_schedule_fit(&schedule, 12, 7330, 16);
    assert_false(fa_schedule_is_doubtful(&schedule, 12, why, sizeof why));
    fa_schedule_fit(&schedule, 24, 7330, 16);
    assert_true(fa_schedule_is_doubtful(&schedule, 24, why, sizeof why));
    assert_non_null(strstr(why, "epoch 11 of 24, so that 13 run at the lowest"));
    fa_schedule_fit(&schedule, 6, 7330, 16);
    assert_true(fa_schedule_is_doubtful(&schedule, 6, why, sizeof why));
    assert_non_null(strstr(why, "after epoch 11, which a run of 6 never reaches"));
    schedule.n_drops = 0;
    assert_false(fa_schedule_is_doubtful(&schedule, 6, why, sizeof why));
    fa_schedule_fit(&schedule, 6, 100, 16);
    assert_true(fa_schedule_is_doubtful(&schedule, 6, why, sizeof why));
    assert_non_null(strstr(why, "500 steps, takes more than half of the run's 600"));
    schedule.kind = FA_SCHEDULE_COSINE;
    schedule.n_drops = 2;
    schedule.warmup_steps = 10;
    assert_false(fa_schedule_is_doubtful(&schedule, 6, why, sizeof why));
}

static void a_step_larger_than_the_literature_knows_is_told(void **state)
{
    struct fa_schedule schedule = {.lr = 0.32, .warmup_steps = 500};
    struct fa_batch batch = {256, 16, 458};
    char why[512];

    (void)state;
    assert_false(fa_schedule_is_untried(&schedule, &batch, why, sizeof why));
    batch = (struct fa_batch){512, 16, 1000};
    assert_true(fa_schedule_is_untried(&schedule, &batch, why, sizeof why));
    assert_non_null(strstr(why, "a step of 512 images at rate 0.32 is beyond the 256"));
    assert_non_null(strstr(why, "unless the warm-up takes an epoch, 1000 steps, or more"));
    schedule.warmup_steps = 1000;
    assert_false(fa_schedule_is_untried(&schedule, &batch, why, sizeof why));
    batch.n = 8193;
    assert_true(fa_schedule_is_untried(&schedule, &batch, why, sizeof why));
    assert_non_null(strstr(why, "beyond the 8192"));
    batch.reference = 8193; /* the rate is stated for it */
    assert_false(fa_schedule_is_untried(&schedule, &batch, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_warm_up_gives_the_published_rates),
        cmocka_unit_test(the_rate_drops_after_epochs_8_and_11),
        cmocka_unit_test(without_warm_up_the_first_rate_is_the_regular_one),
        cmocka_unit_test(the_rate_grows_with_the_batch_by_the_rule),
        cmocka_unit_test(warm_up_and_drop_multiply_where_they_meet),
        cmocka_unit_test(the_rate_falls_along_a_cosine_or_a_power_to_its_least),
        cmocka_unit_test(warm_up_multiplies_the_cosine),
        cmocka_unit_test(schedules_are_those_of_torch),
        cmocka_unit_test(what_follows_fits_the_length),
        cmocka_unit_test(a_warm_up_in_epochs_or_samples_takes_the_steps_that_reach_it),
        cmocka_unit_test(what_is_given_stays),
        cmocka_unit_test(a_schedule_is_told_in_words),
        cmocka_unit_test(a_schedule_of_another_length_is_doubtful),
        cmocka_unit_test(a_step_larger_than_the_literature_knows_is_told),
        cmocka_unit_test(clipping_shrinks_a_long_gradient_and_leaves_a_short_one),
        cmocka_unit_test(norms_decay_only_where_they_are_to),
        cmocka_unit_test(six_steps_are_those_of_torch),
        cmocka_unit_test(twenty_steps_of_lars_are_those_of_numpy),
        cmocka_unit_test(an_average_follows_closely_at_first),
    };
    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
