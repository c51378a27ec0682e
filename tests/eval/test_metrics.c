#include <string.h>

#include "fa/metrics.h"
#include "support.h"
#include "twelve.h"

static const struct fa_metrics_gt few_gt[] = {
    {.image = 0, .label = 0, .bbox = {10, 10, 20, 20}, .area = 400},
    {.image = 0, .label = 1, .bbox = {50, 10, 50, 60}, .area = 3000},
    {.image = 1, .label = 0, .bbox = {0, 0, 200, 100}, .area = 20000},
};

static struct fa_metrics_input few_input(const struct fa_metrics_detection *detections, size_t n)
{
    return (struct fa_metrics_input){.n_images = 2,
                                     .n_gt = 3,
                                     .n_detections = n,
                                     .n_classes = 3,
                                     .gt = few_gt,
                                     .detections = detections,
                                     .max_detections = {1, 10, 100}};
}

static void ground_truth_as_detections_scores_one(void **state)
{
    struct fa_metrics_detection detections[3] = {0};
    struct fa_metrics_input input = few_input(detections, 3);
    struct fa_metrics metrics;
    double got[n_numbers];

    (void)state;
    for (int i = 0; i < 3; i++) {
        detections[i] = (struct fa_metrics_detection){.image = few_gt[i].image, .label = few_gt[i].label};
        memcpy(detections[i].bbox, few_gt[i].bbox, sizeof detections[i].bbox);
    }
    assert_ok(fa_metrics_compute(&input, &metrics));
    list_numbers(&metrics, got);
    for (int i = 0; i < n_numbers; i++)
        assert_near(got[i], 1, 1e-15);
    assert_near(metrics.class_ap[0], 1, 1e-15);
    assert_near(metrics.class_ap[2], -1, 0);
    fa_metrics_clear(&metrics);
}

/* 17 of 20 rows are 0.85 to the last bit, and so is the reference's threshold; 0.5 + 7 * 0.05 is more. */
static void overlap_of_exactly_a_threshold_matches(void **state)
{
    const struct fa_metrics_gt gt = {.bbox = {0, 0, 20, 20}, .area = 400};
    const struct fa_metrics_detection detection = {.bbox = {0, 0, 20, 17}, .score = 0.5};
    const struct fa_metrics_input input = {.n_images = 1,
                                           .n_gt = 1,
                                           .n_detections = 1,
                                           .n_classes = 1,
                                           .gt = &gt,
                                           .detections = &detection,
                                           .max_detections = {1, 10, 100}};
    struct fa_metrics metrics;

    (void)state;
    assert_ok(fa_metrics_compute(&input, &metrics));
    assert_near(metrics.ap, 0.8, 1e-15); /* 0.5 .. 0.85 are 8 of 10 thresholds */
    fa_metrics_clear(&metrics);
}

static void no_detections_score_zero(void **state)
{
    struct fa_metrics_input input = few_input(NULL, 0);
    struct fa_metrics metrics;
    double got[n_numbers];

    (void)state;
    assert_ok(fa_metrics_compute(&input, &metrics));
    list_numbers(&metrics, got);
    for (int i = 0; i < n_numbers; i++)
        assert_near(got[i], 0, 0);
    fa_metrics_clear(&metrics);
}

static void nothing_at_all_scores_minus_one(void **state)
{
    struct fa_metrics_input input = few_input(NULL, 0);
    struct fa_metrics metrics;
    double got[n_numbers];

    (void)state;
    input.n_gt = input.n_images = 0;
    assert_ok(fa_metrics_compute(&input, &metrics));
    list_numbers(&metrics, got);
    for (int i = 0; i < n_numbers; i++)
        assert_near(got[i], -1, 0);
    fa_metrics_clear(&metrics);
}

/* One object is found at 0.9 and one at 0.7, where a wrong detection scores the same; none of the third. */
static void the_best_f1_is_where_equal_scores_are_kept_together(void **state)
{
    const struct fa_metrics_detection detections[] = {
        {.image = 0, .label = 0, .bbox = {10, 10, 20, 20}, .score = 0.7},
        {.image = 0, .label = 2, .bbox = {10, 10, 20, 20}, .score = 0.7},
        {.image = 0, .label = 1, .bbox = {50, 10, 50, 60}, .score = 0.9},
        {.image = 1, .label = 1, .bbox = {50, 10, 50, 60}, .score = 0.8},
        {.image = 1, .label = 1, .bbox = {0, 0, 9, 9}, .score = 0.1},
    };
    struct fa_metrics_input input = few_input(detections, 5);
    struct fa_metrics metrics;

    (void)state;
    assert_ok(fa_metrics_compute(&input, &metrics));
    assert_near(metrics.best_f1.score, 0.7, 0);
    assert_near(metrics.best_f1.precision, 0.5, 1e-15);
    assert_near(metrics.best_f1.recall, 2.0 / 3, 1e-15);
    assert_near(metrics.best_f1.f1, 4.0 / 7, 1e-15);
    fa_metrics_clear(&metrics);
    input.n_detections = 0;
    assert_ok(fa_metrics_compute(&input, &metrics));
    assert_near(metrics.best_f1.score, -1, 0);
    assert_near(metrics.class_f1[1].score, -1, 0);
    fa_metrics_clear(&metrics);
}

