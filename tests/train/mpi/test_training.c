/* Whole training runs on small synthetic scenes: the number of ranks does not matter, nor does an
 * interruption. */
#include "mpi_threads.h"
#include "ranks.h"
#include "scenes.h"
#include "small_network.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "../../../src/comm/comm_private.h"
#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/json.h"
#include "fa/log.h"
#include "fa/model_weights.h"
#include "fa/replay.h"
#include "fa/trainer.h"

enum { BATCH = 2, N_IMAGES = 7, STEPS_OF_EPOCH = 4, STEPS = 6 };

static char root[512];
static const char *config_json = "{\"train\": {\"lr\": 0.25}}";
static const struct fa_synth_config scenes_of_test = {
    .n_images = N_IMAGES, .n_classes = 3, .seed = 5, .w = 128, .h = 96};
static struct fa_dataset *dataset;
static struct fa_backend *backend;
static struct fa_comm alone; /* this rank and nobody else */

static const struct fa_train_config config_of_test = {.batch = BATCH,
                                                      .reference_batch = 16,
                                                      .epochs = 2,
                                                      .max_steps = STEPS,
                                                      .schedule = {.lr = 0.02,
                                                                   .warmup_steps = 4,
                                                                   .warmup_ratio = 0.1,
                                                                   .n_drops = 1,
                                                                   .drop_epoch = {1},
                                                                   .drop_factor = 0.1},
                                                      .momentum = 0.9,
                                                      .weight_decay = 1e-4,
                                                      .decay_norm = true,
                                                      .clip_norm = 35,
                                                      .lanes = 1,
                                                      .bucket_mib = 1,
                                                      .transform = {.scale = {32, 32},
                                                                    .flip_probability = 0.5,
                                                                    .augment = {.vertical_flip = 0.5,
                                                                                .random_scale = {0.8f, 1.2f},
                                                                                .min_visible = 0.3,
                                                                                .color_probability = 0.5,
                                                                                .contrast = {0.7f, 1.3f},
                                                                                .saturation = {0.5f, 1.5f}}},
                                                      .ema_decay = 0.9,
                                                      .seed = 11,
                                                      .loader_threads = 1,
                                                      .init = FA_INIT_CALIBRATE,
                                                      .calibrate_images = 3,
                                                      .log_interval = 1,
                                                      .keep_checkpoints = 1,
                                                      .checkpoint_interval = 1};

static struct fa_train_config make_config(void)
{
    struct fa_train_config config = config_of_test;

    config.loss = fa_loss_default;
    config.transform.augment.crops = (struct fa_crops){.n = 1, .min_iou = {0.3f}, .least_side = 0.5};
    config.transform.normalize = fa_normalize_default;
    config.eval =
        (struct fa_evaluate_config){.transform = {.scale = {32, 32}, .normalize = fa_normalize_default},
                                    .detect = fa_detect_config_default,
                                    .max_detections = {1, 10, 100},
                                    .loader_threads = 1};
    return config;
}

/* Until all ranks are here. What rank 0 does alone takes long, so the others sleep rather than ask MPI all
 * the time. */
static void meet(void)
{
    MPI_Request request;
    int done = 0;

    MPI_Ibarrier(comm->mpi, &request);
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done)
        usleep(1000);
}

static const char *in_root(const char *name)
{
    return fa_test_path(root, name);
}

/* ---- one set of scenes for all tests ---- */

static int open_scenes(void **state)
{
    (void)state;
    if (fa_comm_rank(comm) == 0) {
        snprintf(root, sizeof root, "%s", fa_test_directory());
        make_scenes(root, "shards", scenes_of_test);
    }
    fa_comm_broadcast(comm, root, sizeof root, 0);
    assert_ok(fa_dataset_open(in_root("shards"), &dataset));
    omp_set_num_threads(1);
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    alone = (struct fa_comm){.mpi = MPI_COMM_SELF, .size = 1, .local_size = 1};
    return 0;
}

static int close_scenes(void **state)
{
    (void)state;
    fa_backend_close(backend);
    fa_dataset_close(dataset);
    return 0;
}

/* ---- runs ---- */

static struct fa_model *make_model(void)
{
    /* For images this small a step costs what its parameters do, so most of them are frozen. */
    const struct fa_model_config config = small_network(4, (int)dataset->n_categories, 0.01);
    struct fa_model *model;

    assert_ok(fa_model_create(&config, backend, &model));
    return model;
}

static fa_status train_on(struct fa_comm *ranks, const struct fa_train_config *config,
                          struct fa_train_run run, const char *work_dir, struct fa_train_result *result)
{
    struct fa_model *model = make_model();
    struct fa_work_dir taken;
    fa_status status = fa_work_dir_take(ranks, in_root(work_dir), &config->watchdog, &taken);

