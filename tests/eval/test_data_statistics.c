/* What is told of a dataset, against numpy with every anchor (golden/make_data_statistics.py). */
#include <math.h>
#include <string.h>

#include "fa/data_statistics.h"
#include "golden/data_statistics.h"
#include "support.h"

static const struct fa_category categories[] = {
    {7, (char[]){"cat"}}, {8, (char[]){"dog"}}, {9, (char[]){"owl"}}};

static struct fa_dataset golden_dataset(void)
{
    return (struct fa_dataset){.n_records = sizeof golden_records / sizeof *golden_records,
                               .n_annotations = sizeof golden_label / sizeof *golden_label,
                               .n_categories = 3,
                               .categories = categories,
                               .records = golden_records,
                               .bbox = golden_bbox,
                               .label = golden_label,
                               .annotation_id = golden_annotation_id,
                               .crowd = golden_crowd,
                               .ignore = golden_ignore,
                               .area = golden_area};
}

static struct fa_data_statistics take(const struct fa_dataset *dataset)
{
    const struct fa_transform transform = {.scale = {golden_scale[0], golden_scale[1]},
                                           .augment.min_visible = 0.3};
    const struct fa_outlook outlook = {&transform, fa_anchors_of_reference};
    struct fa_data_statistics statistics;

    assert_ok(fa_data_statistics_take(dataset, &outlook, &statistics));
    return statistics;
}

static void assert_close(double got, double want)
{
    if (!(fabs(got - want) <= 2e-5 * fmax(1, fabs(want))))
        fail_msg("%.9g is not %.9g", got, want);
}

static void assert_quantiles(const struct fa_quantiles *got, const double *want)
{
    for (int q = 0; q < FA_QUANTILES; q++)
        assert_close(got->at[q], want[q]);
}

static void counts_are_those_of_numpy(void **state)
{
    const struct fa_dataset dataset = golden_dataset();
    struct fa_data_statistics s = take(&dataset);

    (void)state;
    assert_int_equal(s.n_images, dataset.n_records);
    assert_int_equal(s.n_empty, GOLDEN_EMPTY);
    assert_int_equal(s.of_kind[FA_OBJECT_CROWD], GOLDEN_CROWD);
    assert_int_equal(s.of_kind[FA_OBJECT_IGNORED], GOLDEN_IGNORED);
    assert_int_equal(s.fit.n, GOLDEN_OBJECTS);
    for (int k = 0; k < 3; k++) {
        assert_close((double)s.classes[k].fit.n, golden_classes[k][0]);
        assert_close((double)s.classes[k].n_images, golden_classes[k][1]);
        for (int size = 0; size < 3; size++)
            assert_close((double)s.classes[k].of_size[size], golden_classes[k][2 + size]);
        assert_string_equal(s.classes[k].name, categories[k].name);
    }
    fa_data_statistics_clear(&s);
}

static void quantiles_are_those_of_numpy(void **state)
{
    const struct fa_dataset dataset = golden_dataset();
    struct fa_data_statistics s = take(&dataset);

    (void)state;
    assert_quantiles(&s.per_image, golden_per_image);
    assert_quantiles(&s.side, golden_side);
    assert_quantiles(&s.seen_side, golden_seen_side);
    assert_quantiles(&s.aspect, golden_aspect);
    assert_quantiles(&s.best_iou, golden_best_iou);
    fa_data_statistics_clear(&s);
}

static void best_overlaps_are_those_of_all_anchors(void **state)
{
    const struct fa_dataset dataset = golden_dataset();
    struct fa_data_statistics s = take(&dataset);

    (void)state;
    for (int k = 0; k < 3; k++) {
        assert_close(s.classes[k].fit.sum, golden_classes[k][5]);
        assert_close((double)s.classes[k].fit.n_poor, golden_classes[k][6]);
        assert_close((double)s.fit_of_size[k].n, golden_sizes[k][0]);
        assert_close(s.fit_of_size[k].sum, golden_sizes[k][1]);
        assert_close((double)s.fit_of_size[k].n_poor, golden_sizes[k][2]);
    }
    fa_data_statistics_clear(&s);
}

