/* A run keeps the detections of its best evaluation and of its latest, and no others. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/kept_results.h"

static char path[256];
static struct fa_directory *work_dir;

/* A fresh one for each test. */
static int open_work_dir(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s", fa_test_directory());
    return fa_directory_open(path, &work_dir) == FA_OK ? 0 : -1;
}

static int close_work_dir(void **state)
{
    (void)state;
    fa_directory_close(work_dir);
    return 0;
}

static const char *kept(const char *name)
{
    return fa_test_path(fa_test_path(path, "evaluation"), name);
}

/* One result, by which the file is known again. */
static void keep_of(int64_t step, double ap, uint64_t content_hash)
{
    const struct fa_coco_result result = {step, 7, {1, 2, 3, 4}, 0.5};
    double of_class[] = {0.1, 0, 1.0 / 7};
    const struct fa_kept_results about = {.step = step,
                                          .ap = ap,
                                          .thresholds = {.all = 1.0 / 3, .n = 3, .of_class = of_class},
                                          .n_images = 12,
                                          .content_hash = content_hash};

    assert_ok(fa_kept_results_write(work_dir, &about, &result, 1));
}

static void keep(int64_t step, double ap)
{
    keep_of(step, ap, 9);
}

static void assert_kept(enum fa_kept which, int64_t step, double ap)
{
    struct fa_kept_results found;
    struct fa_coco_result *results;
    size_t n;
    char *file;

    assert_ok(fa_kept_results_find(path, which, &found));
    assert_int_equal(found.step, step);
    assert_near(found.ap, ap, 0);
    assert_near(found.thresholds.all, 1.0 / 3, 0);
    assert_int_equal(found.thresholds.n, 3);
    assert_near(found.thresholds.of_class[2], 1.0 / 7, 0);
    assert_int_equal(found.n_images, 12);
    fa_kept_results_clear(&found);
    assert_ok(fa_kept_results_path(path, step, &file));
    assert_ok(fa_coco_results_read(file, &results, &n));
    assert_int_equal(n, 1);
    assert_int_equal(results[0].image_id, step);
    fa_free(results);
    fa_free(file);
}

static void nothing_is_kept_before_the_first_evaluation(void **state)
{
    struct fa_kept_results found;

    (void)state;
    assert_ok(fa_kept_results_find(path, FA_KEPT_BEST, &found));
    assert_int_equal(found.step, -1);
}

static void the_best_of_other_data_is_no_longer_the_best(void **state)
{
    struct fa_kept_results found;

    (void)state;
    keep_of(10, 0.4, UINT64_MAX);
    keep_of(20, 0.2, 7);
    assert_kept(FA_KEPT_BEST, 20, 0.2);
    assert_ok(fa_kept_results_find(path, FA_KEPT_BEST, &found));
    assert_true(found.content_hash == 7);
    fa_kept_results_clear(&found);
    keep_of(30, 0.1, 7);
    assert_kept(FA_KEPT_BEST, 20, 0.2);
}

static void a_line_without_the_data_is_read_and_compared_with_any(void **state)
{
    struct fa_kept_results found;

    (void)state;
    keep_of(10, 0.4, 7);
    assert_ok(fa_file_write_atomic(kept("best"), "step_10.json 0.4 0.5 12\n", 24));
    assert_ok(fa_kept_results_find(path, FA_KEPT_BEST, &found));
    assert_true(found.step == 10 && found.content_hash == 0 && found.thresholds.n == 0);
    assert_near(found.thresholds.all, 0.5, 0);
    keep_of(20, 0.2, 7);
    assert_ok(fa_kept_results_find(path, FA_KEPT_BEST, &found));
    assert_int_equal(found.step, 10);
}