    *result = (struct fa_train_result){0};
    run.work_dir = &taken;
    run.config_json = config_json;
    run.train_data = dataset;
    for (int c = 0; c < 3; c++)
        run.meta.std[c] = fa_normalize_default.std[c];
    if (status == FA_OK)
        status = fa_train(config, &run, ranks, model, result);
    status = fa_work_dir_leave(&taken, status);
    fa_metrics_clear(&result->metrics);
    fa_model_destroy(model);
    return status;
}

static fa_status train(const struct fa_train_config *config, const char *work_dir)
{
    struct fa_train_result result;

    return train_on(comm, config, (struct fa_train_run){.resume = FA_RESUME_AUTO}, work_dir, &result);
}

/* Rank 0: the numbers of one field over the steps of a run; returns how many there are. */
static int read_curve(const char *work_dir, const char *field, double *values, int size)
{
    char path[600], *text, *line;
    size_t n_bytes;
    int n = 0;

    snprintf(path, sizeof path, "%s/log.jsonl", in_root(work_dir));
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    for (line = text; *line != '\0' && n < size; line += strcspn(line, "\n") + 1) {
        struct fa_json *json;

        assert_ok(fa_json_parse(path, line, strcspn(line, "\n"), &json));
        n += fa_json_to_double(fa_json_get(json, field), &values[n]);
        fa_json_free(json);
    }
    fa_free(text);
    return n;
}

static struct fa_weights_file *read_weights(const char *work_dir)
{
    struct fa_weights_file *file;
    char path[600];

    snprintf(path, sizeof path, "%s/weights.h5", in_root(work_dir));
    assert_ok(fa_weights_read(path, &file));
    return file;
}

/* Rank 0: whether two runs ended in the same bits. */
static void assert_same_weights(const char *a, const char *b)
{
    struct fa_weights_difference difference;
    struct fa_weights_file *x, *y;

    meet();
    if (fa_comm_rank(comm) != 0)
        return;
    x = read_weights(a);
    y = read_weights(b);
    fa_weights_diff(x, y, &difference);
    if (!difference.equal)
        fail_msg("%s and %s: %zu tensors differ, first %s", a, b, difference.n_different, difference.first);
    assert_true(difference.n_compared > 60);
    fa_weights_free(x);
    fa_weights_free(y);
}

/* ---- tests ---- */

/* All ranks run in together/, and then rank 0 the first steps in alone/: every field has the same curve. */
static void assert_ranks_learn_as_one(const struct fa_train_config *config, const char *together,
                                      const char *alone_in, const char *const *fields, size_t n_fields)
{
    struct fa_train_config first_steps = *config;
    struct fa_train_result result;
    double many[STEPS + 1], one[STEPS + 1];
    enum { SINGLE = 3 };

    assert_ok(train(config, together));
    if (fa_comm_rank(comm) == 0) {
        first_steps.max_steps = SINGLE;
        assert_ok(train_on(&alone, &first_steps, (struct fa_train_run){0}, alone_in, &result));
        assert_int_equal(result.steps, SINGLE);
        assert_int_equal(result.samples, SINGLE * BATCH);
        for (size_t f = 0; f < n_fields; f++) {
            assert_int_equal(read_curve(together, fields[f], many, STEPS + 1), STEPS);
            assert_int_equal(read_curve(alone_in, fields[f], one, STEPS + 1), SINGLE);
            assert_near(fa_test_worst_double(many, one, SINGLE, NULL), 0, 1e-3);
        }
    }
    meet();
}

static void all_ranks_together_learn_as_one_alone(void **state)
{
    static const char *const fields[] = {"loss", "positive_bag_loss", "grad_norm", "objects",
                                         "lr",   "matched_iou"};
    struct fa_train_config config = make_config();

    (void)state;
    assert_ranks_learn_as_one(&config, "together", "alone", fields, sizeof fields / sizeof *fields);
}

static struct fa_train_config make_focal_config(void)
{
    struct fa_train_config config = make_config();

    config.schedule.lr = 0.01;
    config.loss.kind = FA_LOSS_FOCAL;
    config.loss.coder = (struct fa_box_coder){{1, 1, 1, 1}};
    return config;
}

static void the_focal_loss_falls_and_is_that_of_one_rank_alone(void **state)
{
    static const char *const fields[] = {"loss", "loss_cls", "loss_bbox", "grad_norm", "objects"};
    struct fa_train_config config = make_focal_config();
    double loss[STEPS + 1];

    (void)state;
    assert_ranks_learn_as_one(&config, "focal", "focal_alone", fields, sizeof fields / sizeof *fields);
    if (fa_comm_rank(comm) == 0) {
        assert_int_equal(read_curve("focal", "loss", loss, STEPS + 1), STEPS);
        assert_true(loss[3] + loss[4] + loss[5] < 0.9 * (loss[0] + loss[1] + loss[2]));
        assert_int_equal(read_curve("focal", "bag_probability", loss, STEPS + 1), 0);
    }
    meet();
}

