/* The lines of log.jsonl are JSON with mmdetection's names, whatever the numbers, and a resumed run appends.
 */
#include "support.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "journal.h"

static const struct fa_journal_entry entry = {.step = 60,
                                              .samples = 960,
                                              .lr = 0.00099,
                                              .loss = {1.25, 0.5},
                                              .grad_norm = 5.5,
                                              .bag_probability = 0.25,
                                              .matched_iou = 0.75,
                                              .objects = 7.5,
                                              .phase_s = {0.05, 0.1, 0.02, 0.15, 0.03, 0.04},
                                              .step_s = 0.4,
                                              .memory_bytes = 100.9 * (1 << 20)};

static enum fa_loss_kind loss_kind = FA_LOSS_FREEANCHOR; /* of the journals to open */
static struct fa_journal_past past;                      /* as the journal opened last said */

static struct fa_journal *open_journal(const char *directory, int64_t step)
{
    const struct fa_journal_start start = {.config = "{\"a\": \"quoted\"}",
                                           .loss = loss_kind,
                                           .seed = 18446744073709551615u,
                                           .n_ranks = 2,
                                           .step = step,
                                           .samples = 16 * step,
                                           .steps_per_epoch = 50,
                                           .last_step = 600};
    struct fa_journal *journal;

    assert_ok(fa_journal_open(directory, &journal));
    assert_ok(fa_journal_begin(journal, &start, &past));
    return journal;
}

/* Line n of the file, parsed. */
static struct fa_json *read_line(const char *directory, int n)
{
    char *path, *text, *line;
    size_t n_bytes;
    struct fa_json *json;

    assert_ok(fa_path_join(directory, "log.jsonl", &path));
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    line = text;
    for (; n > 0; n--)
        line = strchr(line, '\n') + 1;
    assert_ok(fa_json_parse(path, line, strcspn(line, "\n"), &json));
    fa_free(text);
    fa_free(path);
    return json;
}

static double number(const struct fa_json *line, const char *key)
{
    double value = NAN;

    fa_json_to_double(fa_json_get(line, key), &value);
    return value;
}

static void a_train_line_has_the_fields_of_mmdetection_in_their_order_then_ours(void **state)
{
    static const char *const keys[] = {"mode",
                                       "epoch",
                                       "iter",
                                       "lr",
                                       "memory",
                                       "data_time",
                                       "positive_bag_loss",
                                       "negative_bag_loss",
                                       "loss",
                                       "grad_norm",
                                       "time",
                                       "step",
                                       "samples",
                                       "eta_s",
                                       "bag_probability",
                                       "matched_iou",
                                       "objects",
                                       "forward_time",
                                       "loss_time",
                                       "backward_time",
                                       "comm_time",
                                       "update_time"};
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_json *line, *member;
    size_t i = 0;

    (void)state;
    fa_journal_train(journal, &entry);
    fa_journal_close(journal);
    line = read_line(directory, 1);
    for (member = fa_json_first(line); member != NULL; member = fa_json_next(member))
        assert_string_equal(fa_json_key(member), keys[i++]);
    assert_int_equal(i, sizeof keys / sizeof *keys);
    assert_near(number(line, "epoch"), 2, 0);
    assert_near(number(line, "iter"), 10, 0);
    assert_near(number(line, "lr"), 0.00099, 0);
    assert_near(number(line, "memory"), 100, 0);
    assert_near(number(line, "loss"), 1.75, 0);
    assert_near(number(line, "time"), 0.4, 0);
    assert_near(number(line, "data_time"), 0.05, 0);
    assert_near(number(line, "forward_time"), 0.1, 0);
    assert_near(number(line, "loss_time"), 0.02, 0);
    assert_near(number(line, "backward_time"), 0.15, 0);
    assert_near(number(line, "comm_time"), 0.03, 0);
    assert_near(number(line, "update_time"), 0.04, 0);
    assert_near(number(line, "samples"), 960, 0);
    assert_true(number(line, "eta_s") >= 0);
    fa_json_free(line);
}

