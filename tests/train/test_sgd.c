/* Schedule, clipping and update against the published numbers, hand arithmetic and torch
 * (golden/make_sgd.py, golden/make_schedule.py). */
#include "support.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/sgd.h"

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

static void the_norm_of_3_and_4_is_5(void **state)
{
    const fa_real grad[2] = {3, -4};

    (void)state;
    assert_near(fa_gradient_norm(grad, 2), 5, 0);
    assert_near(fa_gradient_norm(grad, 0), 0, 0);
}

/* 1e20 squared overflows float but not double. */
static void the_norm_is_taken_in_double(void **state)
{
    const fa_real grad[1] = {1e20f};

    (void)state;
    assert_near(fa_gradient_norm(grad, 1) / 1e20, 1, 1e-7);
}

static void the_norm_counts_every_element_once_at_any_length(void **state)
{
    static fa_real grad[5000];

    (void)state;
    for (size_t n = 0; n <= 5000; n += n < 600 ? 1 : 733) {
        for (size_t i = 0; i < n; i++)
            grad[i] = 2;
        assert_near(fa_gradient_norm(grad, n), sqrt(4.0 * (double)n), 0);
    }
}

static void the_norm_has_the_same_bits_with_1_and_4_threads(void **state)
{
    static fa_real grad[100003];
    double one, four;
    int threads = omp_get_max_threads();

    (void)state;
    for (size_t i = 0; i < 100003; i++)
        grad[i] = (fa_real)sin((double)i);
    omp_set_num_threads(1);
    one = fa_gradient_norm(grad, 100003);
    omp_set_num_threads(4);
    four = fa_gradient_norm(grad, 100003);
    omp_set_num_threads(threads);
    assert_memory_equal(&one, &four, sizeof one);
}

static void a_gradient_that_is_not_finite_has_no_finite_norm(void **state)
{
    fa_real grad[3] = {1, NAN, 2};

    (void)state;
    assert_false(isfinite(fa_gradient_norm(grad, 3)));
    grad[1] = INFINITY;
    assert_false(isfinite(fa_gradient_norm(grad, 3)));
}

static void clipping_shrinks_a_long_gradient_and_leaves_a_short_one(void **state)
{
    (void)state;
    assert_near(fa_clip_factor(70, 35), 35 / (70 + 1e-6), 0);
    assert_near(fa_clip_factor(20, 35), 1, 0);
    assert_near(fa_clip_factor(35, 35), 35 / (35 + 1e-6), 0);
    assert_near(fa_clip_factor(1e9, 0), 1, 0);
}

/* g = 0.5 * 4 + 0.25 * 8 = 4; momentum 0.5 * 2 + 4 = 5; value 8 - 0.125 * 5. */
static void one_update_is_hand_arithmetic(void **state)
{
    fa_real value[1] = {8}, momentum[1] = {2};
    const fa_real grad[1] = {4};

    (void)state;
    fa_sgd_step(value, momentum, grad, 1, 0.5, 0.125, 0.5, 0.25);
    assert_near(momentum[0], 5, 0);
    assert_near(value[0], 7.375, 0);
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
        fa_real value[7] = {8, 8, 8, 8, 8, 8, 8}, momentum[6] = {0}, grad[6] = {1, 1, 1, 1, 1, 1};
        const fa_real decayed = 8 - (1 + 2), norm = decay_norm ? decayed : 8 - 1;
        const fa_real want[7] = {decayed, decayed, norm, norm, norm, decayed, 8};
        struct fa_params params = {
            .n = 5, .entry = entry, .n_elem = 7, .n_trainable = 6, .value = value, .grad = grad};
        const struct fa_sgd sgd = {.scale = 1, .lr = 1, .weight_decay = 0.25, .decay_norm = decay_norm};

        fa_sgd_update(&params, momentum, &sgd);
        assert_memory_equal(value, want, sizeof want);
    }
}

