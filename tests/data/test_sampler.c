/*
 * The order of samples: a permutation per epoch, a pure function of the seed, filled up to whole batches.
 */
#include <string.h>

#include "fa/memory.h"
#include "fa/sampler.h"
#include "samples/repeat.h"
#include "support.h"

/* Annotations of each image, their classes, and the factors added up (golden/make_repeats.py). */
struct golden_repeat {
    int count[9];
    int32_t label[9 * 3];
    double threshold;
    bool weighted;
    float weights[2];
    double until[9];
};

#include "golden/repeats.h"

#define N 10

/* Record i has i % 3 annotations; record 3 only an ignored one, record 6 only a crowd, record 8 is thin. */
static struct fa_record records[N];
static const uint8_t ignore[N] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
static const uint8_t crowd[N] = {0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
static struct fa_dataset dataset = {.n_records = N, .n_annotations = N, .records = records};

static const size_t used[] = {1, 2, 4,
                              5, 6, 7}; /* 0 and 9 have none, 3 an ignored one, 8 is 31 pixels high */
#define N_USED (sizeof used / sizeof used[0])

static int make_dataset(void **state)
{
    (void)state;
    for (size_t i = 0; i < N; i++)
        records[i] = (struct fa_record){.w = 64, .h = 48, .first = i, .n = i == 0 || i == 9 ? 0 : 1};
    records[8].h = 31;
    dataset.ignore = ignore;
    dataset.crowd = crowd;
    return 0;
}

static struct fa_sampler *create(uint64_t seed, size_t batch)
{
    struct fa_sampler *sampler = NULL;

    assert_ok(fa_sampler_create(
        &dataset, &(struct fa_sampler_config){.seed = seed, .batch = batch, .keep_empty = 0}, &sampler));
    return sampler;
}

static void an_epoch_visits_every_record_with_annotations_once(void **state)
{
    struct fa_sampler *sampler = create(1, 1);

    (void)state;
    assert_int_equal(fa_sampler_records(sampler), N_USED);
    assert_int_equal(fa_sampler_epoch_size(sampler), N_USED);
    for (int64_t epoch = 0; epoch < 5; epoch++) {
        int count[N] = {0};

        for (size_t p = 0; p < N_USED; p++)
            count[fa_sampler_record(sampler, epoch, p)]++;
        for (size_t k = 0; k < N_USED; k++)
            assert_int_equal(count[used[k]], 1);
    }
    fa_sampler_destroy(sampler);
}

static void keep_empty_adds_records_without_annotations_but_no_thin_ones(void **state)
{
    struct fa_sampler *sampler = NULL;

    (void)state;
    assert_ok(fa_sampler_create(&dataset, &(struct fa_sampler_config){.seed = 1, .batch = 1, .keep_empty = 1},
                                &sampler));
    assert_int_equal(fa_sampler_records(sampler), N - 1);
    fa_sampler_destroy(sampler);
}

static void an_epoch_is_filled_up_by_its_own_beginning(void **state)
{
    struct fa_sampler *sampler = create(2, 4), *wide = create(2, 15);

    (void)state;
    assert_int_equal(fa_sampler_epoch_size(sampler), 8);
    assert_int_equal(fa_sampler_record(sampler, 3, 6), fa_sampler_record(sampler, 3, 0));
    assert_int_equal(fa_sampler_record(sampler, 3, 7), fa_sampler_record(sampler, 3, 1));
    assert_int_equal(fa_sampler_epoch_size(wide), 15);
    for (size_t p = 0; p < 15; p++)
        assert_int_equal(fa_sampler_record(wide, 0, p), fa_sampler_record(sampler, 0, p % N_USED));
    fa_sampler_destroy(sampler);
    fa_sampler_destroy(wide);
}

static void the_order_depends_on_seed_and_epoch_and_on_nothing_asked_before(void **state)
{
    struct fa_sampler *forward = create(3, 1), *backward = create(3, 1), *other = create(4, 1);
    size_t epochs_differ = 0, seeds_differ = 0;

    (void)state;
    for (int k = 0; k < 40 * (int)N_USED; k++) {
        const int back = 40 * (int)N_USED - 1 - k;

        (void)fa_sampler_record(backward, back / (int)N_USED, (size_t)back % N_USED);
    }
    for (int64_t epoch = 0; epoch < 40; epoch++) {
        struct fa_sampler *fresh = create(3, 1);

        for (size_t p = 0; p < N_USED; p++) {
            const size_t record = fa_sampler_record(forward, epoch, p);

            assert_int_equal(record, fa_sampler_record(fresh, epoch, p));
            assert_int_equal(record, fa_sampler_record(backward, epoch, p));
            epochs_differ += record != fa_sampler_record(forward, epoch + 1, p);
            seeds_differ += record != fa_sampler_record(other, epoch, p);
        }
        fa_sampler_destroy(fresh);
    }
    assert_true(epochs_differ > 40 && seeds_differ > 40);
    fa_sampler_destroy(forward);
    fa_sampler_destroy(backward);
    fa_sampler_destroy(other);
}

/* 6 records at the first position over 6000 epochs: each about 1000 times, standard deviation 29. */
static void every_record_comes_first_equally_often(void **state)
{
    struct fa_sampler *sampler = create(5, 1);
    int count[N] = {0};

    (void)state;
    for (int64_t epoch = 0; epoch < 6000; epoch++)
        count[fa_sampler_record(sampler, epoch, 0)]++;
    for (size_t k = 0; k < N_USED; k++)
        assert_near(count[used[k]], 1000, 150);
    fa_sampler_destroy(sampler);
}

/* Four records: three show class 0 alone, one class 1 too. With t = 1 the factors are max(1, sqrt(1 / 1)) = 1
   of three and sqrt(4 / 1) = 2 of the last: five an epoch, whatever the draw. With 0.5 that is sqrt(2). */
static void images_of_rare_classes_come_as_often_as_their_factor(void **state)
{
    static const struct fa_record four[] = {{.w = 64, .h = 48, .first = 0, .n = 1},
                                            {.w = 64, .h = 48, .first = 1, .n = 1},
                                            {.w = 64, .h = 48, .first = 2, .n = 1},
                                            {.w = 64, .h = 48, .first = 3, .n = 3}};
    static const int32_t label[] = {0, 0, 0, 0, 1, 1};
    static const uint8_t none[6] = {0};
    const struct fa_dataset rare = {.n_records = 4,
                                    .n_annotations = 6,
                                    .n_categories = 2,
                                    .records = four,
                                    .label = label,
                                    .ignore = none};
    struct fa_sampler_config config = {.seed = 3, .batch = 1, .repeat_threshold = 1};
    struct fa_sampler *sampler = NULL;
    int count[4] = {0};

    (void)state;
    assert_ok(fa_sampler_create(&rare, &config, &sampler));
    assert_int_equal(fa_sampler_epoch_size(sampler), 5);
    for (int64_t epoch = 0; epoch < 20; epoch++)
        for (size_t p = 0; p < 5; p++)
            count[fa_sampler_record(sampler, epoch, p)]++;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(count[i], i < 3 ? 20 : 40);
    fa_sampler_destroy(sampler);
    config.repeat_threshold = 0.5;
    assert_ok(fa_sampler_create(&rare, &config, &sampler));
    assert_int_equal(fa_sampler_records(sampler), 4);
    assert_int_equal(fa_sampler_length(sampler), 5); /* 3 + 1.414, rounded up: all times 5 / 4.414 */
    memset(count, 0, sizeof count);
    for (int64_t epoch = 0; epoch < 4000; epoch++)
        for (size_t p = 0; p < 5; p++)
            count[fa_sampler_record(sampler, epoch, p)]++;
    assert_near(count[3] / 4000.0, 1.41421 * 5 / 4.41421, 0.03);
    assert_near(count[0] / 4000.0, 5 / 4.41421, 0.03);
    fa_sampler_destroy(sampler);
}

static void repeat_factors_are_those_of_numpy(void **state)
{
    static const struct fa_dataset_part two[] = {{.n = REPEAT_IMAGES - 3},
                                                 {.first = REPEAT_IMAGES - 3, .n = 3}};
    static const uint8_t none[REPEAT_IMAGES * 3] = {0};
    struct fa_record images[REPEAT_IMAGES] = {{0}};
    uint32_t all[REPEAT_IMAGES];
    double until[REPEAT_IMAGES];

    (void)state;
    for (size_t i = 0; i < sizeof golden_repeats / sizeof golden_repeats[0]; i++) {
        const struct golden_repeat *want = &golden_repeats[i];
        const struct fa_dataset data = {.n_records = REPEAT_IMAGES,
                                        .n_categories = REPEAT_CLASSES,
                                        .records = images,
                                        .label = want->label,
                                        .ignore = none,
                                        .n_parts = 2,
                                        .parts = two};
        size_t first = 0;

        for (uint32_t r = 0; r < REPEAT_IMAGES; r++) {
            all[r] = r;
            images[r].first = first;
            images[r].n = (size_t)want->count[r];
            first += images[r].n;
        }
        assert_ok(fa_repeat_factors(&data, all, REPEAT_IMAGES, want->threshold,
                                    want->weighted ? want->weights : NULL, until));
        for (size_t r = 0; r < REPEAT_IMAGES; r++)
            assert_near(until[r], want->until[r], 1e-12 * want->until[REPEAT_IMAGES - 1]);
    }
}

/* Of two parts of three images each, the second three times: 12 an epoch, whatever the draw. Half of it: five
   an epoch of what would be 4.5, so that its images come in 5 of 9 epochs. */
static void a_part_comes_as_often_as_its_weight(void **state)
{
    static const struct fa_dataset_part two[] = {{.n = 3}, {.first = 3, .n = 3}};
    static const float thrice[] = {1, 3}, half[] = {1, 0.5f};
    struct fa_record six[6];
    struct fa_dataset joined = {.n_records = 6, .records = six, .ignore = ignore, .n_parts = 2, .parts = two};
    struct fa_sampler_config config = {.seed = 3, .batch = 1, .keep_empty = true, .weights = thrice};
    struct fa_sampler *sampler = NULL;
    int count[6] = {0};

    (void)state;
    for (size_t i = 0; i < 6; i++)
        six[i] = (struct fa_record){.w = 64, .h = 48};
    assert_ok(fa_sampler_create(&joined, &config, &sampler));
    assert_int_equal(fa_sampler_length(sampler), 12);
    assert_int_equal(fa_sampler_records_of(sampler, &two[1]), 3);
    for (size_t p = 0; p < 12; p++)
        count[fa_sampler_record(sampler, 5, p)]++;
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(count[i], i < 3 ? 1 : 3);
    fa_sampler_destroy(sampler);
    config.weights = half;
    assert_ok(fa_sampler_create(&joined, &config, &sampler));
    assert_int_equal(fa_sampler_length(sampler), 5);
    memset(count, 0, sizeof count);
    for (int64_t epoch = 0; epoch < 4000; epoch++)
        for (size_t p = 0; p < 5; p++)
            count[fa_sampler_record(sampler, epoch, p)]++;
    for (size_t i = 0; i < 6; i++)
        assert_near(count[i] / 4000.0, (i < 3 ? 1 : 0.5) * 5 / 4.5, 0.03);
    fa_sampler_destroy(sampler);
}

static void nothing_to_train_on_is_refused(void **state)
{
    const struct fa_dataset empty = {.n_records = 1, .records = records};
    struct fa_sampler *sampler = NULL;

    (void)state;
    assert_fails_saying(fa_sampler_create(&empty,
                                          &(struct fa_sampler_config){.seed = 1, .batch = 4, .keep_empty = 0},
                                          &sampler),
                        FA_EINVAL, "none of the 1 images");
    assert_fails(fa_sampler_create(
                     &dataset, &(struct fa_sampler_config){.seed = 1, .batch = 0, .keep_empty = 0}, &sampler),
                 FA_EINVAL);
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    const long before = fa_memory_balance();

    (void)state;
    for (long n = 1; n <= 4; n++) {
        struct fa_sampler *sampler = NULL;

        fa_memory_fail_after(n);
        assert_fails(fa_sampler_create(&dataset,
                                       &(struct fa_sampler_config){.seed = 1, .batch = 4, .keep_empty = 0},
                                       &sampler),
                     FA_ENOMEM);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_visits_every_record_with_annotations_once),
        cmocka_unit_test(keep_empty_adds_records_without_annotations_but_no_thin_ones),
        cmocka_unit_test(an_epoch_is_filled_up_by_its_own_beginning),
        cmocka_unit_test(the_order_depends_on_seed_and_epoch_and_on_nothing_asked_before),
        cmocka_unit_test(every_record_comes_first_equally_often),
        cmocka_unit_test(images_of_rare_classes_come_as_often_as_their_factor),
        cmocka_unit_test(repeat_factors_are_those_of_numpy),
        cmocka_unit_test(a_part_comes_as_often_as_its_weight),
        cmocka_unit_test(nothing_to_train_on_is_refused),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
    };

    return cmocka_run_group_tests(tests, make_dataset, fa_test_memory_balances);
}
