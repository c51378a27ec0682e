/* A journal is read as far as it can be, and what was made again after a resume stands once. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "fa/file.h"
#include "run_log.h"

static struct fa_run_log read_text(const char *text)
{
    const char *path = fa_test_path(fa_test_directory(), "log.jsonl");
    struct fa_run_log log;

    assert_ok(fa_file_write_atomic(path, text, strlen(text)));
    assert_ok(fa_run_log_read(path, &log));
    return log;
}

#define STARTED(step)       "{\"started\":\"2026\",\"ranks\":2,\"resumed_at_step\":" #step "}\n"
#define STEP(step, loss, s) "{\"mode\":\"train\",\"step\":" #step ",\"loss\":" #loss ",\"time\":" #s "}\n"
#define VAL(step, ap)       "{\"mode\":\"val\",\"step\":" #step ",\"epoch\":1,\"bbox_mAP\":" #ap "}\n"

static void steps_that_were_made_again_stand_once(void **state)
{
    struct fa_run_log log = read_text(STARTED(0) STEP(10, 3, 1) STEP(20, 2, 1) VAL(20, 0.1) STEP(
        30, 9, 1) VAL(30, 0.9) STARTED(20) STEP(30, 1, 2) VAL(30, 0.2) STARTED(30) STEP(40, 0.5, 3));

    (void)state;
    assert_int_equal(log.n_steps, 4);
    assert_int_equal(log.n_evaluations, 2);
    assert_int_equal(log.n_starts, 3);
    assert_near(log.steps[2].step, 30, 0);
    assert_near(log.steps[2].loss, 1, 0);
    assert_near(log.evaluations[1].ap, 0.2, 0);
    assert_near(fa_run_log_best(&log)->step, 30, 0);
    assert_near(fa_run_log_seconds(&log, 0, INFINITY), 10 + 10 + 20 + 30, 1e-12);
    assert_near(fa_run_log_seconds(&log, 20, 30), 20, 1e-12);
    fa_run_log_clear(&log);
}

/* As where the journal could not be cut. */
static void a_step_that_is_told_again_without_a_start_replaces_the_first(void **state)
{
    struct fa_run_log log = read_text(STEP(10, 3, 1) STEP(20, 2, 1) STEP(20, 7, 1) STEP(15, 8, 1));

    (void)state;
    assert_int_equal(log.n_steps, 2);
    assert_near(log.steps[1].loss, 8, 0);
    fa_run_log_clear(&log);
}

static void what_is_no_number_is_a_gap(void **state)
{
    struct fa_run_log log = read_text(
        "{\"mode\":\"train\",\"step\":5,\"loss\":null,\"loss_cls\":1,\"loss_time\":2,\"time\":3}\n" VAL(5,
                                                                                                        -1));

    (void)state;
    assert_true(isnan(log.steps[0].loss) && isnan(log.steps[0].lr));
    assert_string_equal(log.part_name[0], "loss_cls");
    assert_string_equal(log.part_name[1], "");
    assert_near(log.steps[0].part[0], 1, 0);
    assert_true(isnan(log.evaluations[0].ap));
    assert_null(fa_run_log_best(&log));
    fa_run_log_clear(&log);
}

static void lines_that_cannot_be_read_are_counted_and_passed_over(void **state)
{
    struct fa_run_log log =
        read_text(STEP(10, 3, 1) "\n\nnonsense\n[1,2]\n{\"mode\":7}\n" STEP(20, 2, 1) "{\"mode\":\"tr");

    (void)state;
    assert_int_equal(log.n_steps, 2);
    assert_int_equal(log.n_damaged, 2);
    fa_run_log_clear(&log);
}

#define CLASSES(step, a, b)                                                                                  \
    "{\"mode\":\"val\",\"step\":" #step ",\"epoch\":2,\"val_loss\":0.5,\"class_AP\":{\"a\":" #a ",\"b\":" #b \
    "}}\n"

