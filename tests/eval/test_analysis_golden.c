/*
 * Kinds of errors, F1 and confusion of random sets and real results against pycocotools; the sets are those
 * of golden/metrics.h5, golden/make_errors.py describes what stands beside them.
 */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "fa/analysis.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "support.h"

enum { n_sets = 31 };

static struct {
    int64_t *image_first, *category_first, *annotation_first, *result_first; /* (n_sets + 1) */
    int32_t *image_id, *category_id, *annotation_image_id, *annotation_category_id, *result_image_id,
        *result_category_id;
    double *annotation_bbox, *annotation_area, *result_bbox, *result_score;
    uint8_t *annotation_crowd;
    double *ap, *best_f1, *total_f1; /* of errors.h5 */
    int64_t *confusion;
} golden;

static const struct {
    const char *name;
    enum fa_h5_type type;
    void *values; /* pointer to the pointer */
} sets[] = {{"image_first", FA_H5_I64, &golden.image_first},
            {"category_first", FA_H5_I64, &golden.category_first},
            {"annotation_first", FA_H5_I64, &golden.annotation_first},
            {"result_first", FA_H5_I64, &golden.result_first},
            {"image_id", FA_H5_I32, &golden.image_id},
            {"category_id", FA_H5_I32, &golden.category_id},
            {"annotation_image_id", FA_H5_I32, &golden.annotation_image_id},
            {"annotation_category_id", FA_H5_I32, &golden.annotation_category_id},
            {"annotation_bbox", FA_H5_F64, &golden.annotation_bbox},
            {"annotation_area", FA_H5_F64, &golden.annotation_area},
            {"annotation_crowd", FA_H5_U8, &golden.annotation_crowd},
            {"result_image_id", FA_H5_I32, &golden.result_image_id},
            {"result_category_id", FA_H5_I32, &golden.result_category_id},
            {"result_bbox", FA_H5_F64, &golden.result_bbox},
            {"result_score", FA_H5_F64, &golden.result_score}},
  errors[] = {{"ap", FA_H5_F64, &golden.ap},
              {"best_f1", FA_H5_F64, &golden.best_f1},
              {"total_f1", FA_H5_F64, &golden.total_f1},
              {"confusion", FA_H5_I64, &golden.confusion}};

enum { n_of_sets = sizeof sets / sizeof *sets, n_of_errors = sizeof errors / sizeof *errors };

static int read_golden(void **state)
{
    struct fa_h5 *file;
    int64_t n;

    (void)state;
    assert_ok(fa_h5_open(fa_test_source("tests/eval/golden/metrics.h5"), &file));
    for (size_t i = 0; i < n_of_sets; i++)
        assert_ok(fa_h5_read_alloc(file, sets[i].name, sets[i].type, sets[i].values, &n));
    assert_ok(fa_h5_close(file));
    assert_ok(fa_h5_open(fa_test_source("tests/eval/golden/errors.h5"), &file));
    for (size_t i = 0; i < n_of_errors; i++)
        assert_ok(fa_h5_read_alloc(file, errors[i].name, errors[i].type, errors[i].values, &n));
    assert_ok(fa_h5_close(file));
    return 0;
}

static int free_golden(void **state)
{
    for (size_t i = 0; i < n_of_sets; i++)
        fa_free(*(void **)sets[i].values);
    for (size_t i = 0; i < n_of_errors; i++)
        fa_free(*(void **)errors[i].values);
    return fa_test_memory_balances(state);
}

/* ---- a set as the analysis takes it ---- */

/* How many of the ids are smaller: the place by rising id. */
static size_t rank_of(int32_t id, const int32_t *ids, int64_t n)
{
    size_t rank = 0;

    for (int64_t i = 0; i < n; i++)
        rank += ids[i] < id;
    return rank;
}

static int32_t place_of(int32_t id, const int32_t *ids, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (ids[i] == id)
            return (int32_t)i;
    fail_msg("no id %d", (int)id);
    return -1;
}

static struct fa_metrics_gt take_gt(int64_t s, int64_t from)
{
    const int64_t i = golden.image_first[s], c = golden.category_first[s];
    struct fa_metrics_gt gt = {.image = rank_of(golden.annotation_image_id[from], golden.image_id + i,
                                                golden.image_first[s + 1] - i),
                               .label = place_of(golden.annotation_category_id[from], golden.category_id + c,
                                                 golden.category_first[s + 1] - c),
                               .area = golden.annotation_area[from],
                               .crowd = golden.annotation_crowd[from] != 0};

