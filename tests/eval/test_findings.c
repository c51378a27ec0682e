/* What was found is put in the order of a results file, nothing is missed or counted twice, and metrics see
   images by rising id. */
#include "support.h"

#include <string.h>

#include "evaluate_private.h"
#include "fa/memory.h"

/* Three images, ids falling so that order by record and order by id differ; one object in each. */
static const struct fa_category categories[2] = {{.id = 7, .name = "cat"}, {.id = 3, .name = "dog"}};
static const struct fa_record records[3] = {{.image_id = 30, .first = 0, .n = 1},
                                            {.image_id = 20, .first = 1, .n = 1},
                                            {.image_id = 10, .first = 2, .n = 1}};
static const double boxes[3][4] = {{0, 0, 10, 10}, {10, 10, 20, 30}, {5, 5, 40, 40}};
static const int32_t labels[3] = {0, 1, 1};
static const uint8_t flags[3] = {0};
static const double areas[3] = {100, 600, 1600};

static const struct fa_dataset dataset = {.n_records = 3,
                                          .n_annotations = 3,
                                          .n_categories = 2,
                                          .categories = categories,
                                          .records = records,
                                          .bbox = boxes,
                                          .label = labels,
                                          .crowd = flags,
                                          .ignore = flags,
                                          .area = areas};

static struct fa_finding finding(uint64_t record, uint64_t rank, int32_t label, float score)
{
    return (struct fa_finding){
        .record = record, .rank_in_image = rank, .detection = {.score = score, .label = label}};
}

static void results_are_ordered_by_image_class_and_falling_score(void **state)
{
    struct fa_finding found[5] = {finding(1, 2, 0, 0.7f), finding(0, 1, 1, 0.2f), finding(1, 0, 1, 0.9f),
                                  finding(1, 1, 0, 0.7f), finding(0, 0, 1, 0.3f)};
    struct fa_findings findings = {.n_records = 3, .n = 5, .finding = found};
    const double want[5][3] = {{30, 3, 0.3f}, {30, 3, 0.2f}, {20, 7, 0.7f}, {20, 7, 0.7f}, {20, 3, 0.9f}};
    struct fa_coco_result *results;

    (void)state;
    fa_findings_sort(&findings);
    assert_int_equal(found[2].rank_in_image, 1); /* equal scores keep their order */
    assert_ok(fa_findings_results(&findings, &dataset, &results));
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(results[i].image_id, (int64_t)want[i][0]);
        assert_int_equal(results[i].category_id, (int64_t)want[i][1]);
        assert_near(results[i].score, want[i][2], 0);
    }
    fa_free(results);
}

/* 0.3f - 0.1f is 0.20000000298 in double and 0.20000001788 in float. */
static void width_is_subtracted_in_double(void **state)
{
    struct fa_finding found = {.detection = {.box = {0.1f, 0.25f, 0.3f, 0.75f}}};
    const struct fa_findings findings = {.n_records = 3, .n = 1, .finding = &found};
    struct fa_coco_result *results;

    (void)state;
    assert_ok(fa_findings_results(&findings, &dataset, &results));
    assert_near(results[0].bbox[0], 0.1f, 0);
    assert_near(results[0].bbox[2], (double)0.3f - (double)0.1f, 0);
    assert_near(results[0].bbox[3], 0.5, 0);
    fa_free(results);
}

static void images_that_nobody_looked_at_are_named(void **state)
{
    uint64_t seen[1] = {1};
    const struct fa_findings findings = {.n_records = 3, .n_seen = 1, .seen = seen};

    (void)state;
    assert_fails_saying(fa_findings_check(&findings, &dataset), FA_EFORMAT,
                        "2 of 3 images were not evaluated: ids 30 10");
}

static void an_image_looked_at_twice_or_unasked_is_noticed(void **state)
{
    uint64_t twice[4] = {0, 1, 2, 1}, unasked[3] = {0, 1, 3}, good[3] = {2, 0, 1};
    struct fa_findings findings = {.n_records = 3, .n_seen = 4, .seen = twice};

    (void)state;
    assert_fails_saying(fa_findings_check(&findings, &dataset), FA_EFORMAT, "record 1");
    findings.seen = unasked;
    findings.n_seen = 3;
    assert_fails_saying(fa_findings_check(&findings, &dataset), FA_EFORMAT, "record 3");
    findings.seen = good;
    assert_ok(fa_findings_check(&findings, &dataset));
}

/* The ground truth given back as detections, records in any order, scores AP 1. */
static void the_ground_truth_itself_scores_one(void **state)
{
    const int max_detections[3] = {1, 10, 100};
    struct fa_finding found[3];
    struct fa_findings findings = {.n_records = 3, .n = 3, .finding = found};
    struct fa_metrics metrics;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        found[i] = finding(i, 0, labels[i], 0.5f);
        for (int k = 0; k < 4; k++)
            found[i].detection.box[k] = (float)(boxes[i][k] + (k > 1 ? boxes[i][k - 2] : 0));
    }
    assert_ok(fa_findings_score(&findings, &dataset, max_detections, &metrics));
    assert_near(metrics.ap, 1, 1e-12);
    assert_near(metrics.class_ap[1], 1, 1e-12);
    fa_metrics_clear(&metrics);
    findings.n_records = 1; /* only the first image and its object count */
    findings.n = 0;
    assert_ok(fa_findings_score(&findings, &dataset, max_detections, &metrics));
    assert_near(metrics.ap, 0, 0);
    assert_near(metrics.class_ap[1], -1, 0);
    fa_metrics_clear(&metrics);
}

static void without_memory_scoring_fails_and_keeps_nothing(void **state)
{
    const int max_detections[3] = {1, 10, 100};
    struct fa_finding found = finding(0, 0, 0, 0.5f);
    const struct fa_findings findings = {.n_records = 3, .n = 1, .finding = &found};
    struct fa_metrics metrics;

    (void)state;
    assert_survives_shortage(fa_findings_score(&findings, &dataset, max_detections, &metrics));
    fa_metrics_clear(&metrics);
    assert_int_equal(fa_memory_balance(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_ordered_by_image_class_and_falling_score),
        cmocka_unit_test(width_is_subtracted_in_double),
        cmocka_unit_test(images_that_nobody_looked_at_are_named),
        cmocka_unit_test(an_image_looked_at_twice_or_unasked_is_noticed),
        cmocka_unit_test(the_ground_truth_itself_scores_one),
        cmocka_unit_test(without_memory_scoring_fails_and_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