/* 0.5 * 8 + 0.5 * 4; and 1 - 0.75 is what is taken of the new. */
static void one_step_of_the_average_is_hand_arithmetic(void **state)
{
    fa_real average[2] = {8, -2};
    const fa_real value[2] = {4, 6};

    (void)state;
    fa_average_step(average, value, 1, 0.5);
    assert_near(average[0], 6, 0);
    assert_near(average[1], -2, 0);
    fa_average_step(average + 1, value + 1, 1, 0.75);
    assert_near(average[1], 0, 0);
}

/* After n steps the value of step k weighs (1 - d) * d^(n - 1 - k), and the first d^n. */
static void an_average_weighs_values_by_their_age(void **state)
{
    fa_real average[1] = {3};
    double want = 3 * pow(0.9, 40);

    (void)state;
    for (int k = 0; k < 40; k++) {
        const fa_real value[1] = {(fa_real)sin(k)};

        fa_average_step(average, value, 1, 0.9);
        want += 0.1 * pow(0.9, 39 - k) * (double)value[0];
    }
    assert_near(average[0], want, 1e-6);
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

static void a_swap_exchanges_every_bit(void **state)
{
    fa_real a[3] = {1, -0.0f, 3}, b[3] = {4, 5, 6};

    (void)state;
    fa_average_swap(a, b, 2);
    assert_true(a[0] == 4 && a[1] == 5 && a[2] == 3);
    assert_true(b[0] == 1 && signbit(b[1]) && b[2] == 6);
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

static void six_steps_are_those_of_torch(void **state)
{
    static struct golden golden;
    fa_real value[LENGTH], momentum[LENGTH] = {0};

    (void)state;
    read_golden(&golden);
    memcpy(value, golden.start, sizeof value);
    for (int s = 0; s < STEPS; s++) {
        double norm = fa_gradient_norm(golden.grad[s], LENGTH);

        assert_near(norm, golden.norm[s], 1e-5 * golden.norm[s]); /* torch adds in float32 */
        fa_sgd_step(value, momentum, golden.grad[s], LENGTH, fa_clip_factor(norm, 35), golden.lr[s], 0.9,
                    1e-4);
        assert_near(fa_test_worst_float(value, golden.value[s], LENGTH, NULL), 0, 2e-7);
    }
}

static void nothing_was_allocated_and_kept(void **state)
{
    (void)state;
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_warm_up_gives_the_published_rates),
        cmocka_unit_test(the_rate_drops_after_epochs_8_and_11),
        cmocka_unit_test(without_warm_up_the_first_rate_is_the_regular_one),
        cmocka_unit_test(warm_up_and_drop_multiply_where_they_meet),
        cmocka_unit_test(the_rate_falls_along_a_cosine_or_a_power_to_its_least),
        cmocka_unit_test(warm_up_multiplies_the_cosine),
        cmocka_unit_test(schedules_are_those_of_torch),
        cmocka_unit_test(the_norm_of_3_and_4_is_5),
        cmocka_unit_test(the_norm_is_taken_in_double),
        cmocka_unit_test(the_norm_counts_every_element_once_at_any_length),
        cmocka_unit_test(the_norm_has_the_same_bits_with_1_and_4_threads),
        cmocka_unit_test(a_gradient_that_is_not_finite_has_no_finite_norm),
        cmocka_unit_test(clipping_shrinks_a_long_gradient_and_leaves_a_short_one),
        cmocka_unit_test(one_update_is_hand_arithmetic),
        cmocka_unit_test(norms_decay_only_where_they_are_to),
        cmocka_unit_test(six_steps_are_those_of_torch),
        cmocka_unit_test(one_step_of_the_average_is_hand_arithmetic),
        cmocka_unit_test(an_average_weighs_values_by_their_age),
        cmocka_unit_test(an_average_follows_closely_at_first),
        cmocka_unit_test(a_swap_exchanges_every_bit),
        cmocka_unit_test(nothing_was_allocated_and_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