static void a_train_line_names_the_parts_of_its_loss(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_journal *journal;
    struct fa_json *line;

    (void)state;
    loss_kind = FA_LOSS_FOCAL;
    journal = open_journal(directory, 0);
    loss_kind = FA_LOSS_FREEANCHOR;
    fa_journal_train(journal, &entry);
    fa_journal_close(journal);
    line = read_line(directory, 1);
    assert_near(number(line, "loss_cls"), 1.25, 0);
    assert_near(number(line, "loss_bbox"), 0.5, 0);
    assert_near(number(line, "loss"), 1.75, 0);
    assert_near(number(line, "matched_iou"), 0.75, 0);
    assert_null(fa_json_get(line, "positive_bag_loss"));
    assert_null(fa_json_get(line, "bag_probability"));
    fa_json_free(line);
}

static void the_last_step_of_an_epoch_belongs_to_it(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_journal_entry last = entry;
    struct fa_json *line;

    (void)state;
    last.step = 50;
    fa_journal_train(journal, &last);
    fa_journal_close(journal);
    line = read_line(directory, 1);
    assert_near(number(line, "epoch"), 1, 0);
    assert_near(number(line, "iter"), 50, 0);
    fa_json_free(line);
}

static void numbers_that_are_not_finite_leave_the_line_valid(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_journal_entry bad = entry;
    struct fa_json *line;

    (void)state;
    bad.loss[0] = NAN;
    bad.grad_norm = -INFINITY;
    fa_journal_train(journal, &bad);
    fa_journal_close(journal);
    line = read_line(directory, 1);
    assert_int_equal(fa_json_kind(fa_json_get(line, "grad_norm")), FA_JSON_NULL);
    assert_non_null(fa_json_get(line, "loss"));
    fa_json_free(line);
}

static void a_val_line_has_the_six_numbers_twice(void **state)
{
    const struct fa_metrics metrics = {
        .ap = 0.205,
        .ap50 = 0.34,
        .ap75 = 0.21,
        .ap_small = 0.1,
        .ap_medium = 0.22,
        .ap_large = -1,
        .best_f1 = {.score = 0.375, .precision = 0.75, .recall = 0.5, .f1 = 0.6}};
    const char *directory = fa_test_directory(), *six = "";
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_json *line;

    (void)state;
    fa_journal_val(journal, &(struct fa_journal_evaluation){
                                .step = 50, .lr = 0.01, .n_images = 5000, .metrics = &metrics});
    fa_journal_close(journal);
    line = read_line(directory, 1);
    assert_near(number(line, "epoch"), 1, 0);
    assert_near(number(line, "iter"), 5000, 0);
    assert_near(number(line, "bbox_mAP"), 0.205, 0);
    assert_near(number(line, "bbox_mAP_l"), -1, 0);
    fa_json_to_string(fa_json_get(line, "bbox_mAP_copypaste"), &six);
    assert_string_equal(six, "0.2050 0.3400 0.2100 0.1000 0.2200 -1.0000");
    assert_near(number(line, "bbox_F1"), 0.6, 0);
    assert_near(number(line, "bbox_F1_recall"), 0.5, 0);
    assert_near(number(line, "score_threshold"), 0.375, 0);
    fa_json_free(line);
}

static void a_save_is_a_line_of_its_own_that_plots_of_epochs_pass_over(void **state)
{
    const char *directory = fa_test_directory(), *text = "";
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_json *line;

    (void)state;
    fa_journal_save(
        journal,
        &(struct fa_journal_save){
            .name = "epoch_2", .step = 100, .pause_s = 0.0625, .durable_s = 2.5, .n_bytes = 300000000});
    fa_journal_close(journal);
    line = read_line(directory, 1);
    fa_json_to_string(fa_json_get(line, "mode"), &text);
    assert_string_equal(text, "save");
    fa_json_to_string(fa_json_get(line, "checkpoint"), &text);
    assert_string_equal(text, "epoch_2");
    assert_near(number(line, "pause_time"), 0.0625, 0);
    assert_near(number(line, "durable_time"), 2.5, 0);
    assert_near(number(line, "bytes"), 3e8, 0);
    assert_near(number(line, "step"), 100, 0);
    assert_null(fa_json_get(line, "epoch"));
    fa_json_free(line);
}