/* Steps that learn nothing: those of one image each have the losses that ranks have when each divides by what
   its own image holds. */
static void with_a_local_normalizer_the_loss_is_the_mean_of_the_ranks_own(void **state)
{
    struct fa_train_config config = make_focal_config();
    struct fa_train_result result;
    double mean[2], single[2 + 1];

    (void)state;
    if (fa_comm_size(comm) != BATCH)
        return;
    config.normalizer = FA_NORMALIZER_LOCAL;
    config.schedule = (struct fa_schedule){.lr = 0};
    config.max_steps = 1;
    assert_ok(train(&config, "local"));
    if (fa_comm_rank(comm) == 0) {
        config.batch = 1;
        config.max_steps = BATCH;
        assert_ok(train_on(&alone, &config, (struct fa_train_run){0}, "local_alone", &result));
        assert_int_equal(read_curve("local", "loss", mean, 2), 1);
        assert_int_equal(read_curve("local_alone", "loss", single, BATCH + 1), BATCH);
        assert_near(mean[0] / (0.5 * (single[0] + single[1])), 1, 1e-5);
    }
    meet();
}

/* Three images on two ranks, which then hold one and two: from what each has alone, as a step of its own. */
static void ranks_own_means_count_by_their_images(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_train_result result;
    double sum[2], single[4], n[4];

    (void)state;
    if (fa_comm_size(comm) != 2)
        return;
    config.normalizer = FA_NORMALIZER_LOCAL;
    config.schedule = (struct fa_schedule){.lr = 0};
    config.batch = 3;
    config.max_steps = 1;
    assert_ok(train(&config, "uneven"));
    if (fa_comm_rank(comm) == 0) {
        config.batch = 1;
        config.max_steps = 3;
        assert_ok(train_on(&alone, &config, (struct fa_train_run){0}, "uneven_alone", &result));
        assert_int_equal(read_curve("uneven", "positive_bag_loss", sum, 2), 1);
        assert_int_equal(read_curve("uneven_alone", "positive_bag_loss", single, 4), 3);
        assert_int_equal(read_curve("uneven_alone", "objects", n, 4), 3);
        assert_near(sum[0] / (single[0] / 3 + 2 * (n[1] * single[1] + n[2] * single[2]) / (n[1] + n[2]) / 3),
                    1, 1e-5);
    }
    meet();
}

/* Rank 0: the journal has every step once. */
static void assert_every_step_once(const char *work_dir, int n)
{
    double samples[2 * STEPS];

    if (fa_comm_rank(comm) != 0)
        return;
    assert_int_equal(read_curve(work_dir, "samples", samples, 2 * STEPS), n);
    for (int i = 0; i < n; i++)
        assert_near(samples[i], (i + 1) * BATCH, 0);
}

/* The steps of the test before, here with a break after the epoch. The first part had no data to evaluate on,
   as if it had been killed before its evaluation. */
/* The better one of the epoch's evaluation and the last is named, and stays though only the newest is to be
 * kept. */
static void assert_best_is_kept(const char *work_dir)
{
    const char *checkpoints = fa_test_path(in_root(work_dir), "checkpoints");
    struct fa_checkpoint_best best;
    double ap[4];

    if (fa_comm_rank(comm) != 0)
        return;
    assert_int_equal(read_curve(work_dir, "bbox_mAP", ap, 4), 2);
    assert_ok(fa_checkpoint_best_read(checkpoints, &best));
    assert_string_equal(best.name, ap[0] >= ap[1] ? "epoch_1" : "step_6");
    assert_near(best.ap, fmax(ap[0], ap[1]), 1e-6);
    assert_true(fa_file_exists(fa_test_path(checkpoints, "step_6")));
    assert_true(fa_file_exists(fa_test_path(checkpoints, best.name)));
    fa_checkpoint_best_clear(&best);
}

/* Three images a rank are no node of the tree of six, so each rank brings two. */
static void with_the_canonical_reduction_all_ranks_give_the_bits_of_one(void **state)
{
    static const char *const fields[] = {"loss", "grad_norm", "matched_iou"};
    struct fa_train_config config = make_config();
    struct fa_train_result result;
    double many[2 + 1], one[2 + 1];

    (void)state;
    config.reduction = FA_REDUCTION_CANONICAL;
    config.schedule.kind = FA_SCHEDULE_COSINE;
    config.batch = 6;
    config.max_steps = 2;
    assert_ok(train(&config, "tree"));
    if (fa_comm_rank(comm) == 0) {
        assert_ok(train_on(&alone, &config, (struct fa_train_run){0}, "tree_alone", &result));
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            assert_int_equal(read_curve("tree", fields[f], many, 2 + 1), 2);
            assert_int_equal(read_curve("tree_alone", fields[f], one, 2 + 1), 2);
            assert_memory_equal(many, one, 2 * sizeof *one);
        }
    }
    assert_same_weights("tree", "tree_alone");
}