    memcpy(gt.bbox, golden.annotation_bbox + 4 * from, sizeof gt.bbox);
    return gt;
}

static struct fa_metrics_detection take_detection(int64_t s, int64_t from)
{
    const int64_t i = golden.image_first[s], c = golden.category_first[s];
    struct fa_metrics_detection detection = {
        .image = rank_of(golden.result_image_id[from], golden.image_id + i, golden.image_first[s + 1] - i),
        .label = place_of(golden.result_category_id[from], golden.category_id + c,
                          golden.category_first[s + 1] - c),
        .score = golden.result_score[from]};

    memcpy(detection.bbox, golden.result_bbox + 4 * from, sizeof detection.bbox);
    return detection;
}

struct set {
    struct fa_metrics_input input;
    struct fa_metrics_gt *gt;
    struct fa_metrics_detection *detections;
};

static struct set take_set(int64_t s)
{
    struct set set = {.input = {.n_images = (size_t)(golden.image_first[s + 1] - golden.image_first[s]),
                                .n_gt = (size_t)(golden.annotation_first[s + 1] - golden.annotation_first[s]),
                                .n_detections = (size_t)(golden.result_first[s + 1] - golden.result_first[s]),
                                .n_classes = (int)(golden.category_first[s + 1] - golden.category_first[s]),
                                .max_detections = {1, 10, 100}}};

    assert_ok(fa_alloc(set.input.n_gt, sizeof *set.gt, &set.gt));
    assert_ok(fa_alloc(set.input.n_detections, sizeof *set.detections, &set.detections));
    for (size_t i = 0; i < set.input.n_gt; i++)
        set.gt[i] = take_gt(s, golden.annotation_first[s] + (int64_t)i);
    for (size_t i = 0; i < set.input.n_detections; i++)
        set.detections[i] = take_detection(s, golden.result_first[s] + (int64_t)i);
    set.input.gt = set.gt;
    set.input.detections = set.detections;
    return set;
}

static void free_set(struct set *set)
{
    fa_free(set->gt);
    fa_free(set->detections);
}

/* ---- the tests ---- */

static void assert_point(const struct fa_operating_point *got, const double want[4])
{
    assert_near(got->score, want[0], 0);
    assert_near(got->precision, want[1], 1e-14);
    assert_near(got->recall, want[2], 1e-14);
    assert_near(got->f1, want[3], 1e-14);
}

static void errors_cost_what_pycocotools_says(void **state)
{
    (void)state;
    for (int64_t s = 0; s < n_sets; s++) {
        struct set set = take_set(s);
        struct fa_analysis analysis;

        assert_ok(fa_analysis_make(&set.input, &analysis));
        for (size_t k = 0; k < analysis.n_classes; k++) {
            const double *want = golden.ap + ((size_t)golden.category_first[s] + k) * FA_SIZES * FA_FORGIVENS;

            for (int size = 0; size < FA_SIZES; size++)
                for (int f = 0; f < FA_FORGIVENS; f++)
                    assert_near(analysis.classes[k].ap[size][f], want[size * FA_FORGIVENS + f], 1e-13);
        }
        fa_analysis_clear(&analysis);
        free_set(&set);
    }
}

static void thresholds_and_confusion_are_those_counted_from_pycocotools_matches(void **state)
{
    const int64_t *confusion = golden.confusion;

    (void)state;
    for (int64_t s = 0; s < n_sets; s++) {
        struct set set = take_set(s);
        struct fa_analysis analysis;
        size_t n;

        assert_ok(fa_analysis_make(&set.input, &analysis));
        n = analysis.n_classes;
        for (size_t k = 0; k < n; k++)
            assert_point(&analysis.classes[k].best_f1,
                         golden.best_f1 + 4 * ((size_t)golden.category_first[s] + k));
        assert_point(&analysis.classes[n].best_f1, golden.total_f1 + 4 * s);
        for (size_t i = 0; i < (n + 1) * (n + 1); i++)
            assert_int_equal(analysis.confusion[i], confusion[i]);
        confusion += (n + 1) * (n + 1);
        fa_analysis_clear(&analysis);
        free_set(&set);
    }
}

