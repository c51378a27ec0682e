/* What a report says of a run in words: how good it is, whether it still rises, where it errs, and which
   classes one threshold for all would lose. */
#include "support.h"

#include <stdio.h>
#include <string.h>

#include "section.h"

enum { CLASSES = 2, OBJECTS = 10 };

/* Ten objects of two classes, of which n_right are found, by as many detections and n_wrong more. */
struct run {
    struct fa_category categories[CLASSES];
    struct fa_dataset dataset;
    struct fa_analysis_class classes[CLASSES + 1];
    uint8_t fate_of_gt[OBJECTS], fate_of_detection[3 * OBJECTS];
    double class_ap[CLASSES];
    struct fa_operating_point class_f1[CLASSES];
    struct fa_log_step step;
    struct fa_log_evaluation evaluations[8];
    struct fa_report_run report;
    struct fa_found found;
};

static void make_run(struct run *run, size_t n_right, size_t n_wrong)
{
    static char cat[] = "cat", dog[] = "<dog>";

    memset(run, 0, sizeof *run);
    run->categories[0].name = cat;
    run->categories[1].name = dog;
    run->dataset = (struct fa_dataset){.n_categories = CLASSES, .categories = run->categories};
    for (size_t i = 0; i < OBJECTS; i++)
        run->fate_of_gt[i] = i < n_right ? FA_FATE_RIGHT : FA_FATE_WRONG;
    for (size_t i = 0; i < n_right + n_wrong; i++)
        run->fate_of_detection[i] = i < n_right ? FA_FATE_RIGHT : FA_FATE_CONFUSED;
    for (size_t k = 0; k <= CLASSES; k++)
        run->classes[k] =
            (struct fa_analysis_class){.n_objects = {OBJECTS / 2}, .best_f1 = {0.5, 0.8, 0.8, 0.8}};
    run->step = (struct fa_log_step){.step = 5000, .epoch = 10, .iter = 500};
    run->report.log = (struct fa_run_log){
        .n_steps = 1, .steps = &run->step, .n_evaluations = 0, .evaluations = run->evaluations};
    run->found = (struct fa_found){
        .dataset = &run->dataset,
        .set.input = {.n_gt = OBJECTS, .n_detections = n_right + n_wrong, .n_classes = CLASSES},
        .metrics = {.best_f1 = {0.5, 0.8, 0.8, 0.8}, .class_ap = run->class_ap, .class_f1 = run->class_f1},
        .analysis = {.n_classes = CLASSES,
                     .classes = run->classes,
                     .fate_of_gt = run->fate_of_gt,
                     .fate_of_detection = run->fate_of_detection}};
}

static void put_ap(struct run *run, size_t n, const double *ap)
{
    for (size_t i = 0; i < n; i++)
        run->evaluations[i] = (struct fa_log_evaluation){.step = (double)(i + 1) * 500, .ap = ap[i]};
    run->report.log.n_evaluations = n;
}

static struct fa_page verdict_of(const struct run *run)
{
    struct fa_page page = {0};

    fa_section_verdict(&page, &run->report, &run->found);
    assert_ok(page.status);
    return page;
}

static void assert_says(struct fa_page page, const char *text)
{
    if (strstr(page.text, text) == NULL)
        fail_msg("expected \"%s\" in: %s", text, page.text);
    fa_free(page.text);
}

static void assert_says_nothing_of(struct fa_page page, const char *text)
{
    if (strstr(page.text, text) != NULL)
        fail_msg("did not expect \"%s\" in: %s", text, page.text);
    fa_free(page.text);
}

static void praise_follows_what_is_found_and_what_is_right(void **state)
{
    struct run run;

    (void)state;
    make_run(&run, 10, 0);
    assert_says(
        verdict_of(&run),
        "nearly all objects, and little else: 100&nbsp;% of the objects are found, and 100&nbsp;% of the "
        "detections are right, each class at its own score threshold, as <code>detect</code> draws them.");
    make_run(&run, 8, 2);
    assert_says(verdict_of(&run),
                "most objects, with some errors: 80&nbsp;% of the objects are found, and 80&nbsp;% of");
    make_run(&run, 10, 10);
    assert_says(verdict_of(&run),
                "many objects, and errs often: 100&nbsp;% of the objects are found, and 50&nbsp;% of");
    make_run(&run, 3, 3);
    assert_says(
        verdict_of(&run),
        "some objects, and errs more often than not: 30&nbsp;% of the objects are found, and 50&nbsp;%");
    make_run(&run, 0, 0);
    assert_says(verdict_of(&run), "next to nothing: 0&nbsp;% of the objects are found, and 0&nbsp;% of");
    run.found.set.input.n_gt = 0;
    assert_says_nothing_of(verdict_of(&run), "next to nothing");
    run.found.dataset = NULL;
    assert_says_nothing_of(verdict_of(&run), "objects");
}