/* A box as long as an anchor's longest has an IoU near 1 with it, and 3.06 times as long none above 0.4. */
static void what_is_too_long_for_anchors_is_told_from_what_is_too_small(void **state)
{
    static const double boxes[][4] = {{100, 100, 16, 160}, {102, 102, 4, 4}};
    static const int32_t label = 0;
    static const int64_t id = 1;
    static const uint8_t no = 0;
    const struct fa_record record = {.w = 400, .h = 400, .n = 1};
    const struct fa_transform transform = {.scale = {400, 400}, .augment.min_visible = 0.3};
    struct fa_outlook outlook = {&transform, fa_anchors_of_reference};
    struct fa_data_statistics s;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const double area = boxes[i][2] * boxes[i][3];
        const struct fa_dataset dataset = {.n_records = 1,
                                           .n_annotations = 1,
                                           .n_categories = 1,
                                           .categories = categories,
                                           .records = &record,
                                           .bbox = &boxes[i],
                                           .label = &label,
                                           .annotation_id = &id,
                                           .crowd = &no,
                                           .ignore = &no,
                                           .area = &area};

        outlook.anchors = fa_anchors_of_reference;
        assert_ok(fa_data_statistics_take(&dataset, &outlook, &s));
        assert_int_equal(s.fit.of[i == 0 ? FA_MISFIT_NARROW : FA_MISFIT_SMALL], 1);
        fa_data_statistics_clear(&s);
        outlook.anchors = (struct fa_anchor_design){3, .ratio = {0.1f, 1, 10}, .scale = i == 0 ? 4 : 0.5};
        assert_ok(fa_data_statistics_take(&dataset, &outlook, &s));
        assert_int_equal(s.fit.n_poor, 0);
        fa_data_statistics_clear(&s);
    }
}

static void a_dataset_without_objects_has_statistics_too(void **state)
{
    struct fa_dataset dataset = golden_dataset();
    struct fa_data_statistics s;

    (void)state;
    dataset.n_records = 1; /* the first one is empty */
    s = take(&dataset);
    assert_int_equal(s.n_empty, 1);
    assert_int_equal(s.fit.n, 0);
    assert_close(s.side.at[FA_QUANTILES - 1], 0);
    fa_data_statistics_clear(&s);
}

static void anchors_that_are_zeroed_are_those_of_the_reference(void **state)
{
    const struct fa_dataset dataset = golden_dataset();
    const struct fa_transform transform = {.scale = {golden_scale[0], golden_scale[1]},
                                           .augment.min_visible = 0.3};
    const struct fa_outlook outlook = {.transform = &transform};
    struct fa_data_statistics s;

    (void)state;
    assert_ok(fa_data_statistics_take(&dataset, &outlook, &s));
    assert_close((double)s.classes[0].fit.n_poor, golden_classes[0][6]);
    assert_close(s.classes[0].fit.sum, golden_classes[0][5]);
    fa_data_statistics_clear(&s);
}

/* Of five poor classes out of seven, the fourth by one object of twenty. */
static void poor_classes_are_named_the_worst_first(void **state)
{
    struct fa_class_statistics classes[7] = {
        {.name = "fits", .fit = {.n = 21, .n_poor = 1}},
        {.name = "some", .fit = {.n = 10, .n_poor = 1}},
        {.name = "al\033l", .fit = {.n = 2, .n_poor = 2}},
        {.name = "least", .fit = {.n = 20, .n_poor = 1}},
        {.name = "empty"},
        {.name = "half", .fit = {.n = 8, .n_poor = 4}},
        {.name = "tie", .fit = {.n = 20, .n_poor = 2}},
    };
    struct fa_data_statistics s = {.n_classes = 7, .classes = classes};
    char text[512];

    (void)state;
    assert_true(fa_data_statistics_print_missed(&s, text, sizeof text));
    assert_non_null(strstr(text, "of the objects to train on, 100 % of `al\\x1bl`, 50 % of `half`, 10 % of "
                                 "`some`, 10 % of `tie` and objects of 1 more class have no anchor above IoU "
                                 "0.4"));
    s.n_classes = 2;
    assert_true(fa_data_statistics_print_missed(&s, text, sizeof text));
    assert_non_null(strstr(text, "on, 10 % of `some` have no anchor"));
    s.n_classes = 1;
    assert_false(fa_data_statistics_print_missed(&s, text, sizeof text));
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_numpy),
        cmocka_unit_test(quantiles_are_those_of_numpy),
        cmocka_unit_test(best_overlaps_are_those_of_all_anchors),
        cmocka_unit_test(what_is_too_long_for_anchors_is_told_from_what_is_too_small),
        cmocka_unit_test(a_dataset_without_objects_has_statistics_too),
        cmocka_unit_test(anchors_that_are_zeroed_are_those_of_the_reference),
        cmocka_unit_test(poor_classes_are_named_the_worst_first),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