/* Three images a rank: two lanes take them in turn, three take one each. */
static void assert_lanes_give_the_bits_of_one(enum fa_reduction reduction, const char *const work_dirs[4])
{
    struct fa_train_config config = make_config();

    config.reduction = reduction;
    config.batch = 3 * fa_comm_size(comm);
    config.max_steps = 2;
    for (config.lanes = 1; config.lanes <= 3; config.lanes++)
        assert_ok(train(&config, work_dirs[config.lanes]));
    assert_same_weights(work_dirs[1], work_dirs[2]);
    assert_same_weights(work_dirs[1], work_dirs[3]);
}

static void images_that_run_side_by_side_give_the_bits_of_one_after_another(void **state)
{
    static const char *const allreduce[] = {"", "allreduce_1", "allreduce_2", "allreduce_3"};
    static const char *const canonical[] = {"", "canonical_1", "canonical_2", "canonical_3"};

    (void)state;
    assert_lanes_give_the_bits_of_one(FA_REDUCTION_ALLREDUCE, allreduce);
    assert_lanes_give_the_bits_of_one(FA_REDUCTION_CANONICAL, canonical);
}

static void a_run_of_less_than_no_lanes_is_refused(void **state)
{
    struct fa_train_config config = make_config();

    (void)state;
    config.lanes = -1;
    assert_fails_saying(train(&config, "no_lanes"), FA_EINVAL, "train.lanes");
}

/* ---- the moving average, rank 0 ---- */

static struct fa_weights_file *read_checkpoint(const char *work_dir, const char *name)
{
    struct fa_weights_file *file;
    const char *checkpoints = fa_test_path(in_root(work_dir), "checkpoints");

    assert_ok(fa_checkpoint_weights(fa_test_path(checkpoints, name), &file));
    return file;
}

/* after = decay * before + (1 - decay) * raw in the class layer, which learns; raw in the stem, which does
 * not. */
static void assert_moved(const struct fa_weights_file *before, const struct fa_weights_file *raw,
                         const struct fa_weights_file *after, double decay)
{
    const struct fa_tensor *b = fa_weights_find(before, "bbox_head.retina_cls.weight");
    const struct fa_tensor *r = fa_weights_find(raw, "bbox_head.retina_cls.weight");
    const struct fa_tensor *a = fa_weights_find(after, "bbox_head.retina_cls.weight");
    const struct fa_tensor *stem[2] = {fa_weights_find(raw, "backbone.conv1.weight"),
                                       fa_weights_find(after, "backbone.conv1.weight")};

    for (size_t i = 0; i < a->n_elem; i++)
        assert_near(a->data[i], (float)decay * b->data[i] + (float)(1 - decay) * r->data[i], 0);
    assert_memory_equal(stem[0]->data, stem[1]->data, stem[0]->n_elem * sizeof(float));
}

/* A run without one goes through the same weights, so an average changes nothing of training. */
static void the_average_of_a_runs_weights_is_what_it_leaves(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_train_result result;

    (void)state;
    config.max_steps = 2;
    if (fa_comm_rank(comm) == 0) {
        struct fa_weights_file *first, *raw, *left;

        config.checkpoint_steps = 1;
        config.keep_checkpoints = 0;
        assert_ok(train_on(&alone, &config, (struct fa_train_run){0}, "averaged", &result));
        config.checkpoint_steps = 0;
        config.ema_decay = 0;
        assert_ok(train_on(&alone, &config, (struct fa_train_run){0}, "raw", &result));
        first = read_checkpoint("averaged", "step_1");
        raw = read_weights("raw");
        left = read_weights("averaged");
        assert_moved(first, raw, left, 2.0 / 11);
        fa_weights_free(first);
        fa_weights_free(raw);
        fa_weights_free(left);
    }
    meet();
}

static void a_run_in_two_parts_makes_up_for_an_evaluation_and_ends_in_the_bits_of_one(void **state)
{
    struct fa_train_config config = make_config();
    const struct fa_train_run run = {.val_data = dataset};
    struct fa_train_result result;

    (void)state;
    config.eval_interval = 1;
    config.max_steps = STEPS_OF_EPOCH;
    assert_ok(train(&config, "parts"));
    assert_ok(train_on(comm, &config, run, "parts", &result));
    assert_int_equal(result.steps, STEPS_OF_EPOCH);
    assert_true(result.has_metrics);
    config.max_steps = STEPS;
    assert_ok(train_on(comm, &config, run, "parts", &result));
    assert_true(result.has_metrics); /* of the last weights, within an epoch */
    assert_best_is_kept("parts");
    assert_every_step_once("parts", STEPS);
    assert_same_weights("together", "parts");
}

/* Nothing is learned, so that no evaluation is better than the first. */
static struct fa_train_config make_idle_config(void)
{
    struct fa_train_config config = make_config();

