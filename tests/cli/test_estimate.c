/* Times of steps and epochs from few numbers: by hand where that can be done, and what holds in any case. */
#include "support.h"

#include <string.h>

#include "estimate/image_time.h"
#include "estimate/predict.h"
#include "estimate/start.h"
#include "fa/json.h"

/* A tenth of a second of backward hides 4 MB, of which the last bucket shows. */
static const double seconds[] = {0.05, 0.1};
static const size_t elements[] = {500000, 1000000};
static const struct fa_work work = {
    .forward_s = 0.06, .backward_s = 0.1, .update_s = 0.01, .readiness = {2, elements, seconds}};
static const struct fa_job job = {
    .batch = 16, .n_images = 1000, .reduction = FA_REDUCTION_CANONICAL, .bucket_bytes = 1 << 20};

static struct fa_network network_of(int n_nodes)
{
    return (struct fa_network){
        .n_nodes = n_nodes, .ranks_per_node = 1, .bandwidth = 1e9, .latency_s = 1e-6, .message_s = 1e-6};
}

static void one_rank_computes_all_images_by_itself(void **state)
{
    const struct fa_network alone = network_of(1);
    const struct fa_prediction p = fa_predict(&work, &job, &alone);

    (void)state;
    assert_int_equal(p.batch, 16);
    assert_int_equal(p.images_per_rank, 16);
    assert_int_equal(p.steps, 63);
    assert_near(p.step_s, 16 * 0.16 + 0.01, 1e-12);
    assert_near(p.epoch_s, 63 * p.step_s, 1e-9);
    assert_near(p.efficiency, 1, 1e-12);
    assert_int_equal(p.limit, FA_LIMIT_COMPUTE);
}

static void ranks_share_the_batch_until_each_has_an_image(void **state)
{
    (void)state;
    for (int n = 1; n <= 64; n *= 2) {
        const struct fa_network network = network_of(n);
        const struct fa_prediction p = fa_predict(&work, &job, &network);

        assert_int_equal(p.images_per_rank, n < 16 ? 16 / n : 1);
        assert_int_equal(p.batch, n < 16 ? 16 : n);
        assert_near(p.compute_s, p.images_per_rank * 0.16 + 0.01, 1e-12);
        assert_near(p.step_s, p.compute_s + p.exposed_s, 1e-12);
        assert_true(p.efficiency > 0 && p.efficiency <= 1);
    }
}

static void ranks_that_do_not_divide_the_batch_wait_for_those_with_one_image_more(void **state)
{
    const struct fa_network three = network_of(3);
    const struct fa_prediction p = fa_predict(&work, &job, &three);

    (void)state;
    assert_int_equal(p.batch, 16);
    assert_int_equal(p.images_per_rank, 6);
    assert_near(p.compute_s, 6 * 0.16 + 0.01, 1e-12);
    assert_near(p.efficiency, 16 / 3.0 / p.step_s / (16 / (16 * 0.16 + 0.01)), 1e-12);
}

static void what_limits_is_what_would_help_most(void **state)
{
    struct fa_network network = network_of(16);

    (void)state;
    network.bandwidth = 1e7;
    assert_int_equal(fa_predict(&work, &job, &network).limit, FA_LIMIT_BANDWIDTH);
    network = network_of(16);
    network.latency_s = 0.05;
    assert_int_equal(fa_predict(&work, &job, &network).limit, FA_LIMIT_LATENCY);
    network = network_of(4096);
    network.message_s = 1e-5;
    assert_int_equal(fa_predict(&work, &job, &network).limit, FA_LIMIT_PROCESSOR);
}

/* ---- where times come from ---- */

static fa_status read_report(const char *text, struct fa_image_time *time)
{
    struct fa_json *report;
    fa_status status;

    *time = (struct fa_image_time){.source = ""};
    FA_TRY(fa_json_parse("report", text, strlen(text), &report));
    status = fa_image_time_from_report(report, time);
    fa_json_free(report);
    return status;
}

static void a_report_of_bench_step_has_it_all(void **state)
{
    struct fa_image_time time;

    (void)state;
    assert_ok(read_report(
        "{\"forward_s\": 1, \"loss_s\": 0.5, \"backward_s\": 2, \"update_s\": 0.25, \"readiness\": "
        "[{\"s\": 1, \"elements\": 0}, {\"s\": 2, \"elements\": 30}]}",
        &time));
    assert_near(time.work.forward_s, 1.5, 0);
    assert_near(time.work.backward_s, 2, 0);
    assert_near(time.work.update_s, 0.25, 0);
    assert_int_equal(time.work.readiness.n, 2);
    assert_int_equal(time.work.readiness.elements[1], 30);
    assert_near(time.work.readiness.seconds[0], 1, 0);
    fa_image_time_free(&time);
}

