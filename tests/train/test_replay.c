/* A replay writes what the loss, the network and the post-processing say, also where that is no number. */
#include "flats.h"
#include "small_network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/h5.h"
#include "fa/memory.h"
#include "fa/new_file.h"
#include "fa/params.h"
#include "fa/replay.h"

enum { SIDE = 64, CLASSES = 3, ANCHORS = 774 }; /* 9 * (64 + 16 + 4 + 1 + 1) */

static float image[3 * SIDE * SIDE], cls[ANCHORS * CLASSES], reg[ANCHORS * 4];
static const float boxes[2][4] = {{4, 4, 40, 44}, {30, 8, 60, 60}};
static const int32_t labels[2] = {2, 0};
static struct fa_backend *backend;
static struct fa_model *model;

static char directory[256];

static const char *out_path(void)
{
    return fa_test_path(directory, "out.h5");
}

static int open_model(void **state)
{
    const struct fa_model_config config = small_network(4, CLASSES, 0.1);

    (void)state;
    snprintf(directory, sizeof directory, "%s", fa_test_directory());
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        image[i] = (float)(i % 29) / 29 - 0.5f;
    assert_ok(fa_backend_open(&(struct fa_backend_config){.name = "blas", .n_threads = 1}, &backend));
    assert_ok(fa_model_create(&config, backend, &model));
    assert_ok(fa_model_init(model, 3));
    fa_model_params_changed(model);
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    fa_model_destroy(model);
    fa_backend_close(backend);
    return 0;
}

static int fill_head(void **state)
{
    (void)state;
    for (int i = 0; i < ANCHORS * CLASSES; i++)
        cls[i] = (float)(i % 17) / 4 - 4;
    for (int i = 0; i < ANCHORS * 4; i++)
        reg[i] = (float)(i % 13) / 40;
    return 0;
}

static struct fa_replay_config make_config(enum fa_loss_kind kind)
{
    struct fa_replay_config config = {.loss = fa_loss_default, .detect = fa_detect_config_default};

    config.loss.kind = kind;
    return config;
}

static struct fa_case make_case(void)
{
    return (struct fa_case){.h = SIDE,
                            .w = SIDE,
                            .objects = {2, &boxes[0][0], labels},
                            .frame = {.clip_w = SIDE, .clip_h = SIDE, .scale_factor = {1, 1, 1, 1}}};
}

static struct fa_case case_of_head(void)
{
    struct fa_case given = make_case();

    given.n_anchors = ANCHORS;
    given.num_classes = CLASSES;
    given.cls = cls;
    given.reg = reg;
    return given;
}

static struct fa_case case_of_image(void)
{
    struct fa_case given = make_case();

    given.image = image;
    return given;
}

/* A dataset of the out file; fa_free. */
static float *read_out(const char *name, int64_t want)
{
    struct fa_h5 *file;
    float *values;
    int64_t n;

    assert_ok(fa_h5_open(out_path(), &file));
    assert_ok(fa_h5_read_alloc(file, name, FA_H5_F32, &values, &n));
    assert_ok(fa_h5_close(file));
    assert_int_equal(n, want);
    return values;
}

static double read_number(const char *name)
{
    struct fa_h5 *file;
    double value;

    assert_ok(fa_h5_open(out_path(), &file));
    assert_ok(fa_h5_read(file, name, FA_H5_F64, 1, &value));
    assert_ok(fa_h5_close(file));
    return value;
}

static void assert_out_has(const char *name, const float *want, int64_t n)
{
    float *got = read_out(name, n);

    assert_memory_equal(got, want, (size_t)n * sizeof *want);
    fa_free(got);
}

/* ---- what is written ---- */

static void assert_out_is_of(enum fa_loss_kind kind, const char *first, const char *second, double normalizer)
{
    const struct fa_replay_config config = make_config(kind);
    struct fa_case given = case_of_head();
    struct fa_replay_result result;

    given.has_normalizer = normalizer > 0;
    given.normalizer = normalizer;
    assert_ok(fa_replay(&config, NULL, &given, out_path(), &result));
    assert_true(result.is_finite);
    assert_true(result.loss.part[0] > 0 && result.loss.part[1] > 0);
    assert_near(read_number(first), result.loss.part[0], 0);
    assert_near(read_number(second), result.loss.part[1], 0);
    assert_out_has("head/cls", cls, ANCHORS * CLASSES);
    assert_out_has("head/reg", reg, ANCHORS * 4);
}