static void the_ap_of_classes_is_followed_and_what_is_made_again_stands_once(void **state)
{
    struct fa_run_log log =
        read_text(STARTED(0) CLASSES(10, 0.1, null) CLASSES(20, 0.9, 0.9) STARTED(10) CLASSES(
            20, 0.2, 0.3) "{\"mode\":\"val\",\"step\":30,\"class_AP\":{\"b\":1,\"a\":2}}\n" VAL(40, 0.5));

    (void)state;
    assert_int_equal(log.n_classes, 2);
    assert_string_equal(log.classes[1].name, "b");
    assert_int_equal(log.classes[0].n, 2);
    assert_near(log.classes[0].points[1].ap, 0.2, 0);
    assert_near(log.classes[0].points[1].epoch, 2, 0);
    assert_true(isnan(log.classes[1].points[0].ap));
    assert_near(log.evaluations[1].val_loss, 0.5, 0);
    assert_true(isnan(log.evaluations[3].val_loss));
    fa_run_log_clear(&log);
}

#define HOSTS(step, hosts)                                                                                   \
    "{\"started\":\"2026\",\"ranks\":2,\"hosts\":" hosts ",\"resumed_at_step\":" #step "}\n"
#define RANKS(step, n, compute)                                                                              \
    "{\"mode\":\"ranks\",\"step\":" #step ",\"steps\":" #n ",\"data_time\":[0,1],\"compute_time\":" compute  \
    ",\"comm_time\":[2,null]}\n"

static void the_seconds_of_ranks_are_means_since_the_last_start(void **state)
{
    struct fa_run_log log = read_text(
        HOSTS(0, "[\"x\",\"y\"]") RANKS(10, 10, "[9,9]") HOSTS(10, "[\"p\",\"q\"]") RANKS(20, 10, "[1,2]")
            RANKS(50, 30, "[5,2]") RANKS(60, 10, "[7]") RANKS(70, -1, "[7,7]"));

    (void)state;
    assert_int_equal(log.n_ranks, 2);
    assert_string_equal(log.ranks[1].host, "q");
    assert_near(log.rank_steps, 40, 0);
    assert_near(log.ranks[0].compute, 4, 1e-12);
    assert_near(log.ranks[1].compute, 2, 1e-12);
    assert_near(log.ranks[1].data, 1, 1e-12);
    assert_near(log.ranks[0].exchange, 2, 1e-12);
    assert_near(log.ranks[1].exchange, 0, 0);
    fa_run_log_clear(&log);
}

static void objects_that_no_anchor_fits_are_those_of_the_last_start(void **state)
{
    struct fa_run_log log = read_text("{\"started\":\"2026\",\"resumed_at_step\":0,\"missed\":\"all\"}\n"
                                      "{\"started\":\"2026\",\"resumed_at_step\":9,\"missed\":\"half\"}\n");

    (void)state;
    assert_string_equal(log.missed, "half");
    fa_run_log_clear(&log);
    log = read_text("{\"started\":\"2026\",\"resumed_at_step\":0,\"missed\":\"all\"}\n" STARTED(9));
    assert_string_equal(log.missed, "");
    fa_run_log_clear(&log);
}

/* As an older program wrote it. */
static void ranks_without_hosts_are_not_told_of(void **state)
{
    struct fa_run_log log = read_text(STARTED(0) RANKS(10, 10, "[]") RANKS(20, 10, "[1,2]"));

    (void)state;
    assert_int_equal(log.n_ranks, 0);
    assert_near(log.rank_steps, 0, 0);
    fa_run_log_clear(&log);
}

static void a_run_without_a_log_is_missing(void **state)
{
    struct fa_run_log log;

    (void)state;
    assert_fails_saying(fa_run_log_read(fa_test_path(fa_test_directory(), "no/log.jsonl"), &log), FA_EMISSING,
                        "work directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_that_were_made_again_stand_once),
        cmocka_unit_test(a_step_that_is_told_again_without_a_start_replaces_the_first),
        cmocka_unit_test(what_is_no_number_is_a_gap),
        cmocka_unit_test(lines_that_cannot_be_read_are_counted_and_passed_over),
        cmocka_unit_test(the_ap_of_classes_is_followed_and_what_is_made_again_stands_once),
        cmocka_unit_test(the_seconds_of_ranks_are_means_since_the_last_start),
        cmocka_unit_test(ranks_without_hosts_are_not_told_of),
        cmocka_unit_test(objects_that_no_anchor_fits_are_those_of_the_last_start),
        cmocka_unit_test(a_run_without_a_log_is_missing),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