/* What is drawn as AP50 and AP75 is what the metrics say. */
static void the_analysis_agrees_with_the_metrics(void **state)
{
    (void)state;
    for (int64_t s = 0; s < n_sets; s++) {
        struct set set = take_set(s);
        struct fa_analysis analysis;
        struct fa_metrics metrics;
        const struct fa_analysis_class *total;
        double sum = 0;

        assert_ok(fa_metrics_compute(&set.input, &metrics));
        assert_ok(fa_analysis_make(&set.input, &analysis));
        total = &analysis.classes[analysis.n_classes];
        assert_near(total->ap[FA_SIZE_ALL][FA_FORGIVEN_C50], metrics.ap50, 1e-14);
        assert_near(total->ap[FA_SIZE_ALL][FA_FORGIVEN_C75], metrics.ap75, 1e-14);
        assert_near(total->best_f1.f1, metrics.best_f1.f1, 0);
        assert_near(total->best_f1.score, metrics.best_f1.score, 0);
        for (int p = 0; p < FA_ANALYSIS_POINTS; p++)
            sum += total->precision[p] / FA_ANALYSIS_POINTS;
        if (metrics.ap50 >= 0)
            assert_near(sum, metrics.ap50, 1e-13);
        fa_analysis_clear(&analysis);
        fa_metrics_clear(&metrics);
        free_set(&set);
    }
}

/* The fates of boxes add up to the table. */
static void every_box_has_one_fate(void **state)
{
    (void)state;
    for (int64_t s = 0; s < n_sets; s++) {
        struct set set = take_set(s);
        struct fa_analysis analysis;
        size_t n, found = 0, confused = 0, diagonal = 0, all = 0, fates[4] = {0};

        assert_ok(fa_analysis_make(&set.input, &analysis));
        n = analysis.n_classes + 1;
        for (size_t i = 0; i < n * n; i++)
            all += analysis.confusion[i];
        for (size_t k = 0; k < n; k++)
            diagonal += analysis.confusion[k * n + k];
        for (size_t g = 0; g < set.input.n_gt; g++) {
            found += analysis.fate_of_gt[g] == FA_FATE_RIGHT;
            confused += analysis.fate_of_gt[g] == FA_FATE_CONFUSED;
            fates[FA_FATE_WRONG] += analysis.fate_of_gt[g] == FA_FATE_WRONG;
        }
        for (size_t d = 0; d < set.input.n_detections; d++)
            fates[analysis.fate_of_detection[d]] += analysis.fate_of_detection[d] != FA_FATE_NONE;
        assert_int_equal(found, fates[FA_FATE_RIGHT]);
        assert_int_equal(confused, fates[FA_FATE_CONFUSED]);
        assert_int_equal(diagonal, found);
        assert_int_equal(all, found + confused + fates[FA_FATE_WRONG]);
        fa_analysis_clear(&analysis);
        free_set(&set);
    }
}

static void memory_that_runs_out_is_an_error_and_leaks_nothing(void **state)
{
    struct set set = take_set(0);
    struct fa_analysis analysis;

    (void)state;
    assert_survives_shortage(fa_analysis_make(&set.input, &analysis));
    fa_analysis_clear(&analysis);
    free_set(&set);
}

static void the_analysis_is_the_same_on_any_number_of_threads(void **state)
{
    const int threads = omp_get_max_threads();
    struct set set = take_set(0);
    struct fa_analysis one, many;
    size_t n;

    (void)state;
    omp_set_num_threads(1);
    assert_ok(fa_analysis_make(&set.input, &one));
    omp_set_num_threads(3);
    assert_ok(fa_analysis_make(&set.input, &many));
    omp_set_num_threads(threads);
    n = one.n_classes + 1;
    assert_memory_equal(one.classes, many.classes, n * sizeof *one.classes);
    assert_memory_equal(one.confusion, many.confusion, n * n * sizeof *one.confusion);
    assert_memory_equal(one.fate_of_detection, many.fate_of_detection, set.input.n_detections);
    fa_analysis_clear(&one);
    fa_analysis_clear(&many);
    free_set(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_cost_what_pycocotools_says),
        cmocka_unit_test(thresholds_and_confusion_are_those_counted_from_pycocotools_matches),
        cmocka_unit_test(the_analysis_agrees_with_the_metrics),
        cmocka_unit_test(every_box_has_one_fate),
        cmocka_unit_test(memory_that_runs_out_is_an_error_and_leaks_nothing),
        cmocka_unit_test(the_analysis_is_the_same_on_any_number_of_threads),
    };

    return cmocka_run_group_tests(tests, read_golden, free_golden);
}