static void both_losses_are_written_under_their_names(void **state)
{
    (void)state;
    assert_out_is_of(FA_LOSS_FREEANCHOR, "loss/positive", "loss/negative", 0);
    assert_out_is_of(FA_LOSS_FOCAL, "loss/cls", "loss/bbox", 5);
}

static void without_a_normalizer_the_image_is_a_batch_of_its_own(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    struct fa_case given = case_of_head();
    struct fa_replay_result alone, in_batch;
    double normalizer;

    (void)state;
    assert_ok(fa_replay_normalizer(&config, &given, &normalizer));
    assert_near(normalizer, 2, 0);
    assert_ok(fa_replay(&config, NULL, &given, out_path(), &alone));
    assert_near(alone.normalizer, 2, 0);
    given.has_normalizer = true;
    given.normalizer = 8;
    assert_ok(fa_replay(&config, NULL, &given, out_path(), &in_batch));
    assert_near(in_batch.loss.part[0], alone.loss.part[0] / 4, 1e-12);
    assert_near(in_batch.loss.part[1], alone.loss.part[1] / 4, 1e-12);
    assert_near(in_batch.head_grad_norm, alone.head_grad_norm / 4, 1e-6);
}

static double loss_with(int at, double change)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    const struct fa_case given = case_of_head();
    const float before = cls[at];
    struct fa_replay_result result;

    cls[at] = (float)(before + change);
    assert_ok(fa_replay(&config, NULL, &given, out_path(), &result));
    cls[at] = before;
    return result.loss.part[0] + result.loss.part[1];
}

static void the_gradient_of_the_head_is_that_of_the_losses_sum(void **state)
{
    const double step = 1.0 / 64;
    const int at = 5 * CLASSES + 1;
    const double slope = (loss_with(at, step) - loss_with(at, -step)) / (2 * step);
    float *grad;

    (void)state;
    loss_with(at, 0);
    grad = read_out("grad_head/cls", ANCHORS * CLASSES);
    assert_near(slope, grad[at], 1e-3 * fabs((double)grad[at]));
    fa_free(grad);
}

static void detections_are_rows_of_label_score_and_box_in_the_original_frame(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    struct fa_case given = case_of_head();
    struct fa_replay_result result;
    float *rows;

    (void)state;
    for (int k = 0; k < 4; k++)
        given.frame.scale_factor[k] = 0.5f;
    assert_ok(fa_replay(&config, NULL, &given, out_path(), &result));
    assert_int_equal(result.n_detections, 100);
    rows = read_out("detections", 600);
    for (int i = 0; i < 100; i++) {
        const float *row = rows + 6 * i;

        assert_true(row[0] == 0 || row[0] == 1 || row[0] == 2);
        assert_true(row[1] > 0.05f && row[1] < 1 && (i == 0 || row[1] <= row[-5]));
        assert_true(row[2] >= 0 && row[4] <= 2 * SIDE && row[4] >= row[2]);
    }
    fa_free(rows);
}

/* ---- with a network ---- */

static void a_network_gives_what_its_head_alone_gives_and_the_gradient_by_its_parameters(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    const struct fa_case given = case_of_image();
    struct fa_case head = case_of_head();
    struct fa_replay_result whole, alone;
    struct fa_params *params = fa_model_params(model);
    const struct fa_param *param = fa_params_find(params, "bbox_head.retina_cls.bias");
    fa_real *grad;

    (void)state;
    fa_flat_clear(params->grad);
    flat_set(params->grad, 0, 1000); /* of an earlier image; must not be added to */
    assert_ok(fa_replay(&config, model, &given, out_path(), &whole));
    assert_true(whole.is_finite && whole.grad_norm > 0 && whole.grad_norm < 500);
    grad = flat_copy(params->grad, param->offset, param->n_elem);
    assert_out_has("grad/bbox_head.retina_cls.bias", grad, (int64_t)param->n_elem);
    fa_free(grad);
    head.cls = read_out("head/cls", ANCHORS * CLASSES);
    head.reg = read_out("head/reg", ANCHORS * 4);
    assert_ok(fa_replay(&config, NULL, &head, out_path(), &alone));
    assert_memory_equal(alone.loss.part, whole.loss.part, sizeof whole.loss.part);
    assert_near(alone.head_grad_norm, whole.head_grad_norm, 0);
    assert_near(alone.grad_norm, 0, 0);
    assert_int_equal(alone.n_detections, whole.n_detections);
    fa_free((float *)(uintptr_t)head.cls);
    fa_free((float *)(uintptr_t)head.reg);
}

