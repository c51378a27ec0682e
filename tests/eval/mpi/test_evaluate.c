/* All ranks together give the bits that one alone gives, and fail together. */
#include "ranks.h"
#include "scenes.h"
#include "small_network.h"

#include <stdio.h>
#include <string.h>

#include "../../../src/comm/comm_private.h"
#include "fa/evaluate.h"
#include "fa/file.h"
#include "fa/log.h"

enum { N_IMAGES = 7 }; /* not a multiple of the ranks */

static char root[512];
static struct fa_dataset *dataset;
static struct fa_backend *backend;
static struct fa_model *model;
static struct fa_lane *lane;
static struct fa_evaluate_config config;
static struct fa_comm alone; /* this rank and nobody else */

static const char *in_root(const char *name)
{
    return fa_test_path(root, name);
}

/* Random weights find something everywhere once every score counts. */
static int open_all(void **state)
{
    const struct fa_model_config small = small_network(1, 2, 0.01);
    const struct fa_synth_config scenes = {.n_images = N_IMAGES, .n_classes = 2, .seed = 5, .w = 64, .h = 64};

    (void)state;
    if (fa_comm_rank(comm) == 0) {
        snprintf(root, sizeof root, "%s", fa_test_directory());
        make_scenes(root, "shards", scenes);
    }
    fa_comm_broadcast(comm, root, sizeof root, 0);
    assert_ok(fa_dataset_open(in_root("shards"), &dataset));
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    assert_ok(fa_model_create(&small, backend, &model));
    assert_ok(fa_model_init(model, 3));
    assert_ok(fa_lane_create(model, NULL, &lane));
    alone = (struct fa_comm){.mpi = MPI_COMM_SELF, .size = 1, .local_size = 1};
    config = (struct fa_evaluate_config){.transform = {.scale = {64, 64}, .normalize = fa_normalize_default},
                                         .detect = fa_detect_config_default,
                                         .max_detections = {1, 10, 100},
                                         .loader_threads = 1};
    config.detect.score_threshold = 0;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    fa_lane_destroy(lane);
    fa_model_destroy(model);
    fa_backend_close(backend);
    fa_dataset_close(dataset);
    return 0;
}

static void compare_with_one_alone(const struct fa_evaluate_config *of, size_t n_images)
{
    struct fa_evaluate_config first = *of;
    struct fa_metrics together, single;
    struct fa_coco_result *results, *want;
    size_t n, n_want;

    first.max_images = n_images;
    assert_ok(fa_evaluate(&first, comm, lane, dataset, &together, &results, &n));
    assert_ok(fa_evaluate(&first, &alone, lane, dataset, &single, &want, &n_want));
    assert_memory_equal(&together.ap, &single.ap, offsetof(struct fa_metrics, n_classes));
    assert_int_equal(together.n_classes, 2);
    assert_memory_equal(together.class_ap, single.class_ap, 2 * sizeof(double));
    assert_true(n_want > 20 * n_images);
    if (fa_comm_rank(comm) == 0) {
        assert_int_equal(n, n_want);
        assert_memory_equal(results, want, n * sizeof *want);
    } else {
        assert_int_equal(n, 0);
        assert_null(results);
    }
    fa_free(results);
    fa_free(want);
    fa_metrics_clear(&together);
    fa_metrics_clear(&single);
}

/* With fewer images than ranks some rank has none. */
static void all_ranks_together_give_the_results_of_one_alone(void **state)
{
    (void)state;
    compare_with_one_alone(&config, 1);
    compare_with_one_alone(&config, N_IMAGES);
}

/* Of one rank alone, whether both find the same. */
static bool gives_the_same(const struct fa_evaluate_config *a, const struct fa_evaluate_config *b,
                           size_t n_images)
{
    const struct fa_evaluate_config *of[2] = {a, b};
    struct fa_coco_result *results[2];
    struct fa_metrics metrics[2];
    size_t n[2];
    bool same;

    for (int k = 0; k < 2; k++) {
        struct fa_evaluate_config first = *of[k];

        first.max_images = n_images;
        first.between_images = NULL;
        assert_ok(fa_evaluate(&first, &alone, lane, dataset, &metrics[k], &results[k], &n[k]));
        fa_metrics_clear(&metrics[k]);
    }
    same = n[0] == n[1] && memcmp(results[0], results[1], n[0] * sizeof **results) == 0;
    fa_free(results[0]);
    fa_free(results[1]);
    return same;
}

static void count(void *context)
{
    ++*(int *)context;
}