static void a_trend_is_told_of_three_evaluations_or_more(void **state)
{
    static const double rising[8] = {0.1, 0.2, 0.3, 0.35, 0.4, 0.42, 0.44, 0.46},
                        level[8] = {0.1, 0.3, 0.4, 0.45, 0.45, 0.451, 0.449, 0.452},
                        falling[8] = {0.1, 0.3, 0.4, 0.5, 0.45, 0.4, 0.3, 0.25},
                        nothing[8] = {0, 0.001, 0.002, 0.01, 0.01, 0.02, 0.03, 0.04},
                        none[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
    struct run run;

    (void)state;
    make_run(&run, 8, 2);
    put_ap(&run, 8, rising);
    assert_says(verdict_of(&run), "AP was still rising, from 0.420 to 0.460 over the last quarter");
    put_ap(&run, 8, level);
    assert_says(verdict_of(&run), "AP has levelled off.");
    run.step.step = 252;
    assert_says(verdict_of(&run), "with fewer than 300 steps a longer run may do better");
    run.step.step = 5000;
    put_ap(&run, 8, falling);
    assert_says(verdict_of(&run), "AP fell from its best, 0.500, to 0.250 at the end.");
    put_ap(&run, 2, rising);
    assert_says_nothing_of(verdict_of(&run), "AP ");
    put_ap(&run, 8, none);
    assert_says_nothing_of(verdict_of(&run), "AP ");
    put_ap(&run, 8, nothing);
    assert_says(verdict_of(&run),
                "Note: this run has learnt next to nothing: its best AP is 0.040, below 0.05");
    assert_says_nothing_of(verdict_of(&run), "still rising");
}

static void what_costs_most_and_the_weakest_class_are_named(void **state)
{
    static const char *const names[4] = {"boxes in the wrong place", "classes taken for others",
                                         "detections of nothing", "objects that nothing finds"};
    struct run run;

    (void)state;
    make_run(&run, 8, 2);
    run.classes[1].best_f1.f1 = 0.41;
    for (int most = 0; most < 4; most++) {
        double *ap = run.classes[CLASSES].ap[FA_SIZE_ALL], at = 0.4;
        char want[64];

        for (int k = 0; k < 4; k++) {
            ap[FA_FORGIVEN_C50 + k] = at;
            at += k == most ? 0.3 : 0.1;
        }
        snprintf(want, sizeof want, "What costs most: %s (0.30 of AP50).", names[most]);
        assert_says(verdict_of(&run), want);
    }
    assert_says(verdict_of(&run), "The weakest class is &lt;dog&gt;, F1&nbsp;0.41 at its threshold, 0.5.");
    run.classes[1].best_f1 = (struct fa_operating_point){-1, 0, 0, 0};
    assert_says(verdict_of(&run),
                "The weakest class is &lt;dog&gt;, of which no object is found at any threshold.");
    run.classes[0].n_objects[FA_SIZE_ALL] = 0; /* of one class there is no weakest */
    assert_says_nothing_of(verdict_of(&run), "weakest");
}

static void objects_that_no_anchor_fits_are_told(void **state)
{
    struct run run;

    (void)state;
    make_run(&run, 8, 2);
    assert_says_nothing_of(verdict_of(&run), "Note");
    strcpy(run.report.log.missed, "9 % of `<dog>` have no anchor");
    assert_says(verdict_of(&run), "<p class=note>Note: 9 % of `&lt;dog&gt;` have no anchor.</p>");
}

static struct fa_page classes_of(const struct run *run)
{
    struct fa_page page = {0};

    fa_section_classes(&page, &run->found);
    assert_ok(page.status);
    return page;
}

/* F1 and recall of a class none of whose objects is found are 0, where there is a threshold for it or not. */
static void a_class_of_which_nothing_is_found_has_an_f1_of_zero(void **state)
{
    struct run run;

    (void)state;
    make_run(&run, 8, 2);
    run.classes[1].best_f1 = (struct fa_operating_point){-1, 0, 0, 0};
    assert_says(classes_of(&run),
                "<tr><td>&lt;dog&gt;</td><td>5</td><td class=bar style=\"--v:0.0%\">0.000</td>"
                "<td>0.000</td><td class=wide>0.000</td><td>0.000</td><td>none</td>"
                "<td class=wide>none</td><td class=wide>0.000</td></tr>");
    run.classes[1].n_objects[FA_SIZE_ALL] = 0;
    assert_says(classes_of(&run),
                "<td>none</td><td>none</td><td class=wide>none</td><td class=wide>none</td></tr>");
}

static void a_class_that_one_threshold_would_lose_is_named(void **state)
{
    struct run run;

    (void)state;
    make_run(&run, 8, 2);
    run.classes[0].f1[50] = 0.8;
    run.classes[1].f1[50] = 0.11;
    run.classes[1].best_f1 = (struct fa_operating_point){0.07, 0.5, 0.5, 0.5};
    assert_says(classes_of(&run),
                "One threshold for all classes would nearly lose &lt;dog&gt;: F1 0.11 at 0.50, but 0.50 "
                "at its own 0.07. <code>detect</code> takes each class's own.");
    run.classes[1].f1[50] = 0.26; /* more than half */
    assert_says_nothing_of(classes_of(&run), "nearly lose");
    run.classes[1].f1[50] = 0;
    run.classes[1].best_f1.f1 = 0.09; /* nothing is lost that was nothing */
    assert_says_nothing_of(classes_of(&run), "nearly lose");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(praise_follows_what_is_found_and_what_is_right),
        cmocka_unit_test(a_trend_is_told_of_three_evaluations_or_more),
        cmocka_unit_test(what_costs_most_and_the_weakest_class_are_named),
        cmocka_unit_test(objects_that_no_anchor_fits_are_told),
        cmocka_unit_test(a_class_of_which_nothing_is_found_has_an_f1_of_zero),
        cmocka_unit_test(a_class_that_one_threshold_would_lose_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