/* The threshold for all keeps nothing of class 0, and class 2 has no object. */
static void each_class_has_a_threshold_of_its_own_where_something_right_is_found(void **state)
{
    const struct fa_metrics_detection detections[] = {
        {.image = 0, .label = 0, .bbox = {10, 10, 20, 20}, .score = 0.2},
        {.image = 0, .label = 0, .bbox = {90, 90, 9, 9}, .score = 0.1},
        {.image = 0, .label = 1, .bbox = {50, 10, 50, 60}, .score = 0.9},
        {.image = 1, .label = 1, .bbox = {0, 0, 9, 9}, .score = 0.3},
        {.image = 1, .label = 1, .bbox = {9, 9, 9, 9}, .score = 0.25},
        {.image = 1, .label = 1, .bbox = {9, 0, 9, 9}, .score = 0.25},
        {.image = 1, .label = 2, .bbox = {0, 0, 9, 9}, .score = 0.8},
    };
    const struct fa_metrics_input input = few_input(detections, 7);
    struct fa_thresholds thresholds;
    struct fa_metrics metrics;

    (void)state;
    assert_ok(fa_metrics_compute(&input, &metrics));
    assert_ok(fa_metrics_thresholds(&metrics, &thresholds));
    assert_int_equal(thresholds.n, metrics.n_classes);
    assert_near(thresholds.all, 0.9, 0);
    assert_near(thresholds.of_class[0], 0.2, 0);
    assert_near(thresholds.of_class[1], 0.9, 0);
    assert_near(thresholds.of_class[2], 0, 0);
    assert_near(fa_thresholds_of(&thresholds, 2), 0.9, 0);
    fa_thresholds_clear(&thresholds);
    fa_metrics_clear(&metrics);
}

static void bad_input_is_refused_by_number(void **state)
{
    struct fa_metrics_detection detections[2] = {{.bbox = {0, 0, 5, 5}}, {.bbox = {0, 0, 5, 5}, .label = 3}};
    struct fa_metrics_input input = few_input(detections, 2);
    struct fa_metrics metrics;

    (void)state;
    assert_fails_saying(fa_metrics_compute(&input, &metrics), FA_EINVAL,
                        "detection 1 is of image 0 and class 3");
    detections[1].label = 0;
    detections[1].image = 2;
    assert_fails_saying(fa_metrics_compute(&input, &metrics), FA_EINVAL, "detection 1 is of image 2");
    detections[1].image = 0;
    detections[1].score = 0.0 / 0.0;
    assert_fails_saying(fa_metrics_compute(&input, &metrics), FA_EINVAL, "not a number");
    detections[1].score = 0;
    input.max_detections[0] = 11;
    assert_fails_saying(fa_metrics_compute(&input, &metrics), FA_EINVAL, "must rise");
}

static void full_memory_is_an_error_and_leaks_nothing(void **state)
{
    struct fa_metrics_detection detection = {.bbox = {10, 10, 20, 20}, .score = 0.5};
    struct fa_metrics_input input = few_input(&detection, 1);
    struct fa_metrics metrics;

    (void)state;
    assert_survives_shortage(fa_metrics_compute(&input, &metrics));
    fa_metrics_clear(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ground_truth_as_detections_scores_one),
        cmocka_unit_test(overlap_of_exactly_a_threshold_matches),
        cmocka_unit_test(no_detections_score_zero),
        cmocka_unit_test(nothing_at_all_scores_minus_one),
        cmocka_unit_test(the_best_f1_is_where_equal_scores_are_kept_together),
        cmocka_unit_test(each_class_has_a_threshold_of_its_own_where_something_right_is_found),
        cmocka_unit_test(bad_input_is_refused_by_number),
        cmocka_unit_test(full_memory_is_an_error_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