static void what_is_no_report_is_refused(void **state)
{
    static const char *const reports[][2] = {
        {"{}", "\"forward_s\""},
        {"{\"forward_s\": 1, \"loss_s\": -1}", "\"loss_s\""},
        {"{\"forward_s\": 1, \"loss_s\": 1, \"backward_s\": 1, \"update_s\": 1}", "no \"readiness\""},
        {"{\"forward_s\": 1, \"loss_s\": 1, \"backward_s\": 1, \"update_s\": 1, \"readiness\": [{\"s\": 2, "
         "\"elements\": 3}, {\"s\": 1, \"elements\": 4}]}",
         "row 2 of \"readiness\""}};

    (void)state;
    for (size_t i = 0; i < sizeof reports / sizeof reports[0]; i++) {
        struct fa_image_time time;

        assert_fails_saying(read_report(reports[i][0], &time), FA_EFORMAT, reports[i][1]);
        fa_image_time_free(&time);
    }
}

/* 6 parts forward; backward 0 of the frozen layer, 2 of the first that learns, 4 and 2 of the one used twice,
   whose second use comes first and completes nothing. */
static void a_step_is_shared_out_by_multiply_adds(void **state)
{
    const struct fa_layer_info layers[] = {
        {.macs = 1, .n_params = 7, .algorithm = {"direct"}},
        {.macs = 2, .n_params = 10, .algorithm = {"direct", NULL, "direct"}},
        {.macs = 2, .n_params = 20, .algorithm = {"direct", "direct", "direct"}},
        {.macs = 1, .n_params = 0, .algorithm = {"direct", "direct", "direct"}}};
    struct fa_image_time time = {.source = ""};

    (void)state;
    assert_ok(fa_image_time_by_macs(layers, 4, 14, &time));
    assert_near(time.work.forward_s, 6, 1e-12);
    assert_near(time.work.backward_s, 8, 1e-12);
    assert_int_equal(time.work.readiness.n, 3);
    assert_int_equal(time.work.readiness.elements[0], 0);
    assert_int_equal(time.work.readiness.elements[1], 20);
    assert_int_equal(time.work.readiness.elements[2], 30);
    assert_near(time.work.readiness.seconds[0], 2, 1e-12);
    assert_near(time.work.readiness.seconds[1], 6, 1e-12);
    assert_near(time.work.readiness.seconds[2], 8, 1e-12);
    fa_image_time_free(&time);
}

/* 100 MB of index at 1 GB/s: a tenth of a second for each that reads it. */
static void the_start_grows_with_hosts_and_not_with_ranks(void **state)
{
    const struct fa_start_case few = {.n_bytes = 20e9,
                                      .n_index_bytes = 1e8,
                                      .open_s = 0.5,
                                      .n_nodes = 4,
                                      .ranks_per_node = 1,
                                      .storage = 1e9,
                                      .disk = 5e8};
    struct fa_start_case many = few;

    (void)state;
    assert_near(fa_predict_start(&few).together_s, 0.5 + 0.4, 1e-12);
    assert_near(fa_predict_start(&few).alone_s, fa_predict_start(&few).together_s, 1e-12);
    assert_near(fa_predict_start(&few).staged_s, 80 + 0.5, 1e-9);
    many.ranks_per_node = 51; /* fifty are handed 100 MB in memory */
    assert_near(fa_predict_start(&many).together_s, 0.5 + 0.4 + 1, 1e-9);
    assert_near(fa_predict_start(&many).alone_s, 0.5 + 20.4, 1e-9);
    many.storage = 1e12;
    assert_near(fa_predict_start(&many).staged_s, 40 + 0.5 + 1, 1e-9); /* the disk is slower */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_computes_all_images_by_itself),
        cmocka_unit_test(ranks_share_the_batch_until_each_has_an_image),
        cmocka_unit_test(ranks_that_do_not_divide_the_batch_wait_for_those_with_one_image_more),
        cmocka_unit_test(what_limits_is_what_would_help_most),
        cmocka_unit_test(a_report_of_bench_step_has_it_all),
        cmocka_unit_test(what_is_no_report_is_refused),
        cmocka_unit_test(a_step_is_shared_out_by_multiply_adds),
        cmocka_unit_test(the_start_grows_with_hosts_and_not_with_ranks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
