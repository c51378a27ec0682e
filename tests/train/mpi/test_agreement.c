/* Ranks that would train on different things do not begin, and a rank whose memory fails ends the run before
   anything of it is saved. */
#include "ranks.h"
#include "scenes.h"
#include "small_network.h"

#include <omp.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "fa/file.h"
#include "fa/log.h"
#include "fa/trainer.h"

static char root[512];
static struct fa_dataset *dataset, *other_dataset;
static struct fa_backend *backend;

static bool is_last(void)
{
    return fa_comm_rank(comm) == fa_comm_size(comm) - 1;
}

static int open_scenes(void **state)
{
    const struct fa_synth_config scenes = {.n_images = 6, .n_classes = 2, .seed = 5, .w = 64, .h = 64};
    struct fa_synth_config others = scenes;

    (void)state;
    others.seed = 6;
    fa_log_set_level(FA_LOG_ERROR);
    if (fa_comm_rank(comm) == 0) {
        snprintf(root, sizeof root, "%s", fa_test_directory());
        make_scenes(root, "shards", scenes);
        make_scenes(root, "others", others);
    }
    fa_comm_broadcast(comm, root, sizeof root, 0);
    assert_ok(fa_dataset_open(fa_test_path(root, "shards"), &dataset));
    assert_ok(fa_dataset_open(fa_test_path(root, "others"), &other_dataset));
    omp_set_num_threads(1);
    return fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend) == FA_OK
               ? 0
               : 1;
}

static int close_scenes(void **state)
{
    (void)state;
    fa_backend_close(backend);
    fa_dataset_close(other_dataset);
    fa_dataset_close(dataset);
    return 0;
}

static struct fa_model *make_model(int frozen_stages)
{
    const struct fa_model_config config = small_network(frozen_stages, (int)dataset->n_categories, 0.01);
    struct fa_model *model;

    assert_ok(fa_model_create(&config, backend, &model));
    return model;
}

static struct fa_train_config make_config(void)
{
    struct fa_train_config config = {.batch = fa_comm_size(comm),
                                     .reference_batch = 16,
                                     .epochs = 1000,
                                     .schedule = {.lr = 0.001},
                                     .momentum = 0.9,
                                     .lanes = 1,
                                     .bucket_mib = 1,
                                     .reduction = FA_REDUCTION_CANONICAL,
                                     .transform = {.scale = {32, 32}},
                                     .loader_threads = 1,
                                     .init = FA_INIT_CALIBRATE,
                                     .calibrate_images = 3,
                                     .log_interval = 1000,
                                     .checksum_interval = 1,
                                     .checkpoint_interval = 1000};

    config.loss = fa_loss_default;
    config.transform.normalize = fa_normalize_default;
    return config;
}

static fa_status train(const struct fa_train_config *config, struct fa_model *model,
                       const struct fa_dataset *data, const char *work_dir)
{
    struct fa_work_dir taken;
    const struct fa_train_run run = {
        .work_dir = &taken, .config_json = "{\"train\": {}}", .train_data = data};
    struct fa_train_result result = {0};
    fa_status status = fa_work_dir_take(comm, fa_test_path(root, work_dir), &config->watchdog, &taken);

    if (status == FA_OK)
        status = fa_train(config, &run, comm, model, &result);
    status = fa_work_dir_leave(&taken, status);
    fa_metrics_clear(&result.metrics);
    return status;
}

/* ---- at the start ---- */

static void another_seed_on_one_rank_is_refused(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_model *model = make_model(4);

    (void)state;
    config.seed = is_last() ? 0x12 : 0x11;
    assert_fails_saying(train(&config, model, dataset, "seed"), FA_EINVAL,
                        "the seed is 12 here and 11 on rank 0");
    fa_model_destroy(model);
}

static void another_model_on_one_rank_is_refused(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_model *model = make_model(is_last() ? 3 : 4);

    (void)state;
    assert_fails_saying(train(&config, model, dataset, "model"), FA_EINVAL, "the model's parameters is ");
    fa_model_destroy(model);
}

static void other_data_on_one_rank_are_refused(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_model *model = make_model(4);

    (void)state;
    assert_fails_saying(train(&config, model, is_last() ? other_dataset : dataset, "data"), FA_EINVAL,
                        "the training data is ");
    fa_model_destroy(model);
}

/* ---- later ---- */

struct cosmic_ray {
    struct fa_backend *queue; /* of its own, since it strikes from another thread */
    fa_real *target;          /* in the backend's memory */
    char begun[600];          /* a file that is there once the run has begun */
};

static void *strike(void *argument)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    const struct cosmic_ray *ray = argument;
    uint32_t bits;

    while (!fa_file_exists(ray->begun))
        nanosleep(&pause, NULL);
    nanosleep(&pause, NULL);
    fa_backend_get(ray->queue, &bits, ray->target, sizeof bits);
    assert_ok(fa_backend_synchronize(ray->queue));
    bits ^= 1;
    fa_backend_put(ray->queue, ray->target, &bits, sizeof bits);
    assert_ok(fa_backend_synchronize(ray->queue));
    return NULL;
}

/* Where on the last rank the lowest bit of one value turns over, the run ends and names that rank. */
static void assert_named(struct fa_model *model, size_t element, const char *work_dir)
{
    struct fa_train_config config = make_config();
    struct cosmic_ray ray = {.target = fa_flat_memory(fa_model_params(model)->value) + element};
    char named[96];
    pthread_t thread;

    snprintf(ray.begun, sizeof ray.begun, "%s", fa_test_path(fa_test_path(root, work_dir), "config.json"));
    assert_ok(fa_backend_fork(backend, &ray.queue));
    if (is_last())
        assert_int_equal(pthread_create(&thread, NULL, strike, &ray), 0);
    snprintf(named, sizeof named,
             "weights and momentum differ on rank %d (%s) from those of the other 2 ranks",
             fa_comm_size(comm) - 1, fa_comm_host(comm));
    assert_fails_saying(train(&config, model, dataset, work_dir), FA_ENUMERIC, named);
    if (is_last())
        pthread_join(thread, NULL);
    fa_backend_close(ray.queue);
    assert_false(fa_file_exists(fa_test_path(fa_test_path(root, work_dir), "weights.h5")));
    assert_false(fa_file_exists(fa_test_path(fa_test_path(root, work_dir), "checkpoints/latest")));
}

static void a_bit_that_flips_in_a_frozen_weight_of_one_rank_ends_the_run_unsaved(void **state)
{
    struct fa_model *model = make_model(4);

    (void)state;
    assert_named(model, fa_model_params(model)->n_trainable + 5, "frozen");
    fa_model_destroy(model);
}

static void a_bit_that_flips_in_a_trained_weight_of_one_rank_ends_the_run_unsaved(void **state)
{
    struct fa_model *model = make_model(4);

    (void)state;
    assert_named(model, 7, "trained");
    fa_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_seed_on_one_rank_is_refused),
        cmocka_unit_test(another_model_on_one_rank_is_refused),
        cmocka_unit_test(other_data_on_one_rank_are_refused),
        cmocka_unit_test(a_bit_that_flips_in_a_frozen_weight_of_one_rank_ends_the_run_unsaved),
        cmocka_unit_test(a_bit_that_flips_in_a_trained_weight_of_one_rank_ends_the_run_unsaved),
    };

    return finish_ranks(start_ranks() ? cmocka_run_group_tests(tests, open_scenes, close_scenes) : 1);
}