/* Each is counted once, whatever the number of its views. */
static void several_views_of_an_image_give_the_same_on_any_number_of_ranks(void **state)
{
    struct fa_evaluate_config views = config;
    int n_images = 0;

    (void)state;
    views.transform.scales = (struct fa_scales){.n = 2, .pair = {{64, 64}, {32, 32}}};
    views.transform.mirrors = true;
    views.between_images = count;
    views.between_context = &n_images;
    compare_with_one_alone(&views, 3);
    assert_false(gives_the_same(&views, &config, 3));
    assert_in_range(n_images, 3 + 3 / fa_comm_size(comm), 3 + 3);
}

static void the_first_images_alone_may_be_asked_for(void **state)
{
    struct fa_evaluate_config first = config;
    struct fa_metrics metrics;
    struct fa_coco_result *results;
    size_t n;

    (void)state;
    first.max_images = 1;
    assert_ok(fa_evaluate(&first, comm, lane, dataset, &metrics, &results, &n));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(results[i].image_id, dataset->records[0].image_id);
    fa_free(results);
    fa_metrics_clear(&metrics);
}

static struct fa_nms_recall recall_of(struct fa_comm *who)
{
    struct fa_evaluate_config counting = config;
    struct fa_nms_recall_count count = {.lane = lane, .detect = &counting.detect};
    struct fa_metrics metrics;

    counting.detect.max_per_image = 1; /* limits detections alone */
    counting.saw = fa_nms_recall_saw;
    counting.saw_context = &count;
    assert_ok(fa_evaluate(&counting, who, lane, dataset, &metrics, NULL, NULL));
    fa_metrics_clear(&metrics);
    fa_nms_recall_sum(who, &count.recall);
    return count.recall;
}

static void all_ranks_together_count_the_nms_recall_of_one_alone(void **state)
{
    const struct fa_nms_recall together = recall_of(comm), single = recall_of(&alone);

    (void)state;
    assert_memory_equal(&together, &single, sizeof together);
    assert_true(single.found[0] > N_IMAGES);
    assert_true(single.kept[4] < single.found[4]);
}

static void without_any_detection_the_precision_is_zero(void **state)
{
    struct fa_evaluate_config strict = config;
    struct fa_metrics metrics;

    (void)state;
    strict.detect.score_threshold = 1;
    assert_ok(fa_evaluate(&strict, comm, lane, dataset, &metrics, NULL, NULL));
    assert_near(metrics.ap, 0, 0);
    fa_metrics_clear(&metrics);
}

static void a_rank_without_memory_fails_all(void **state)
{
    bool last = fa_comm_rank(comm) == fa_comm_size(comm) - 1;
    long balance = fa_memory_balance();
    struct fa_metrics metrics;
    struct fa_coco_result *results;
    size_t n;

    (void)state;
    for (long at = 1; at < 12; at++) {
        fa_memory_fail_after(last ? at : 0);
        assert_fails(fa_evaluate(&config, comm, lane, dataset, &metrics, &results, &n),
                     last ? FA_ENOMEM : FA_EREMOTE);
        fa_memory_fail_after(0);
        assert_null(results);
        assert_int_equal(fa_memory_balance(), balance);
    }
}

/* Runs last: it spoils the shard. */
static void a_damaged_image_fails_all_ranks(void **state)
{
    struct fa_metrics metrics;
    char *path;
    size_t n;
    char **names;

    (void)state;
    if (fa_comm_rank(comm) == 0) {
        assert_ok(fa_directory_list(in_root("shards"), &n, &names));
        for (size_t i = 0; i < n; i++) {
            FILE *file;

            if (strstr(names[i], ".h5") == NULL)
                continue;
            assert_ok(fa_path_join(in_root("shards"), names[i], &path));
            file = fopen(path, "r+b");
            fseek(file, -2000, SEEK_END);
            for (int k = 0; k < 1000; k++)
                fputc(0, file);
            fclose(file);
            fa_free(path);
        }
        fa_free(names);
    }
    fa_comm_barrier(comm);
    assert_int_not_equal(fa_evaluate(&config, comm, lane, dataset, &metrics, NULL, NULL), FA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ranks_together_give_the_results_of_one_alone),
        cmocka_unit_test(all_ranks_together_count_the_nms_recall_of_one_alone),
        cmocka_unit_test(several_views_of_an_image_give_the_same_on_any_number_of_ranks),
        cmocka_unit_test(the_first_images_alone_may_be_asked_for),
        cmocka_unit_test(without_any_detection_the_precision_is_zero),
        cmocka_unit_test(a_rank_without_memory_fails_all),
        cmocka_unit_test(a_damaged_image_fails_all_ranks),
    };

    fa_log_set_level(FA_LOG_WARN);
    return finish_ranks(start_ranks() ? cmocka_run_group_tests(tests, open_all, close_all) : 1);
}
