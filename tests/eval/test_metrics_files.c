/* Metrics of annotations and results, and how they are printed. */
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/metrics.h"
#include "support.h"

static const int limits[3] = {1, 10, 100};

static char cat[] = "cat", dog[] = "dog", emu[] = "emu";
static struct fa_coco_category categories[] = {{7, cat}, {3, dog}, {90, emu}};
static struct fa_coco_image images[] = {{.id = 50}, {.id = 0}, {.id = 20}};

/* The first has id 0, which pycocotools would count as never matched. */
static struct fa_coco_annotation annotations[] = {
    {.id = 0,
     .image_id = 50,
     .category_id = 7,
     .image = 0,
     .label = 0,
     .bbox = {10, 10, 20, 20},
     .area = 400},
    {.id = 5, .image_id = 20, .category_id = 3, .image = 2, .label = 1, .bbox = {0, 0, 50, 50}, .area = 2500},
    {.id = 9,
     .image_id = 0,
     .category_id = 7,
     .image = 1,
     .label = 0,
     .bbox = {5, 5, 90, 9},
     .area = 810,
     .ignore = true}, /* has no effect */
};
static const struct fa_coco coco = {.n_categories = 3,
                                    .n_images = 3,
                                    .n_annotations = 3,
                                    .categories = categories,
                                    .images = images,
                                    .annotations = annotations};

/* Two of three objects are found; the dog has a false alarm of higher score. */
static const struct fa_coco_result results[] = {
    {.image_id = 50, .category_id = 7, .bbox = {10, 10, 20, 20}, .score = 0.9},
    {.image_id = 20, .category_id = 3, .bbox = {0, 0, 50, 50}, .score = 0.5},
    {.image_id = 0, .category_id = 3, .bbox = {0, 0, 50, 50}, .score = 0.7},
};

/* cat: recall 0.5 at precision 1 fills 51 of 101 recall thresholds. dog: precision 1/2 throughout. */
static void ids_are_followed_to_images_and_classes(void **state)
{
    struct fa_metrics metrics;

    (void)state;
    assert_ok(fa_metrics_score(&coco, results, 3, limits, &metrics));
    assert_near(metrics.class_ap[0], 51.0 / 101, 1e-14);
    assert_near(metrics.class_ap[1], 0.5, 1e-14);
    assert_near(metrics.class_ap[2], -1, 0);
    assert_near(metrics.ap, (51.0 / 101 + 0.5) / 2, 1e-14);
    assert_near(metrics.ar[0], 0.75, 1e-14);
    assert_near(metrics.ap_large, -1, 0);
    fa_metrics_clear(&metrics);
}

/* Scores tie across images: pycocotools takes image 0 (a false alarm) before 20, whatever the order of files.
 */
static void equal_scores_are_taken_by_rising_image_id(void **state)
{
    struct fa_coco_result tied[3];
    struct fa_metrics metrics;

    (void)state;
    memcpy(tied, results, sizeof tied);
    tied[1].score = tied[2].score = 0.5;
    assert_ok(fa_metrics_score(&coco, tied, 3, limits, &metrics));
    assert_near(metrics.class_ap[1], 0.5, 1e-14);
    fa_metrics_clear(&metrics);
}

static void unknown_ids_are_refused(void **state)
{
    const struct fa_coco_result of_image = {.image_id = 21, .category_id = 3, .score = 0.5};
    const struct fa_coco_result of_category = {.image_id = 20, .category_id = 4, .score = 0.5};
    struct fa_metrics metrics;

    (void)state;
    assert_fails_saying(fa_metrics_score(&coco, &of_image, 1, limits, &metrics), FA_EINVAL,
                        "result 0 is of image 21");
    assert_fails_saying(fa_metrics_score(&coco, &of_category, 1, limits, &metrics), FA_EINVAL,
                        "result 0 is of category 4");
}

static void full_memory_is_an_error_and_leaks_nothing(void **state)
{
    struct fa_metrics metrics;

    (void)state;
    assert_survives_shortage(fa_metrics_score(&coco, results, 3, limits, &metrics));
    fa_metrics_clear(&metrics);
}

static void lines_are_those_of_pycocotools(void **state)
{
    static const char *const names[] = {"cat", "traffic light"};
    static const int mmdet_limits[3] = {100, 300, 1000};
    static const char want[] =
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.387\n"
        " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=1000 ] = 0.500\n"
        " Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=1000 ] = 0.750\n"
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=1000 ] = no ground truth\n"
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area=medium | maxDets=1000 ] = 0.125\n"
        " Average Precision  (AP) @[ IoU=0.50:0.95 | area= large | maxDets=1000 ] = 0.250\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.100\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=300 ] = 0.200\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=   all | maxDets=1000 ] = 0.300\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area= small | maxDets=1000 ] = no ground truth\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=1000 ] = 0.500\n"
        " Average Recall     (AR) @[ IoU=0.50:0.95 | area= large | maxDets=1000 ] = 1.000\n"
        "\n"
        " class            AP best F1   at score\n"
        " cat           0.387   0.500      0.625\n"
        " traffic light no ground truth\n";
    double class_ap[2] = {0.387, -1};
    struct fa_operating_point class_f1[2] = {{.score = 0.625, .f1 = 0.5}, {.score = -1}};
    const struct fa_metrics metrics = {.ap = 0.387,
                                       .ap50 = 0.5,
                                       .ap75 = 0.75,
                                       .ap_small = -1,
                                       .ap_medium = 0.125,
                                       .ap_large = 0.25,
                                       .ar = {0.1, 0.2, 0.3},
                                       .ar_small = -1,
                                       .ar_medium = 0.5,
                                       .ar_large = 1,
                                       .n_classes = 2,
                                       .class_ap = class_ap,
                                       .class_f1 = class_f1};
    char *text;

    (void)state;
    assert_ok(fa_metrics_print(&metrics, names, mmdet_limits, &text));
    assert_string_equal(text, want);
    fa_free(text);
    fa_memory_fail_after(1);
    assert_fails(fa_metrics_print(&metrics, names, mmdet_limits, &text), FA_ENOMEM);
    fa_memory_fail_after(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_followed_to_images_and_classes),
        cmocka_unit_test(equal_scores_are_taken_by_rising_image_id),
        cmocka_unit_test(unknown_ids_are_refused),
        cmocka_unit_test(full_memory_is_an_error_and_leaks_nothing),
        cmocka_unit_test(lines_are_those_of_pycocotools),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
