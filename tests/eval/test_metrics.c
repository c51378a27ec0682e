#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/metrics.h"
#include "support.h"

static int memory_is_balanced(void **state)
{
    (void)state;
    return fa_memory_balance() == 0 ? 0 : -1;
}

/* One record of golden/metrics.bin, see golden/make_metrics.py. */
struct golden_header {
    int32_t images, classes, n_gt, n_detections, max_detections[3];
};

struct golden_gt {
    int16_t bbox[4];
    uint16_t image;
    uint8_t label, crowd;
    float area;
};

struct golden_detection {
    int16_t bbox[4];
    uint16_t image, label;
    float score;
};

struct golden {
    struct fa_metrics_input input;
    struct fa_metrics_gt *gt;
    struct fa_metrics_detection *detections;
    double numbers[12], *class_ap;
};

static void *allocate(size_t n, size_t size)
{
    void *block = calloc(n + 1, size);

    assert_non_null(block);
    return block;
}

static void read_boxes(FILE *file, struct golden *golden)
{
    for (size_t i = 0; i < golden->input.n_gt; i++) {
        struct golden_gt from;
        struct fa_metrics_gt *to = &golden->gt[i];

        assert_int_equal(fread(&from, sizeof from, 1, file), 1);
        *to = (struct fa_metrics_gt){
            .image = from.image, .label = from.label, .area = (double)from.area, .crowd = from.crowd != 0};
        for (int k = 0; k < 4; k++)
            to->bbox[k] = from.bbox[k] / 4.0;
    }
    for (size_t i = 0; i < golden->input.n_detections; i++) {
        struct golden_detection from;
        struct fa_metrics_detection *to = &golden->detections[i];

        assert_int_equal(fread(&from, sizeof from, 1, file), 1);
        *to = (struct fa_metrics_detection){
            .image = from.image, .label = from.label, .score = (double)from.score};
        for (int k = 0; k < 4; k++)
            to->bbox[k] = from.bbox[k] / 4.0;
    }
}

static bool read_golden(FILE *file, struct golden *golden)
{
    struct golden_header header;
    struct fa_metrics_input *input = &golden->input;

    if (fread(&header, sizeof header, 1, file) != 1)
        return false;
    golden->gt = allocate((size_t)header.n_gt, sizeof *golden->gt);
    golden->detections = allocate((size_t)header.n_detections, sizeof *golden->detections);
    golden->class_ap = allocate((size_t)header.classes, sizeof *golden->class_ap);
    *input = (struct fa_metrics_input){.n_images = (size_t)header.images,
                                       .n_gt = (size_t)header.n_gt,
                                       .n_detections = (size_t)header.n_detections,
                                       .n_classes = header.classes,
                                       .gt = golden->gt,
                                       .detections = golden->detections};
    memcpy(input->max_detections, header.max_detections, sizeof input->max_detections);
    read_boxes(file, golden);
    assert_int_equal(fread(golden->numbers, sizeof(double), 12, file), 12);
    assert_int_equal(fread(golden->class_ap, sizeof(double), (size_t)header.classes, file), header.classes);
    return true;
}

static void free_golden(struct golden *golden)
{
    free(golden->gt);
    free(golden->detections);
    free(golden->class_ap);
}

static void list_numbers(const struct fa_metrics *m, double numbers[12])
{
    const double list[12] = {m->ap,    m->ap50,  m->ap75,  m->ap_small, m->ap_medium, m->ap_large,
                             m->ar[0], m->ar[1], m->ar[2], m->ar_small, m->ar_medium, m->ar_large};

    memcpy(numbers, list, sizeof list);
}

static void golden_sets_agree_with_pycocotools_to_twelve_digits(void **state)
{
    FILE *file = fopen(fa_test_source("tests/eval/golden/metrics.bin"), "rb");
    struct golden golden;
    int cases = 0;

    (void)state;
    assert_non_null(file);
    for (; read_golden(file, &golden); cases++) {
        struct fa_metrics metrics;
        double got[12];

        assert_ok(fa_metrics_compute(&golden.input, &metrics));
        list_numbers(&metrics, got);
        for (int i = 0; i < 12; i++)
            assert_near(got[i], golden.numbers[i], 1e-13);
        assert_int_equal(metrics.n_classes, golden.input.n_classes);
        for (size_t k = 0; k < metrics.n_classes; k++)
            assert_near(metrics.class_ap[k], golden.class_ap[k], 1e-13);
        fa_metrics_clear(&metrics);
        free_golden(&golden);
    }
    fclose(file);
    assert_int_equal(cases, 20);
}