    config.schedule = (struct fa_schedule){.lr = 0};
    config.transform.flip_probability = 0;
    config.transform.augment = (struct fa_augment){0};
    config.ema_decay = 0;
    config.max_steps = 0;
    config.eval_interval = 1;
    return config;
}

/* Evaluations are two, three after the better one, whether the run is interrupted or not. */
static void a_run_whose_ap_does_not_rise_is_finished_and_stays_so(void **state)
{
    struct fa_train_config config = make_idle_config();
    const struct fa_train_run run = {.val_data = dataset};
    struct fa_train_result result;
    double ap[8];

    (void)state;
    config.epochs = 6;
    config.patience = 2;
    config.checkpoint_interval = 5;
    config.max_steps = 2 * STEPS_OF_EPOCH;
    assert_ok(train_on(comm, &config, run, "patience", &result));
    config.max_steps = 0;
    assert_ok(train_on(comm, &config, run, "patience", &result));
    assert_int_equal(result.steps, 3 * STEPS_OF_EPOCH);
    assert_ok(train_on(comm, &config, run, "patience", &result));
    assert_int_equal(result.steps, 3 * STEPS_OF_EPOCH);
    config.patience = 3;
    assert_ok(train_on(comm, &config, run, "patience", &result));
    assert_int_equal(result.steps, 4 * STEPS_OF_EPOCH);
    if (fa_comm_rank(comm) == 0) {
        assert_int_equal(read_curve("patience", "bbox_mAP", ap, 8), 4);
        assert_true(fa_file_exists(fa_test_path(in_root("patience"), "weights.h5")));
    }
    assert_fails_saying(train(&config, "impatient"), FA_EINVAL, "train.patience counts evaluations");
    if (fa_comm_rank(comm) == 0)
        assert_false(fa_file_exists(in_root("impatient")));
    meet();
}

/* The bits of one rank, and the loss of a step that has all images. */
static void the_validation_loss_is_that_of_one_batch_of_all_images(void **state)
{
    struct fa_train_config config = make_idle_config();
    const struct fa_train_run run = {.val_data = dataset};
    struct fa_train_result result;
    double many[2], one[2], step[2];

    (void)state;
    config.epochs = 1;
    config.val_loss = true;
    assert_ok(train_on(comm, &config, run, "val_loss", &result));
    if (fa_comm_rank(comm) == 0) {
        assert_ok(train_on(&alone, &config, run, "val_loss_alone", &result));
        assert_int_equal(read_curve("val_loss", "val_loss", many, 2), 1);
        assert_int_equal(read_curve("val_loss_alone", "val_loss", one, 2), 1);
        assert_near(many[0], one[0], 0);
        config.batch = N_IMAGES;
        assert_ok(train_on(&alone, &config, run, "val_loss_batch", &result));
        assert_int_equal(read_curve("val_loss_batch", "val_loss", one, 2), 1);
        assert_int_equal(read_curve("val_loss_batch", "loss", step, 2), 1);
        assert_near(one[0] / step[0], 1, 1e-5);
    }
    meet();
}

/* Rank 0. */
static void assert_log_says(const char *work_dir, const char *words)
{
    char path[600], *text;
    size_t n_bytes;

    if (fa_comm_rank(comm) != 0)
        return;
    snprintf(path, sizeof path, "%s/train.log", in_root(work_dir));
    assert_ok(fa_file_read(path, 1 << 20, &text, &n_bytes));
    if (strstr(text, words) == NULL)
        fail_msg("%s does not say \"%s\"", path, words);
    fa_free(text);
}

static char journal_path[600];

/* Every 20 ms: once the journal has its first line and two steps, this rank is asked to stop. */
/* Steps that the journal tells of; of a long one those of its beginning. */
static int count_steps(const char *path)
{
    static const char step[] = "\"mode\":\"train\"";
    char text[16384];
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n_bytes = file >= 0 ? read(file, text, sizeof text - 1) : 0;
    int n = 0;

    if (file >= 0)
        close(file);
    text[n_bytes > 0 ? n_bytes : 0] = '\0';
    for (const char *at = text; (at = strstr(at, step)) != NULL; at++)
        n++;
    return n;
}

static void ask_when_two_steps_are_done(int signal)
{
    const struct itimerval never = {0};
    const int error = errno; /* of what is interrupted */

    (void)signal;
    if (count_steps(journal_path) >= 2) {
        setitimer(ITIMER_REAL, &never, NULL);
        kill(getpid(), SIGTERM);
    }
    errno = error;
}

/* What a person puts into a checkpoint keeps it whole. */
static const char *in_checkpoint(const char *work_dir, int64_t step, const char *name)
{
    const bool ends_epoch = step % STEPS_OF_EPOCH == 0;
    char path[96];

    snprintf(path, sizeof path, "checkpoints/%s_%lld/%s", ends_epoch ? "epoch" : "step",
             (long long)(ends_epoch ? step / STEPS_OF_EPOCH : step), name);
    return fa_test_path(in_root(work_dir), path);
}