static void what_each_rank_did_is_a_line_of_its_own_beside_hosts_and_missed_objects_of_the_start(void **state)
{
    static const char hosts[2][FA_RANK_HOST_MAX] = {"node1", "node \"2\""};
    static const double seconds[2 * FA_RANK_PARTS] = {0.5, 1, 2, 0.25, (double)INFINITY, 4};
    const char *directory = fa_test_directory(), *host = "", *missed = "";
    const struct fa_journal_start start = {
        .n_ranks = 2, .hosts = hosts, .steps_per_epoch = 50, .missed = "none"};
    struct fa_journal *journal;
    struct fa_json *line;
    double value = 0;

    (void)state;
    assert_ok(fa_journal_open(directory, &journal));
    assert_ok(fa_journal_begin(journal, &start, &past));
    fa_journal_ranks(journal,
                     &(struct fa_journal_ranks){.step = 60, .n_steps = 20, .n_ranks = 2, .seconds = seconds});
    fa_journal_close(journal);
    line = read_line(directory, 0);
    fa_json_to_string(fa_json_next(fa_json_first(fa_json_get(line, "hosts"))), &host);
    assert_string_equal(host, "node \"2\"");
    fa_json_to_string(fa_json_get(line, "missed"), &missed);
    assert_string_equal(missed, "none");
    fa_json_free(line);
    line = read_line(directory, 1);
    assert_null(fa_json_get(line, "epoch"));
    assert_near(number(line, "step"), 60, 0);
    assert_near(number(line, "steps"), 20, 0);
    assert_true(fa_json_to_double(fa_json_next(fa_json_first(fa_json_get(line, "data_time"))), &value));
    assert_near(value, 0.25, 0);
    assert_int_equal(fa_json_kind(fa_json_next(fa_json_first(fa_json_get(line, "compute_time")))),
                     FA_JSON_NULL);
    assert_int_equal(fa_json_count(fa_json_get(line, "comm_time")), 2);
    fa_json_free(line);
}

static void a_resumed_run_appends_and_says_where_it_goes_on(void **state)
{
    const char *directory = fa_test_directory(), *seed = "";
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_json *line;
    char *path, *text;
    size_t n_bytes;

    (void)state;
    fa_journal_train(journal, &entry);
    fa_journal_close(journal);
    journal = open_journal(directory, 60);
    fa_journal_close(journal);
    line = read_line(directory, 2);
    assert_near(number(line, "resumed_at_step"), 60, 0);
    assert_near(number(line, "resumed_at_samples"), 960, 0);
    assert_near(number(line, "ranks"), 2, 0);
    fa_json_to_string(fa_json_get(line, "seed"), &seed);
    assert_string_equal(seed, "18446744073709551615");
    fa_json_free(line);

    assert_ok(fa_path_join(directory, "train.log", &path));
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    assert_non_null(strstr(text, "Epoch [2][10/50]"));
    assert_non_null(strstr(text, "goes on after step 60"));
    fa_free(text);
    fa_free(path);
}

static void write_steps(const char *directory, int64_t from, int64_t to)
{
    struct fa_journal *journal = open_journal(directory, from - 1);
    struct fa_journal_entry step = entry;

    for (step.step = from; step.step <= to; step.step++)
        fa_journal_train(journal, &step);
    fa_journal_close(journal);
}

/* As after a crash in the middle of a line. */
static void write_half_a_line(const char *directory)
{
    char *path;
    FILE *file;

    assert_ok(fa_path_join(directory, "log.jsonl", &path));
    file = fopen(path, "a");
    fputs("{\"mode\": \"train\", \"step\": 1", file);
    fclose(file);
    fa_free(path);
}

static void steps_that_are_made_again_stand_once_in_log_jsonl(void **state)
{
    static const double want[] = {1, 2, 3, 4, 5};
    const char *directory = fa_test_directory();
    int at = 0;

    (void)state;
    write_steps(directory, 1, 4);
    write_half_a_line(directory);
    write_steps(directory, 3, 5);
    for (int n = 0; n < 7; n++) { /* every line is JSON; two of them are starts */
        struct fa_json *line = read_line(directory, n);

        if (fa_json_get(line, "mode") != NULL)
            assert_near(number(line, "step"), want[at++], 0);
        fa_json_free(line);
    }
    assert_int_equal(at, 5);
}

static void tell_ap(struct fa_journal *journal, int64_t step, double ap)
{
    const struct fa_metrics metrics = {.ap = ap};

    fa_journal_val(journal,
                   &(struct fa_journal_evaluation){.step = step, .n_images = 10, .metrics = &metrics});
}