static void a_frozen_parameter_has_no_gradient_in_the_file(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    const struct fa_case given = case_of_image();
    struct fa_replay_result result;
    struct fa_h5_info info;
    struct fa_h5 *file;

    (void)state;
    assert_ok(fa_replay(&config, model, &given, out_path(), &result));
    assert_ok(fa_h5_open(out_path(), &file));
    assert_ok(fa_h5_inspect(file, "grad/neck.lateral_convs.0.conv.weight", &info));
    assert_int_equal(info.n_dims, 4);
    assert_fails(fa_h5_inspect(file, "grad/backbone.conv1.weight", &info), FA_EFORMAT);
    assert_ok(fa_h5_close(file));
}

/* ---- when things are broken ---- */

static void a_loss_that_is_no_number_is_written_like_any_other(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    const struct fa_case given = case_of_head();
    struct fa_replay_result result;
    float *grad;

    (void)state;
    cls[7] = NAN;
    assert_ok(fa_replay(&config, NULL, &given, out_path(), &result));
    assert_false(result.is_finite);
    assert_true(isnan(read_number("loss/negative")));
    grad = read_out("grad_head/cls", ANCHORS * CLASSES);
    assert_true(isnan(grad[7]));
    fa_free(grad);
}

static void a_file_that_cannot_be_written_fails_and_leaves_none(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FREEANCHOR);
    const struct fa_case given = case_of_head();
    const char *path = fa_test_path(directory, "nowhere/out.h5");
    struct fa_replay_result result;

    (void)state;
    assert_fails_saying(fa_replay(&config, NULL, &given, path, &result), FA_EIO, "nowhere/out.h5");
    assert_false(fa_file_exists(path));
}

static void memory_that_runs_out_anywhere_leaves_nothing_behind(void **state)
{
    const struct fa_replay_config config = make_config(FA_LOSS_FOCAL);
    const struct fa_case given = case_of_head();
    const long balance = fa_memory_balance();
    struct fa_replay_result result;
    fa_status status = FA_ENOMEM;

    (void)state;
    for (long n = 1; status != FA_OK; n++) {
        fa_memory_fail_after(n);
        status = fa_replay(&config, NULL, &given, out_path(), &result);
        fa_memory_fail_after(0);
        assert_false(fa_file_exists(fa_test_path(directory, "out.h5" FA_TEMPORARY_SUFFIX)));
        assert_int_equal(fa_memory_balance(), balance);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_losses_are_written_under_their_names, fill_head),
        cmocka_unit_test_setup(without_a_normalizer_the_image_is_a_batch_of_its_own, fill_head),
        cmocka_unit_test_setup(the_gradient_of_the_head_is_that_of_the_losses_sum, fill_head),
        cmocka_unit_test_setup(detections_are_rows_of_label_score_and_box_in_the_original_frame, fill_head),
        cmocka_unit_test_setup(a_network_gives_what_its_head_alone_gives_and_the_gradient_by_its_parameters,
                               fill_head),
        cmocka_unit_test_setup(a_frozen_parameter_has_no_gradient_in_the_file, fill_head),
        cmocka_unit_test_setup(a_loss_that_is_no_number_is_written_like_any_other, fill_head),
        cmocka_unit_test_setup(a_file_that_cannot_be_written_fails_and_leaves_none, fill_head),
        cmocka_unit_test_setup(memory_that_runs_out_anywhere_leaves_nothing_behind, fill_head),
    };
    int failed = cmocka_run_group_tests(tests, open_model, close_model);

    return failed == 0 && fa_memory_balance() != 0 ? 1 : failed;
}