static void put_folder_into_checkpoint(const char *work_dir, int64_t step)
{
    if (fa_comm_rank(comm) == 0)
        assert_ok(fa_directory_make(in_checkpoint(work_dir, step, "notes")));
    meet();
}

/* Only the last rank is asked. */
static void a_stopped_run_is_saved_and_goes_on_in_the_same_bits(void **state)
{
    const struct itimerval often = {{.tv_usec = 20000}, {.tv_usec = 20000}};
    struct fa_train_config config = make_config();
    struct fa_train_result result;
    const char *before = config_json;
    int64_t stopped_at;

    (void)state;
    config.epochs = 100000;
    config.max_steps = 0;
    config.checkpoint_interval = 0;
    signal(SIGALRM, ask_when_two_steps_are_done);
    snprintf(journal_path, sizeof journal_path, "%s", in_root("stopped/log.jsonl"));
    if (fa_comm_rank(comm) == fa_comm_size(comm) - 1)
        setitimer(ITIMER_REAL, &often, NULL);
    assert_fails_saying(train_on(comm, &config, (struct fa_train_run){0}, "stopped", &result), FA_ESTOPPED,
                        "saved");
    assert_in_range(result.steps, 2, STEPS - 1);
    stopped_at = result.steps;
    put_folder_into_checkpoint("stopped", stopped_at);
    config.max_steps = STEPS;
    config_json = "{\"train\": {\"lr\": 0.5}}";
    assert_ok(train(&config, "stopped"));
    config_json = before;
    assert_log_says("stopped", "resumed with train.lr 0.5, which was 0.25 in the checkpoint");
    assert_true(fa_directory_exists(in_checkpoint("stopped", stopped_at, "notes")));
    assert_true(fa_file_exists(in_checkpoint("stopped", stopped_at, "manifest.json")));
    assert_every_step_once("stopped", STEPS);
    assert_same_weights("together", "stopped");
}

/* Rank 0: config.json is that of the run, and not what a refused one brought. */
static void assert_config_kept(const char *path)
{
    char *text;
    size_t n_bytes;

    if (fa_comm_rank(comm) != 0)
        return;
    assert_ok(fa_file_read(in_root(path), 1 << 20, &text, &n_bytes));
    assert_non_null(strstr(text, "\"train\":"));
    assert_non_null(strstr(text, "\"run_id\":"));
    assert_null(strstr(text, "\"seed\":"));
    fa_free(text);
}

static void resuming_with_another_seed_or_batch_is_refused_and_leaves_the_records(void **state)
{
    struct fa_train_config config = make_config();
    const char *before = config_json;

    (void)state;
    config_json = "{\"train\": {\"seed\": 12}}";
    config.seed = 12;
    assert_fails_saying(train(&config, "parts"), FA_EINVAL, "seed 11");
    config = make_config();
    assert_log_says("parts", "seed 11");
    config.batch = 2 * BATCH;
    assert_fails_saying(train(&config, "parts"), FA_EINVAL, "train.batch");
    config_json = before;
    assert_config_kept("parts/config.json");
    assert_every_step_once("parts", STEPS);
}

/* As many images of the same classes, but others. */
static void resuming_on_other_data_is_refused(void **state)
{
    const struct fa_train_config config = make_config();
    struct fa_synth_config scenes = scenes_of_test;
    struct fa_dataset *before = dataset;

    (void)state;
    scenes.seed++;
    if (fa_comm_rank(comm) == 0)
        make_scenes(root, "other_shards", scenes);
    meet();
    assert_ok(fa_dataset_open(in_root("other_shards"), &dataset));
    assert_fails_saying(train(&config, "parts"), FA_EINVAL, "--resume none --init-from");
    fa_dataset_close(dataset);
    dataset = before;
}

static void a_batch_that_ranks_cannot_share_is_refused(void **state)
{
    struct fa_train_config config = make_config();

    (void)state;
    if (fa_comm_size(comm) == 1)
        return;
    config.batch = fa_comm_size(comm) - 1;
    assert_fails_saying(train(&config, "too_few"), FA_EINVAL, "too small for 2 ranks");
}

/* Seven images are there. */
static void a_batch_of_more_images_than_there_are_is_warned_of(void **state)
{
    struct fa_train_config config = make_config();

    (void)state;
    config.batch = 12;
    assert_fails_saying(train(&config, "parts"), FA_EINVAL, "train.batch");
    assert_log_says("parts", "12 images takes some of the 7 there are more than once");
}

static void random_weights_without_calibration_are_refused_with_the_remedy(void **state)
{
    struct fa_train_config config = make_config();

    (void)state;
    config.init = FA_INIT_WEIGHTS;
    assert_fails_saying(train(&config, "nothing"), FA_EINVAL, "--init-from");
}