static void a_run_that_goes_on_knows_whether_its_last_step_was_evaluated(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);

    (void)state;
    assert_false(past.evaluated);
    tell_ap(journal, 50, 0.5);
    fa_journal_close(journal);
    fa_journal_close(open_journal(directory, 100));
    assert_false(past.evaluated);
    fa_journal_close(open_journal(directory, 50));
    assert_true(past.evaluated);
    fa_journal_close(open_journal(directory, 49));
    assert_false(past.evaluated);
    fa_journal_close(open_journal(directory, 50));
    assert_false(past.evaluated);
}

/* Up to the step where it goes on: what came later is made again. */
static void a_run_that_goes_on_knows_for_how_long_its_ap_has_not_risen(void **state)
{
    static const double ap[] = {0.1, 0.3, -1, 0.3, 0.2999, 0.31, 0.2};
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);

    (void)state;
    for (int i = 0; i < 7; i++)
        tell_ap(journal, 50 * (i + 1), ap[i]);
    fa_journal_close(journal);
    fa_journal_close(open_journal(directory, 350));
    assert_int_equal(past.early_stop.n_since, 1);
    assert_int_equal(past.early_stop.best_step, 300);
    assert_near(past.early_stop.best, 0.31, 0);
    fa_journal_close(open_journal(directory, 299));
    assert_int_equal(past.early_stop.n_since, 2); /* where there was no ground truth, nothing was evaluated */
    assert_int_equal(past.early_stop.best_step, 100);
    fa_journal_close(open_journal(directory, 49));
    assert_int_equal(past.early_stop.best_step, 0);
}

static char *read_log(const char *directory)
{
    char *path, *text;
    size_t n_bytes;

    assert_ok(fa_path_join(directory, "train.log", &path));
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    fa_free(path);
    return text;
}

static void an_evaluation_tells_its_loss_and_each_class_where_it_is_asked_to(void **state)
{
    static char *titles[] = {"cat", "\x1b[2Jdog", "no truth"};
    double ap[] = {0.25, 0.125, -1};
    const struct fa_metrics metrics = {.ap = 0.1875, .n_classes = 3, .class_ap = ap};
    const struct fa_loss loss = {.part = {0.5, NAN}};
    struct fa_journal_evaluation told = {.step = 50, .metrics = &metrics, .titles = titles, .loss = &loss};
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);
    struct fa_json *line;
    char *log;

    (void)state;
    fa_journal_val(journal, &told);
    told.titles = NULL;
    told.loss = NULL;
    fa_journal_val(journal, &told);
    fa_journal_close(journal);
    line = read_line(directory, 1);
    assert_near(number(fa_json_get(line, "class_AP"), "cat"), 0.25, 0);
    assert_near(number(fa_json_get(line, "class_AP"), titles[1]), 0.125, 0);
    assert_int_equal(fa_json_count(fa_json_get(line, "class_AP")), 3);
    assert_int_equal(fa_json_kind(fa_json_get(fa_json_get(line, "class_AP"), "no truth")), FA_JSON_NULL);
    assert_near(number(line, "val_positive_bag_loss"), 0.5, 0);
    assert_int_equal(fa_json_kind(fa_json_get(line, "val_loss")), FA_JSON_NULL);
    assert_null(fa_json_get(line, "loss")); /* that of a step */
    fa_json_free(line);
    line = read_line(directory, 2);
    assert_null(fa_json_get(line, "class_AP"));
    assert_null(fa_json_get(line, "val_loss"));
    fa_json_free(line);
    log = read_log(directory);
    assert_non_null(strstr(log, "class_AP: cat 0.2500, \\x1b[2Jdog 0.1250, no truth -\n"));
    fa_free(log);
}