static void the_best_and_the_latest_stay(void **state)
{
    (void)state;
    keep(10, 0.2);
    keep(20, 0.4);
    keep(30, 0.3);
    assert_kept(FA_KEPT_BEST, 20, 0.4);
    assert_kept(FA_KEPT_LATEST, 30, 0.3);
    assert_false(fa_file_exists(kept("step_10.json")));
    keep(40, 0.5);
    assert_kept(FA_KEPT_BEST, 40, 0.5);
    assert_kept(FA_KEPT_LATEST, 40, 0.5);
    assert_false(fa_file_exists(kept("step_20.json")) || fa_file_exists(kept("step_30.json")));
}

/* A run that went back to step 15 makes the steps after it again. */
static void a_best_of_steps_that_are_made_again_does_not_count(void **state)
{
    (void)state;
    keep(20, 0.4);
    keep(16, 0.1);
    assert_kept(FA_KEPT_BEST, 16, 0.1);
    keep(16, 0.05);
    assert_kept(FA_KEPT_BEST, 16, 0.05);
}

static void files_of_others_stay(void **state)
{
    (void)state;
    keep(20, 0.4);
    assert_ok(fa_file_write_atomic(kept("step_1.json.mine"), "x", 1));
    assert_ok(fa_file_write_atomic(kept("step_01.json"), "x", 1));
    keep(21, 0.5);
    assert_true(fa_file_exists(kept("step_1.json.mine")) && fa_file_exists(kept("step_01.json")));
}

static void a_line_that_says_something_else_is_passed_over(void **state)
{
    static const char *const texts[] = {"",
                                        "step_20.json",
                                        "step_20.json 0.4 0.3",
                                        "../step_20.json 0.4 0.3 12",
                                        "step_-1.json 0.4 0.3 12",
                                        "step_20.json nan 0.3 12",
                                        "step_20.json 0.4 7 12",
                                        "step_20.json 0.4 0.3 12 8d [0.4,7]",
                                        "step_20.json 0.4 0.3 12 8d [0.4"};
    struct fa_kept_results found;

    (void)state;
    keep(20, 0.4);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_ok(fa_file_write_atomic(kept("best"), texts[i], strlen(texts[i])));
        assert_ok(fa_kept_results_find(path, FA_KEPT_BEST, &found));
        assert_int_equal(found.step, -1);
    }
    keep(21, 0.1);
    assert_kept(FA_KEPT_BEST, 21, 0.1);
}

static void results_that_cannot_be_written_leave_what_was_kept(void **state)
{
    const struct fa_coco_result result = {1, 7, {1, 2, 3, 4}, (double)INFINITY};
    const struct fa_kept_results about = {.step = 50, .ap = 0.9, .thresholds.all = 0.5, .n_images = 12};

    (void)state;
    keep(40, 0.5);
    assert_fails(fa_kept_results_write(work_dir, &about, &result, 1), FA_ENUMERIC);
    assert_kept(FA_KEPT_BEST, 40, 0.5);
    assert_kept(FA_KEPT_LATEST, 40, 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_kept_before_the_first_evaluation, open_work_dir,
                                        close_work_dir),
        cmocka_unit_test_setup_teardown(the_best_and_the_latest_stay, open_work_dir, close_work_dir),
        cmocka_unit_test_setup_teardown(the_best_of_other_data_is_no_longer_the_best, open_work_dir,
                                        close_work_dir),
        cmocka_unit_test_setup_teardown(a_line_without_the_data_is_read_and_compared_with_any, open_work_dir,
                                        close_work_dir),
        cmocka_unit_test_setup_teardown(a_best_of_steps_that_are_made_again_does_not_count, open_work_dir,
                                        close_work_dir),
        cmocka_unit_test_setup_teardown(files_of_others_stay, open_work_dir, close_work_dir),
        cmocka_unit_test_setup_teardown(a_line_that_says_something_else_is_passed_over, open_work_dir,
                                        close_work_dir),
        cmocka_unit_test_setup_teardown(results_that_cannot_be_written_leave_what_was_kept, open_work_dir,
                                        close_work_dir),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