static void a_backbone_file_starts_a_run_and_half_a_backbone_does_not(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_train_result result;
    struct fa_weights_file *file = read_weights("parts");
    struct fa_train_run run = {.init_from = file};

    (void)state;
    config.max_steps = 1;
    fa_weights_drop(file, "backbone.layer4.");
    assert_fails_saying(train_on(comm, &config, run, "half", &result), FA_EFORMAT, "backbone.");
    fa_weights_free(file);
    file = run.init_from = read_weights("parts");
    fa_weights_drop(file, "neck.");
    fa_weights_drop(file, "bbox_head.");
    assert_ok(train_on(comm, &config, run, "backbone", &result));
    assert_int_equal(file->n, 0); /* the run does not keep them twice */
    fa_weights_free(file);
}

static void a_run_begun_anew_puts_the_old_checkpoints_aside(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_train_result result;

    (void)state;
    config.max_steps = 1;
    assert_ok(train_on(comm, &config, (struct fa_train_run){.resume = FA_RESUME_NONE}, "parts", &result));
    assert_int_equal(result.steps, 1);
    assert_false(fa_file_exists(in_root("parts/checkpoints/step_5")));
    assert_true(fa_file_exists(in_root("parts/checkpoints/step_1/manifest.json")));
    assert_every_step_once("parts", 1);
}

/* ---- numbers that are not finite ---- */

/* Rank 0: the losses that the failure's message tells. */
static void read_told_losses(double loss[FA_LOSS_PARTS])
{
    const char *told = strstr(fa_message(), "positive_bag_loss ");

    assert_non_null(told);
    assert_int_equal(sscanf(told, "positive_bag_loss %lf, negative_bag_loss %lf", &loss[0], &loss[1]),
                     FA_LOSS_PARTS);
}

/* Rank 0: what becomes of the case that the failure's message says to replay, with the weights it names. */
static struct fa_replay_result replay_as_told(const struct fa_train_config *config)
{
    const struct fa_replay_config how = {.loss = config->loss, .detect = config->eval.detect};
    char kept[512], weights[512];
    const char *told = strstr(fa_message(), "freeanchor replay ");
    struct fa_model *model = make_model();
    struct fa_replay_result result;
    struct fa_weights_file *file;
    struct fa_case given;

    assert_non_null(told);
    assert_int_equal(sscanf(told,
                            "freeanchor replay '%511[^']' --config '%*[^']'/config.json --weights '%511[^']'",
                            kept, weights),
                     2);
    assert_ok(fa_case_read(kept, &given));
    assert_ok(fa_weights_read(weights, &file));
    assert_ok(fa_model_load(model, file));
    assert_ok(fa_replay(&how, model, &given, in_root("out.h5"), &result));
    assert_true(fa_file_exists(in_root("out.h5")));
    assert_false(result.is_finite);
    assert_true(given.has_normalizer);
    fa_weights_free(file);
    fa_case_clear(&given);
    fa_model_destroy(model);
    return result;
}

static void a_loss_that_is_not_finite_stops_all_ranks_and_is_met_again_in_a_replay(void **state)
{
    struct fa_train_config config = make_config();

    (void)state;
    config.schedule = (struct fa_schedule){.lr = 1e30};
    config.clip_norm = 0;
    fa_log_set_level(FA_LOG_ERROR);
    assert_int_equal(train(&config, "exploded"), FA_EINVAL);
    fa_test_message("step 1: the loss of image", __FILE__, __LINE__);
    if (fa_comm_rank(comm) == 0)
        assert_false(isfinite(replay_as_told(&config).loss.part[FA_PART_POSITIVE]));
    assert_log_says("exploded", "ERROR");
    assert_log_says("exploded", "step 1: ");
    fa_log_set_level(FA_LOG_WARN);
}

static void fill(const struct fa_weights_file *file, const char *name, float value)
{
    const struct fa_tensor *tensor = fa_weights_find(file, name);

    assert_non_null(tensor);
    for (size_t i = 0; i < tensor->n_elem; i++)
        tensor->data[i] = value;
}

/* A layer of huge outputs, then one that lets nothing of them through, then one that makes logits near 1 of
   its tiny ones: forward is finite, but the gradient by the middle layer's weights is huge times huge. */
static void break_gradient(const struct fa_weights_file *file)
{
    fill(file, "bbox_head.cls_convs.0.conv.bias", 1e30f);
    fill(file, "bbox_head.cls_convs.1.conv.weight", 0);
    fill(file, "bbox_head.cls_convs.1.conv.bias", 1e-25f);
    fill(file, "bbox_head.retina_cls.weight", 1e22f);
}