static void of_many_classes_the_best_and_the_worst_are_told(void **state)
{
    static char names[30][8], *titles[30];
    double ap[30];
    const struct fa_metrics metrics = {.ap = 0.2, .n_classes = 30, .class_ap = ap};
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);
    char *log;

    (void)state;
    for (int i = 0; i < 30; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        titles[i] = names[i];
        ap[i] = i % 7 == 3 ? -1 : 0.01 * i;
    }
    fa_journal_val(journal,
                   &(struct fa_journal_evaluation){.step = 50, .metrics = &metrics, .titles = titles});
    fa_journal_close(journal);
    log = read_log(directory);
    assert_non_null(
        strstr(log, "class_AP, best: c29 0.2900, c28 0.2800, c27 0.2700, c26 0.2600, c25 0.2500\n"));
    assert_non_null(strstr(log, "class_AP, worst: c5 0.0500, c4 0.0400, c2 0.0200, c1 0.0100, c0 0.0000\n"));
    assert_null(strstr(log, "c12 "));
    fa_free(log);
}

/* Of log.jsonl; each is JSON. */
static int count_whole_lines(const char *path)
{
    char *text;
    size_t n_bytes;
    int n = 0;

    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    for (char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1, n++) {
        struct fa_json *json;

        assert_ok(fa_json_parse(path, line, strcspn(line, "\n"), &json));
        fa_json_free(json);
    }
    fa_free(text);
    return n;
}

static void a_full_disk_loses_lines_and_neither_the_run_nor_what_follows(void **state)
{
    const char *directory = fa_test_directory();
    struct fa_journal *journal = open_journal(directory, 0);
    char path[512];
    struct rlimit before, little;
    uint64_t n_bytes;

    (void)state;
    snprintf(path, sizeof path, "%s", fa_test_path(directory, "log.jsonl"));
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    assert_ok(fa_file_size(path, &n_bytes));
    little = (struct rlimit){n_bytes + 20, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &little);
    fa_journal_train(journal, &entry);
    fa_journal_train(journal, &entry);
    setrlimit(RLIMIT_FSIZE, &before);
    fa_journal_train(journal, &entry);
    fa_journal_close(journal);
    assert_int_equal(count_whole_lines(path), 2);
}

static void a_folder_that_is_not_there_fails_and_leaves_nothing(void **state)
{
    struct fa_journal *journal;

    (void)state;
    assert_fails_saying(fa_journal_open(fa_test_nowhere("run"), &journal), FA_EIO, "nowhere/run");
    assert_null(journal);
    fa_journal_train(NULL, &entry);
    fa_journal_close(NULL);
}

static void without_memory_the_journal_does_not_open_or_loses_its_line(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_journal_start start = {.steps_per_epoch = 1};
    struct fa_journal *journal;

    (void)state;
    for (long n = 1; n < 40; n++) {
        fa_memory_fail_after(n);
        if (fa_journal_open(directory, &journal) == FA_OK) {
            if (fa_journal_begin(journal, &start, &past) == FA_OK)
                fa_journal_train(journal, &entry);
        }
        fa_memory_fail_after(0);
        fa_journal_close(journal);
        assert_int_equal(fa_memory_balance(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_train_line_has_the_fields_of_mmdetection_in_their_order_then_ours),
        cmocka_unit_test(a_train_line_names_the_parts_of_its_loss),
        cmocka_unit_test(the_last_step_of_an_epoch_belongs_to_it),
        cmocka_unit_test(numbers_that_are_not_finite_leave_the_line_valid),
        cmocka_unit_test(a_val_line_has_the_six_numbers_twice),
        cmocka_unit_test(a_save_is_a_line_of_its_own_that_plots_of_epochs_pass_over),
        cmocka_unit_test(
            what_each_rank_did_is_a_line_of_its_own_beside_hosts_and_missed_objects_of_the_start),
        cmocka_unit_test(a_resumed_run_appends_and_says_where_it_goes_on),
        cmocka_unit_test(steps_that_are_made_again_stand_once_in_log_jsonl),
        cmocka_unit_test(a_run_that_goes_on_knows_whether_its_last_step_was_evaluated),
        cmocka_unit_test(a_run_that_goes_on_knows_for_how_long_its_ap_has_not_risen),
        cmocka_unit_test(an_evaluation_tells_its_loss_and_each_class_where_it_is_asked_to),
        cmocka_unit_test(of_many_classes_the_best_and_the_worst_are_told),
        cmocka_unit_test(a_full_disk_loses_lines_and_neither_the_run_nor_what_follows),
        cmocka_unit_test(a_folder_that_is_not_there_fails_and_leaves_nothing),
        cmocka_unit_test(without_memory_the_journal_does_not_open_or_loses_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