static void metrics_have_the_same_bits_on_any_number_of_threads(void **state)
{
    FILE *file = fopen(fa_test_source("tests/eval/golden/metrics.bin"), "rb");
    const int threads = omp_get_max_threads();
    struct golden golden;
    struct fa_metrics one, many;

    (void)state;
    assert_non_null(file);
    assert_true(read_golden(file, &golden));
    fclose(file);
    omp_set_num_threads(1);
    assert_ok(fa_metrics_compute(&golden.input, &one));
    omp_set_num_threads(3);
    assert_ok(fa_metrics_compute(&golden.input, &many));
    omp_set_num_threads(threads);
    assert_memory_equal(one.class_ap, many.class_ap, one.n_classes * sizeof(double));
    assert_memory_equal(&one, &many, offsetof(struct fa_metrics, n_classes));
    fa_metrics_clear(&one);
    fa_metrics_clear(&many);
    free_golden(&golden);
}

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
    double got[12];

    (void)state;
    for (int i = 0; i < 3; i++) {
        detections[i] = (struct fa_metrics_detection){.image = few_gt[i].image, .label = few_gt[i].label};
        memcpy(detections[i].bbox, few_gt[i].bbox, sizeof detections[i].bbox);
    }
    assert_ok(fa_metrics_compute(&input, &metrics));
    list_numbers(&metrics, got);
    for (int i = 0; i < 12; i++)
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
    double got[12];

    (void)state;
    assert_ok(fa_metrics_compute(&input, &metrics));
    list_numbers(&metrics, got);
    for (int i = 0; i < 12; i++)
        assert_near(got[i], 0, 0);
    fa_metrics_clear(&metrics);
}

static void nothing_at_all_scores_minus_one(void **state)
{
    struct fa_metrics_input input = few_input(NULL, 0);
    struct fa_metrics metrics;
    double got[12];

    (void)state;
    input.n_gt = input.n_images = 0;
    assert_ok(fa_metrics_compute(&input, &metrics));
    list_numbers(&metrics, got);
    for (int i = 0; i < 12; i++)
        assert_near(got[i], -1, 0);
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
    assert_fails_saying(fa_metrics_compute(&input, &metrics), FA_EINVAL, "no number");
    detections[1].score = 0;
    input.max_detections[0] = 11;
    assert_fails_saying(fa_metrics_compute(&input, &metrics), FA_EINVAL, "must rise");
}

static void full_memory_is_an_error_and_leaks_nothing(void **state)
{
    struct fa_metrics_detection detection = {.bbox = {10, 10, 20, 20}, .score = 0.5};
    struct fa_metrics_input input = few_input(&detection, 1);
    struct fa_metrics metrics;
    fa_status status = FA_ENOMEM;
    long nth = 1;

    (void)state;
    for (; status != FA_OK; nth++) {
        fa_memory_fail_after(nth);
        status = fa_metrics_compute(&input, &metrics);
        fa_memory_fail_after(0);
        assert_true(status == FA_OK || status == FA_ENOMEM);
        fa_metrics_clear(&metrics);
        assert_int_equal(fa_memory_balance(), 0);
    }
    assert_true(nth > 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_sets_agree_with_pycocotools_to_twelve_digits),
        cmocka_unit_test(metrics_have_the_same_bits_on_any_number_of_threads),
        cmocka_unit_test(ground_truth_as_detections_scores_one),
        cmocka_unit_test(overlap_of_exactly_a_threshold_matches),
        cmocka_unit_test(no_detections_score_zero),
        cmocka_unit_test(nothing_at_all_scores_minus_one),
        cmocka_unit_test(bad_input_is_refused_by_number),
        cmocka_unit_test(full_memory_is_an_error_and_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, memory_is_balanced);
}