static void a_gradient_that_is_not_finite_is_traced_to_an_image_and_met_again_in_a_replay(void **state)
{
    struct fa_train_config config = make_config();
    struct fa_weights_file *file = read_weights("parts");
    const struct fa_train_run run = {.init_from = file};
    struct fa_train_result result;
    struct fa_replay_result again;
    double told[FA_LOSS_PARTS];

    (void)state;
    break_gradient(file);
    fa_log_set_level(FA_LOG_ERROR);
    assert_int_equal(train_on(comm, &config, run, "steep", &result), FA_EINVAL);
    fa_test_message("step 0: the gradient of image", __FILE__, __LINE__);
    if (fa_comm_rank(comm) == 0)
        assert_null(strstr(fa_message(), "learning rate")); /* no step was made with any */
    if (fa_comm_rank(comm) == 0) {
        read_told_losses(told);
        again = replay_as_told(&config);
        for (int i = 0; i < FA_LOSS_PARTS; i++)
            assert_near(again.loss.part[i], told[i], 1e-8 * told[i]);
        assert_false(isfinite(again.grad_norm));
    }
    fa_log_set_level(FA_LOG_WARN);
    fa_weights_free(file);
}

/* ---- threads ---- */

static void *ask_for_the_rank(void *argument)
{
    int rank;

    (void)argument;
    MPI_Comm_rank(comm->mpi, &rank);
    return NULL;
}

static void assert_strays_are_noticed(void)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, ask_for_the_rank, NULL), 0);
    pthread_join(thread, NULL);
    assert_string_equal(fa_mpi_stray_call(), "MPI_Comm_rank");
    fa_mpi_forget_stray_calls();
}

/* Beside the thread that does the work are the watchdog's, which looks twice a second, the loader's, the
   writer's and that of the roll. */
static void mpi_is_asked_for_one_thread_and_all_calls_come_from_it(void **state)
{
    struct fa_train_config config = make_config();
    const struct fa_train_run run = {.val_data = dataset};
    struct fa_train_result result;
    const long n_before = fa_mpi_calls();

    (void)state;
    config.watchdog = (struct fa_watchdog_config){
        .silence_s = 10, .start_s = 600, .step_s = 600, .evaluate_s = 600, .save_s = 600};
    config.batch = 2 * fa_comm_size(comm);
    config.lanes = 2;
    config.loader_threads = 2;
    config.checkpoint_steps = 1;
    config.eval_interval = 1;
    config.max_steps = 2;
    assert_ok(train_on(comm, &config, run, "threads", &result));
    assert_true(fa_mpi_calls() > n_before + 10);
    assert_int_equal(fa_mpi_level_asked_for(), MPI_THREAD_FUNNELED);
    if (fa_mpi_stray_call() != NULL) /* also in any test before */
        fail_msg("another thread than the first called %s", fa_mpi_stray_call());
    assert_strays_are_noticed();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ranks_together_learn_as_one_alone),
        cmocka_unit_test(the_focal_loss_falls_and_is_that_of_one_rank_alone),
        cmocka_unit_test(with_a_local_normalizer_the_loss_is_the_mean_of_the_ranks_own),
        cmocka_unit_test(ranks_own_means_count_by_their_images),
        cmocka_unit_test(with_the_canonical_reduction_all_ranks_give_the_bits_of_one),
        cmocka_unit_test(images_that_run_side_by_side_give_the_bits_of_one_after_another),
        cmocka_unit_test(a_run_of_less_than_no_lanes_is_refused),
        cmocka_unit_test(the_average_of_a_runs_weights_is_what_it_leaves),
        cmocka_unit_test(a_run_in_two_parts_makes_up_for_an_evaluation_and_ends_in_the_bits_of_one),
        cmocka_unit_test(a_run_whose_ap_does_not_rise_is_finished_and_stays_so),
        cmocka_unit_test(the_validation_loss_is_that_of_one_batch_of_all_images),
        cmocka_unit_test(a_stopped_run_is_saved_and_goes_on_in_the_same_bits),
        cmocka_unit_test(resuming_with_another_seed_or_batch_is_refused_and_leaves_the_records),
        cmocka_unit_test(resuming_on_other_data_is_refused),
        cmocka_unit_test(a_batch_that_ranks_cannot_share_is_refused),
        cmocka_unit_test(a_batch_of_more_images_than_there_are_is_warned_of),
        cmocka_unit_test(random_weights_without_calibration_are_refused_with_the_remedy),
        cmocka_unit_test(a_backbone_file_starts_a_run_and_half_a_backbone_does_not),
        cmocka_unit_test(a_run_begun_anew_puts_the_old_checkpoints_aside),
        cmocka_unit_test(a_loss_that_is_not_finite_stops_all_ranks_and_is_met_again_in_a_replay),
        cmocka_unit_test(a_gradient_that_is_not_finite_is_traced_to_an_image_and_met_again_in_a_replay),
        cmocka_unit_test(mpi_is_asked_for_one_thread_and_all_calls_come_from_it),
    };

    fa_log_set_level(FA_LOG_WARN);
    return finish_ranks(start_ranks() ? cmocka_run_group_tests(tests, open_scenes, close_scenes) : 1);
}
