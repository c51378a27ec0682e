/* Configurations: inheritance, assignments, the option table. */
#include "support.h"

#include <float.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fa/memory.h"
#include "fa/number.h"
#include "recipe/config_file.h"
#include "recipe/option.h"
#include "recipe/recipe.h"
#include "recipe/settings.h"

static const char *folder;

static const char *put(const char *name, const char *text)
{
    const char *path = fa_test_path(folder, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
    return path;
}

static fa_status read_given(const char *path, const char *const *assignments, size_t n,
                            struct fa_settings *settings)
{
    return fa_settings_read_over(NULL, path, assignments, n, settings);
}

static fa_status read_with(const char *path, const char *assignment, struct fa_settings *settings)
{
    return read_given(path, &assignment, assignment != NULL, settings);
}

static void defaults_are_the_1x_recipe(void **state)
{
    struct fa_settings settings;

    (void)state;
    assert_ok(read_with(NULL, NULL, &settings));
    assert_int_equal(settings.model.depth, 50);
    assert_int_equal(settings.model.frozen_stages, 1);
    assert_int_equal(settings.train.batch, 16);
    assert_near(settings.train.schedule.lr, 0.01, 0);
    assert_int_equal(settings.train.schedule.n_drops, FA_SCHEDULE_FOLLOWS);
    fa_schedule_fit(&settings.train.schedule, settings.train.epochs, 7330, 16);
    assert_int_equal(settings.train.schedule.warmup_steps, 500);
    assert_int_equal(settings.train.schedule.n_drops, 2);
    assert_int_equal(settings.train.schedule.drop_epoch[0], 8);
    assert_int_equal(settings.train.schedule.drop_epoch[1], 11);
    assert_int_equal(settings.train.transform.scale[0], 1333);
    assert_near(settings.train.transform.flip_probability, 0.5, 0);
    assert_near(settings.train.eval.transform.flip_probability, 0, 0);
    assert_int_equal(settings.train.eval.max_detections[2], 100);
    assert_near(settings.train.eval.transform.normalize.mean[0], 123.675f, 0);
    fa_settings_clear(&settings);
}

static void assert_same_loss(const struct fa_loss_config *got, const struct fa_loss_config *want)
{
    assert_int_equal(got->kind, want->kind);
    assert_near(got->freeanchor.alpha, want->freeanchor.alpha, 0);
    assert_near(got->freeanchor.gamma, want->freeanchor.gamma, 0);
    assert_int_equal(got->freeanchor.bag_size, want->freeanchor.bag_size);
    assert_near(got->freeanchor.box_threshold, want->freeanchor.box_threshold, 0);
    assert_near(got->freeanchor.smooth_l1_beta, want->freeanchor.smooth_l1_beta, 0);
    assert_near(got->freeanchor.smooth_l1_weight, want->freeanchor.smooth_l1_weight, 0);
    assert_near(got->focal.alpha, want->focal.alpha, 0);
    assert_near(got->focal.gamma, want->focal.gamma, 0);
    assert_near(got->focal.positive_iou, want->focal.positive_iou, 0);
    assert_near(got->focal.negative_iou, want->focal.negative_iou, 0);
    assert_near(got->focal.min_positive_iou, want->focal.min_positive_iou, 0);
    assert_memory_equal(&got->coder, &want->coder, sizeof got->coder);
}

static void defaults_are_those_of_the_modules(void **state)
{
    const struct fa_detect_config *want = &fa_detect_config_default, *got;
    struct fa_settings settings;

    (void)state;
    assert_ok(read_with(NULL, NULL, &settings));
    assert_same_loss(&settings.train.loss, &fa_loss_default);
    got = &settings.train.eval.detect;
    assert_near(got->score_threshold, want->score_threshold, 0);
    assert_int_equal(got->pre_nms, want->pre_nms);
    assert_near(got->nms_iou, want->nms_iou, 0);
    assert_int_equal(got->max_per_image, want->max_per_image);
    assert_memory_equal(&got->coder, &want->coder, sizeof got->coder);
    assert_memory_equal(settings.train.transform.normalize.mean, fa_normalize_default.mean,
                        3 * sizeof(float));
    assert_memory_equal(settings.train.transform.normalize.std, fa_normalize_default.std, 3 * sizeof(float));
    assert_int_equal(settings.train.transform.normalize.to_rgb, fa_normalize_default.to_rgb);
    fa_settings_clear(&settings);
}

static void retinanet_has_its_loss_and_one_coder_to_train_and_detect(void **state)
{
    struct fa_settings settings;

    (void)state;
    assert_ok(read_with(fa_test_source("configs/retinanet_r50_fpn_1x_coco.json"), NULL, &settings));
    assert_int_equal(settings.train.loss.kind, FA_LOSS_FOCAL);
    assert_near(settings.train.clip_norm, 0, 0);
    assert_near(settings.train.schedule.lr, 0.01, 0);
    for (int k = 0; k < 4; k++) {
        assert_near(settings.train.loss.coder.std[k], 1, 0);
        assert_near(settings.train.eval.detect.coder.std[k], 1, 0);
    }
    fa_settings_clear(&settings);
}

static void later_wins_over_base_and_objects_merge(void **state)
{
    struct fa_settings settings;
    const char *path;

    (void)state;
    put("a.json", "{\"train\": {\"batch\": 2, \"lr\": 0.5}, \"data\": {\"scale\": [64, 32]}}");
    put("b.json", "{\"train\": {\"batch\": 3}}");
    path = put("c.json", "{\"base\": [\"a.json\", \"b.json\"], \"train\": {\"epochs\": 7}}");
    assert_ok(read_with(path, "train.momentum=0.5", &settings));
    assert_int_equal(settings.train.batch, 3);
    assert_near(settings.train.schedule.lr, 0.5, 0);
    assert_int_equal(settings.train.epochs, 7);
    assert_near(settings.train.momentum, 0.5, 0);
    assert_int_equal(settings.train.transform.scale[1], 32);
    fa_settings_clear(&settings);
}

static void every_committed_recipe_is_valid(void **state)
{
    static const char *const names[] = {
        "configs/freeanchor_r50_fpn_1x_coco.json",        "configs/freeanchor_r101_fpn_1x_coco.json",
        "configs/freeanchor_x101-32x4d_fpn_1x_coco.json", "configs/freeanchor_r18_fpn_bccd.json",
        "configs/freeanchor_r18_fpn_synth.json",          "configs/retinanet_r18_fpn_1x_coco.json",
        "configs/retinanet_r50_fpn_1x_coco.json",         "configs/retinanet_r101_fpn_1x_coco.json",
        "configs/retinanet_x101-32x4d_fpn_1x_coco.json",  "configs/retinanet_x101-64x4d_fpn_1x_coco.json"};
    struct fa_settings settings;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_ok(read_with(fa_test_source(names[i]), NULL, &settings));
        fa_settings_clear(&settings);
    }
}

static void the_resolved_tree_reads_back_equal(void **state)
{
    struct fa_settings settings, again;
    char *first, *second;
    const char *path;

    (void)state;
    assert_ok(read_with(NULL, "data.train=my shards", &settings));
    assert_ok(fa_json_print(settings.resolved, true, &first));
    path = put("resolved.json", first);
    assert_ok(read_with(path, NULL, &again));
    assert_ok(fa_json_print(again.resolved, true, &second));
    assert_string_equal(first, second);
    assert_string_equal(again.train_data.path[0], "my shards");
    fa_free(first);
    fa_free(second);
    fa_settings_clear(&settings);
    fa_settings_clear(&again);
}

static void a_text_may_look_like_anything(void **state)
{
    static const char *const texts[] = {"2017", "true", "[1]", "null", ""};
    struct fa_settings settings;
    char assignment[64];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        snprintf(assignment, sizeof assignment, "data.val=%s", texts[i]);
        assert_ok(read_with(NULL, assignment, &settings));
        assert_string_equal(settings.val_data, texts[i]);
        fa_settings_clear(&settings);
    }
    assert_ok(read_with(NULL, "data.val=\"quoted\"", &settings));
    assert_string_equal(settings.val_data, "quoted");
    fa_settings_clear(&settings);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *assignment, *text;
    } cases[] = {
        {"train.bach=4", "train.batch"},
        {"train=4", "unknown key train"},
        {"train={}", "unknown key train"},
        {"train.batch=0", "train.batch: expected a whole number from 1"},
        {"train.batch=1.5", "whole number from 1 to 65536, not 1.5"},
        {"train.batch=4294967297", "train.batch: expected a whole number"},
        {"train.seed=9007199254740993", "train.seed: expected a whole number from 0 to 9007199254740991"},
        {"train.max_steps=99999999999999999999", "train.max_steps: expected"},
        {"train.lr=fast", "train.lr: expected a number"},
        {"train.lr=1e999", "train.lr"},
        {"train.lr_steps=[11,8]", "rising"},
        {"train.lr_steps=[1,2,3,4,5,6,7,8,9]", "at most 8"},
        {"data.scale=[1]", "2 whole numbers"},
        {"data.scale=[100.5,200]", "whole numbers"},
        {"data.to_rgb=1", "true or false"},
        {"model.init=magic", "\"calibrate\""},
        {"model.backbone.depth=42", "model.backbone.depth: expected 18 or 34 or 50 or 101, not 42"},
        {"model.backbone.depth=152", "expected 18 or 34 or 50 or 101, not 152"},
        {"data.scale=640,480", "such as [640,480], not \"640,480\""},
        {"data.scale=640,x", "such as [1333, 800], not \"640,x\""},
        {"data.scale=[]", "or a list of at most 32 such lists"},
        {"data.scale=[[640,480],[1]]", "2 whole numbers"},
        {"data.scale=[[640,480],[640,480,1]]", "2 whole numbers"},
        {"data.scale=[[640,480],640]", "2 whole numbers"},
        {"data.scale=\"auto\"", "2 whole numbers"},
        {"data.scale_mode=range", "data.scale_mode \"range\" needs two pairs in data.scale"},
        {"eval.scale=[]", "\"auto\" or a list of 2 whole numbers"},
        {"data.scale=640,480,1", "such as [1333, 800], not \"640,480,1\""},
        {"loss.type=huber", "\"focal\""},
        {"loss.negative_iou=0.6", "loss.positive_iou"},
        {"model.coder_std=[1,1,0,1]", "model.coder_std"},
        {"train.schedule=linear", "\"step\" or \"cosine\" or \"poly\""},
        {"train.poly_power=0", "train.poly_power"},
        {"train.ema_decay=1", "train.ema_decay"},
        {"data.random_scale=[1.3,0.7]", "the smaller factor comes first"},
        {"data.random_scale=[0,1]", "data.random_scale: expected a list of 2 numbers from 0.1"},
        {"data.random_scale=[2,3]", "data.min_visible, 0.3"},
        {"data.expand=[2,1]", "data.expand: 2 is above 1"},
        {"data.expand=[0.5,1]", "from 1 to 10"},
        {"data.min_iou_crop=0.5",
         "data.min_iou_crop: expected a list of at most 16 numbers from 0 to 1, not"},
        {"data.min_iou_crop=[0.1,1.5]", "from 0 to 1"},
        {"data.min_iou_crop=[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "at most 16"},
        {"data.min_crop=0", "data.min_crop: expected"},
        {"data.train=[1,2]", "data.train: expected a path or a list of at most 16"},
        {"data.train=[\"a\",\"\"]", "data.train: expected a path"},
        {"data.train_weights=3", "data.train_weights: expected a list of at most 16 numbers"},
        {"data.train_weights=[0]", "from 0.01 to 1000"},
        {"data.contrast=[0,1]", "data.contrast"},
        {"data.contrast=[1.5,0.5]", "data.contrast: 1.5 is above 0.5"},
        {"data.saturation=[2,1]", "data.saturation"},
        {"data.hue=181", "data.hue"},
        {"data.vertical_flip=2", "data.vertical_flip"},
        {"nonsense", "key=value"}};
    struct fa_settings settings;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails_saying(read_with(NULL, cases[i].assignment, &settings), FA_EINVAL, cases[i].text);
}

static void a_rate_that_would_rise_is_refused(void **state)
{
    static const char *const given[] = {"train.lr=0.01", "train.lr_min=0.02", "train.schedule=poly"};
    struct fa_settings settings;

    (void)state;
    assert_fails_saying(read_given(NULL, given, 3, &settings), FA_EINVAL, "0.02 is above train.lr, 0.01");
}

static void a_warm_up_is_given_in_one_unit(void **state)
{
    static const char *const two[] = {"train.warmup_steps=100", "train.warmup_epochs=0.5"},
                             *const others[] = {"train.warmup_epochs=1", "train.warmup_samples=16"},
                             *const one[] = {"train.warmup_epochs=0.5"};
    struct fa_settings settings;

    (void)state;
    assert_fails_saying(read_given(NULL, two, 2, &settings), FA_EINVAL, "give one of them");
    assert_fails_saying(read_given(NULL, others, 2, &settings), FA_EINVAL, "give one of them");
    assert_ok(read_given(NULL, one, 1, &settings));
    fa_schedule_fit(&settings.train.schedule, settings.train.epochs, 7330, 16);
    assert_int_equal(settings.train.schedule.warmup_steps, 3665);
    fa_settings_clear(&settings);
}

static void a_list_of_scales_is_for_training_and_its_largest_pair_for_the_rest(void **state)
{
    static const char *const several[] = {"data.scale=[[1333,640],[1333,960],[1000,960],[1333,800]]"};
    static const char *const own[] = {"data.scale=[[1333,480],[1333,960]]", "data.scale_mode=range",
                                      "eval.scale=[1333,800]"};
    static const char *const views[] = {"eval.scale=[[1067,640],[800,480]]", "eval.flip=true"};
    static const char *const falling[] = {"data.scale=[[1333,960],[1333,480]]", "data.scale_mode=range"};
    struct fa_settings settings;

    (void)state;
    assert_ok(read_given(NULL, several, 1, &settings));
    assert_int_equal(settings.train.transform.scales.n, 4);
    assert_int_equal(settings.train.transform.scales.pair[2][0], 1000);
    assert_false(settings.train.transform.scales.range);
    assert_int_equal(settings.train.transform.scale[0], 1333);
    assert_int_equal(settings.train.transform.scale[1], 960);
    assert_int_equal(settings.train.eval.transform.scale[1], 960);
    assert_int_equal(settings.train.eval.transform.scales.n, 0);
    fa_settings_clear(&settings);
    assert_ok(read_given(NULL, own, 3, &settings));
    assert_true(settings.train.transform.scales.range);
    assert_int_equal(settings.train.transform.scale[1], 960);
    assert_int_equal(settings.train.eval.transform.scale[1], 800);
    fa_settings_clear(&settings);
    assert_ok(read_given(NULL, views, 2, &settings));
    assert_int_equal(fa_transform_views(&settings.train.eval.transform), 4);
    assert_int_equal(fa_transform_views(&settings.train.transform), 1);
    assert_int_equal(settings.train.eval.transform.scale[1], 640);
    fa_settings_clear(&settings);
    assert_fails_saying(read_given(NULL, falling, 2, &settings), FA_EINVAL, "the smaller first");
}

static void assert_image(const char *assignment, int want_h, int want_w)
{
    struct fa_settings settings;
    int h, w;

    assert_ok(read_with(NULL, assignment, &settings));
    fa_settings_image(&settings, &h, &w);
    assert_int_equal(h, want_h);
    assert_int_equal(w, want_w);
    fa_settings_clear(&settings);
}

/* Not one of the longest side of one pair and the longest of another. */
static void the_largest_image_lies_and_is_of_one_pair(void **state)
{
    (void)state;
    assert_image(NULL, 800, 1344);
    assert_image("data.scale=[800,1333]", 800, 1344);
    assert_image("data.scale=[[1333,400],[800,700]]", 704, 800);
    assert_image("data.scale=[[1333,640],[800,1333]]", 800, 1344);
}

static void scales_that_leave_nothing_to_see_are_refused(void **state)
{
    static const char *const given[] = {"data.scale=[64,32]", "data.random_scale=[0.5,1]",
                                        "data.expand=[1,2]"};
    struct fa_settings settings;

    (void)state;
    assert_fails_saying(read_given(NULL, given, 3, &settings), FA_EINVAL, "32 pixels to 8");
    assert_ok(read_given(NULL, given, 2, &settings));
    fa_settings_clear(&settings);
}

static void training_data_are_a_path_or_a_list(void **state)
{
    static const char *const given[] = {"data.train=[\"/a b\", \"c\"]", "data.train_weights=[1, 2.5]"};
    struct fa_settings settings;

    (void)state;
    assert_ok(read_given(NULL, given, 2, &settings));
    assert_int_equal(settings.train_data.n, 2);
    assert_string_equal(settings.train_data.path[0], "/a b");
    assert_string_equal(settings.train_data.path[1], "c");
    assert_int_equal(settings.train.data_weights.n, 2);
    assert_near(settings.train.data_weights.weight[1], 2.5, 0);
    fa_settings_clear(&settings);
    assert_ok(read_with(NULL, "data.train=", &settings));
    assert_int_equal(settings.train_data.n, 0);
    fa_settings_clear(&settings);
}

static void augmentation_is_off_unless_asked_for_and_always_in_evaluation(void **state)
{
    static const char *const given[] = {"data.vertical_flip=0.5", "data.random_scale=[0.7,1.3]"};
    const struct fa_augment *got;
    struct fa_settings settings;
    struct fa_image_plan plan, still;

    (void)state;
    assert_ok(read_with(NULL, NULL, &settings));
    settings.train.transform.flip_probability = 0;
    for (size_t position = 0; position < 50; position++) {
        fa_image_plan_draw(&settings.train.transform, 640, 480, NULL, 0, 0, position, &plan);
        fa_image_plan_still(&settings.train.transform, 640, 480, &still);
        still.colors.contrast_last = plan.colors.contrast_last;
        assert_memory_equal(&plan.colors, &still.colors, sizeof plan.colors);
        assert_int_equal(plan.canvas_w, still.canvas_w);
        assert_int_equal(plan.resized_w, still.resized_w);
        assert_false(plan.flip.vertical);
    }
    fa_settings_clear(&settings);
    assert_ok(read_given(NULL, given, 2, &settings));
    assert_near(settings.train.transform.augment.random_scale[1], 1.3f, 0);
    got = &settings.train.eval.transform.augment;
    assert_near(got->vertical_flip, 0, 0);
    assert_near(got->random_scale[1], 0, 0);
    fa_settings_clear(&settings);
}

static void a_file_may_not_inherit_from_itself(void **state)
{
    struct fa_settings settings;
    const char *path;

    (void)state;
    put("x.json", "{\"base\": [\"y.json\"]}");
    path = put("y.json", "{\"base\": [\"x.json\"]}");
    assert_fails_saying(read_with(path, NULL, &settings), FA_EINVAL, "themselves");
}

static void no_key_of_a_file_is_passed_over(void **state)
{
    static const struct {
        const char *file, *text;
    } cases[] = {
        {"{\"train.epochs\": 99}", "unknown key \"train.epochs\""},
        {"{\"base\": [\"group.json\"], \"train\": {\"base\": 17}}", "unknown key train.base"},
        {"{\"train\": {\"base\": []}}", "unknown key train.base"},
        {"{\"train\": {\"backbone.depth\": 50}}", "unknown key \"backbone.depth\""},
        {"{\"trian\": {}}", "unknown key trian"},
        {"{\"model\": {\"backbon\": {}}}", "unknown key model.backbon;"},
        {"{\"\": {}}", "unknown key"},
        {"{\"train\": {\"\": 1}}", "unknown key train."},
        {"{\"train\": 17}", "train: expected an object"},
        {"{\"model\": {\"backbone\": [50]}}", "model.backbone: expected an object"},
        {"{\"train\": {\"batch\": {}}}", "train.batch: expected a whole number from 1 to 65536, not {}"},
        {"{\"base\": \"a.json\"}", "must be a list of files"}};
    struct fa_settings settings;
    const char *path;

    (void)state;
    put("group.json", "{\"train\": {\"batch\": 4}}");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        path = put("odd.json", cases[i].file);
        assert_fails_saying(read_with(path, NULL, &settings), FA_EINVAL, cases[i].text);
    }
    assert_ok(read_with(put("odd.json", "{\"train\": {}, \"base\": [], \"model\": {\"backbone\": {}}}"), NULL,
                        &settings));
    fa_settings_clear(&settings);
    put("odd.json", "{\"train.epochs\": 99}");
    path = put("over.json", "{\"base\": [\"odd.json\"], \"train\": {\"epochs\": 1}}");
    assert_fails_saying(read_with(path, NULL, &settings), FA_EINVAL, "odd.json: unknown key");
}

static const char *put_keys(const char *begin, const char *format, size_t n, const char *end)
{
    const char *path = fa_test_path(folder, "many.json");
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(begin, file);
    for (size_t i = 0; i < n; i++)
        fprintf(file, format, i);
    fputs(end, file);
    fclose(file);
    return path;
}

static void many_keys_and_files_take_no_time(void **state)
{
    const clock_t start = clock();
    struct fa_settings settings;
    char name[2][16], text[64];

    (void)state;
    assert_fails_saying(read_with(put_keys("{", "\"k%zu\": {},", 60000, "\"z\": {}}"), NULL, &settings),
                        FA_EINVAL, "unknown key k0");
    assert_fails_saying(
        read_with(put_keys("{\"train\": {", "\"k%zu\": 1,", 60000, "\"z\": 1}}"), NULL, &settings), FA_EINVAL,
        "unknown key train.k0");
    assert_fails_saying(
        read_with(put_keys("{\"train\": {\"lr_steps\": [", "%zu,", 60000, "9]}}"), NULL, &settings),
        FA_EINVAL, "at most 8");
    put("link0.json", "{}");
    for (int i = 1; i < 15; i++) {
        snprintf(name[0], sizeof name[0], "link%d.json", i);
        snprintf(name[1], sizeof name[1], "link%d.json", i - 1);
        snprintf(text, sizeof text, "{\"base\": [\"%s\", \"%s\"]}", name[1], name[1]);
        put(name[0], text);
    }
    assert_fails_saying(read_with(fa_test_path(folder, "link14.json"), NULL, &settings), FA_EINVAL,
                        "more than 256 configurations");
    assert_true(clock() - start < 5 * CLOCKS_PER_SEC); /* of this process alone */
}

static void every_option_has_a_default_that_it_accepts_and_a_sentence(void **state)
{
    struct fa_settings settings = {0};
    struct fa_json *value;

    (void)state;
    for (const struct fa_option *option = fa_options; option->key != NULL; option++) {
        assert_ok(fa_json_parse(option->key, option->fallback, strlen(option->fallback), &value));
        assert_ok(fa_option_store(option, value, &settings));
        fa_json_free(value);
        assert_true(option->sentence[strlen(option->sentence) - 1] == '.');
    }
}

static double largest_of(enum fa_option_type type)
{
    switch (type) {
    case FA_OPTION_INT:
    case FA_OPTION_INTS:
        return INT_MAX;
    case FA_OPTION_INT64:
    case FA_OPTION_SIZE:
    case FA_OPTION_SEED:
    case FA_OPTION_EPOCHS:
        return FA_LARGEST_EXACT; /* of JSON */
    case FA_OPTION_FLOATS:
    case FA_OPTION_NUMBERS:
        return FLT_MAX;
    default:
        return DBL_MAX;
    }
}

static void no_option_has_a_range_that_its_type_cannot_hold(void **state)
{
    (void)state;
    for (const struct fa_option *option = fa_options; option->key != NULL; option++) {
        assert_true(option->min <= option->max && option->max <= largest_of(option->type));
        if (option->type == FA_OPTION_SIZE || option->type == FA_OPTION_SEED)
            assert_true(option->min >= 0);
    }
}

static void memory_that_runs_out_is_a_failure_and_leaves_nothing(void **state)
{
    struct fa_settings settings;

    (void)state;
    for (long n = 1; n < 40; n += 3) {
        fa_memory_fail_after(n);
        if (read_with(NULL, "train.batch=4", &settings) == FA_OK)
            fa_settings_clear(&settings);
        fa_memory_fail_after(0);
        assert_int_equal(fa_memory_balance(), 0);
    }
}

/* ---- over the recipe of weights ---- */

static struct fa_json *recipe_of(const char *text)
{
    struct fa_json *recipe;

    assert_ok(fa_recipe_parse(text, &recipe));
    return recipe;
}

#define RECIPE                                                                                               \
    "{\"model\": {\"backbone\": {\"depth\": 18}}, "                                                          \
    "\"data\": {\"scale\": [224, 168], \"mean\": [1, 2, 3], \"std\": [4, 5, 6], \"train\": \"/secret\"}, "   \
    "\"eval\": {\"score_threshold\": 0.2, \"max_images\": 7}, \"train\": {\"epochs\": 3}, \"later\": "       \
    "{\"key\": 1}}"

static void weights_bring_what_shapes_pixels_network_and_detections(void **state)
{
    struct fa_json *recipe = recipe_of(RECIPE);
    struct fa_settings settings;

    (void)state;
    assert_ok(fa_settings_read_over(&(struct fa_settings_base){"W", recipe}, NULL, NULL, 0, &settings));
    assert_int_equal(settings.model.depth, 18);
    assert_int_equal(settings.train.transform.scale[0], 224);
    assert_int_equal(settings.train.eval.transform.scale[1], 168);
    assert_true(settings.train.eval.detect.score_threshold == 0.2);
    assert_int_equal(settings.train.eval.max_images, 0); /* these are of the run that made them */
    assert_int_equal(settings.train_data.n, 0);
    assert_int_equal(settings.train.epochs, 12);
    fa_settings_clear(&settings);
    fa_json_free(recipe);
}

static void a_file_that_contradicts_the_weights_is_refused_by_all_its_keys(void **state)
{
    static const char *const meant[] = {"data.scale=[320,240]", "model.backbone.depth=50"};
    const char *path =
        put("contradicts.json", "{\"model\": {\"backbone\": {\"depth\": 50}}, \"data\": "
                                "{\"scale\": [640, 480]}, \"eval\": {\"score_threshold\": 0.3}}");
    struct fa_json *recipe = recipe_of(RECIPE);
    struct fa_settings settings;

    (void)state;
    assert_fails_saying(fa_settings_agree(recipe, path, NULL, 0), FA_EINVAL,
                        "model.backbone.depth is 50 here, 18 in the weights, data.scale is [640,480] here, "
                        "[224,168] in the weights");
    assert_fails_saying(fa_settings_agree(recipe, path, meant, 1), FA_EINVAL,
                        "model.backbone.depth is 50 here");
    assert_ok(fa_settings_agree(recipe, path, meant, 2));
    assert_ok(fa_settings_read_over(&(struct fa_settings_base){"W", recipe}, path, meant, 2, &settings));
    assert_int_equal(settings.train.transform.scale[0], 320);
    assert_true(settings.train.eval.detect.score_threshold == 0.3);
    fa_settings_clear(&settings);
    fa_json_free(recipe);
}

static void a_file_that_is_silent_or_agrees_is_taken(void **state)
{
    const char *path = put("agrees.json", "{\"data\": {\"scale\": [224, 168]}, \"train\": {\"epochs\": 5}}");
    struct fa_json *recipe = recipe_of(RECIPE);
    struct fa_settings settings;

    (void)state;
    assert_ok(fa_settings_agree(recipe, path, NULL, 0));
    assert_ok(fa_settings_read_over(&(struct fa_settings_base){"W", recipe}, path, NULL, 0, &settings));
    assert_int_equal(settings.model.depth, 18);
    assert_int_equal(settings.train.epochs, 5);
    fa_settings_clear(&settings);
    fa_json_free(recipe);
}

/* The words before the key that a message begins with. */
static void assert_blames(const struct fa_json *recipe, const char *path, const char *assignment,
                          const char *begin)
{
    const struct fa_settings_base base = {"W", recipe};
    struct fa_settings settings;

    assert_int_equal(fa_settings_read_over(&base, path, &assignment, assignment != NULL, &settings),
                     FA_EINVAL);
    if (strncmp(fa_message(), begin, strlen(begin)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", fa_message(), begin);
}

static void what_is_wrong_is_blamed_on_who_gave_it(void **state)
{
    struct fa_json *recipe = recipe_of(RECIPE), *broken = recipe_of(RECIPE);
    const char *fine = put("fine.json", "{\"loss\": {\"positive_iou\": 0.45}}");
    const char *bad = put("bad.json", "{\"train\": {\"batch\": 0}}");
    char told[512];

    (void)state;
    assert_ok(fa_config_assign(broken, "data.scale", "[1]"));
    assert_blames(recipe, NULL, "lr=0.1", "--set lr=0.1: unknown key lr; did you mean train.lr?");
    assert_blames(recipe, NULL, "train.batch=0", "train.batch: expected");
    assert_blames(recipe, fine, "train.batch=0", "train.batch: expected");
    assert_blames(broken, NULL, NULL, "W: data.scale: expected");
    assert_blames(broken, fine, NULL, "W: data.scale: expected");
    snprintf(told, sizeof told, "%s: train.batch: expected", bad);
    assert_blames(recipe, bad, NULL, told);
    assert_blames(recipe, fine, "loss.negative_iou=0.5", "loss.negative_iou: 0.5 is above");
    fine = put("two.json", "{\"loss\": {\"positive_iou\": 0.3}}");
    snprintf(told, sizeof told, "%s: loss.negative_iou: 0.4 is above loss.positive_iou, 0.3", fine);
    assert_blames(recipe, fine, NULL, told);
    fa_json_free(broken);
    fa_json_free(recipe);
}

static void a_recipe_may_have_comments_and_errors_keep_their_lines(void **state)
{
    const char *path =
        put("commented.json", "# of the second run\n{\"train\": { // groups are objects\n"
                              "  \"lr\": 0.5, # \"lr\": 1\n"
                              "  \"batch\": 4 }, \"data\": {\"train\": \"http://a#b\"}\n}// end");
    struct fa_settings settings;

    (void)state;
    assert_ok(read_with(path, NULL, &settings));
    assert_near(settings.train.schedule.lr, 0.5, 0);
    assert_int_equal(settings.train.batch, 4);
    assert_string_equal(settings.train_data.path[0], "http://a#b");
    fa_settings_clear(&settings);
    path = put("commented.json", "// one\n# two\n{\"train\": {\"lr\" 0.5}}");
    assert_fails_saying(read_with(path, NULL, &settings), FA_EFORMAT, "line 3, column 17");
    path = put("commented.json", "{\"train\": {\"lr\": 0.5 / 2}}");
    assert_fails_saying(read_with(path, NULL, &settings), FA_EFORMAT, "not JSON");
    path = put("commented.json", "# nothing else\n");
    assert_fails_saying(read_with(path, NULL, &settings), FA_EFORMAT, "is empty");
}

static void a_name_that_is_neither_file_nor_recipe_is_told_as_both(void **state)
{
    struct fa_settings settings;

    (void)state;
    assert_fails_saying(read_with("freeanchor_r18_scratch", NULL, &settings), FA_EMISSING,
                        "freeanchor_r18_scratch: there is no such file here, and no recipe");
    assert_fails_saying(read_with("/nowhere/r18.json", NULL, &settings), FA_EMISSING, "cannot open");
}

static void a_recipe_that_is_none_is_refused(void **state)
{
    struct fa_json *recipe =
        recipe_of("{\"model\": {\"backbone\": {\"depth\": 18}}, "
                  "\"data\": {\"scale\": [1], \"mean\": [1, 2, 3], \"std\": [4, 5, 6]}}");
    struct fa_settings settings;

    (void)state;
    assert_fails_saying(
        fa_settings_read_over(&(struct fa_settings_base){"W", recipe}, NULL, NULL, 0, &settings), FA_EINVAL,
        "data.scale");
    fa_json_free(recipe);
    assert_fails_saying(fa_recipe_parse("{\"data\": {\"scale\": [224, 168]}}", &recipe), FA_EFORMAT,
                        "lacks model.backbone.depth");
    assert_fails_saying(fa_recipe_parse("[1]", &recipe), FA_EFORMAT, "not a JSON object");
    assert_fails_saying(fa_recipe_parse("{\"data\": ", &recipe), FA_EFORMAT, "recipe of the weights");
}

static void what_a_checkpoint_has_is_shortened_to_what_travels(void **state)
{
    struct fa_json *recipe;
    char *text;

    (void)state;
    assert_ok(fa_strdup(RECIPE, &text));
    assert_ok(fa_recipe_shorten(&text, &recipe));
    assert_null(fa_json_get(recipe, "train"));
    fa_json_free(recipe);
    assert_string_equal(text, "{\"model\":{\"backbone\":{\"depth\":18}},\"data\":{\"scale\":[224,168],"
                              "\"mean\":[1,2,3],\"std\":[4,5,6]},"
                              "\"eval\":{\"score_threshold\":0.2}}");
    fa_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_1x_recipe),
        cmocka_unit_test(defaults_are_those_of_the_modules),
        cmocka_unit_test(retinanet_has_its_loss_and_one_coder_to_train_and_detect),
        cmocka_unit_test(later_wins_over_base_and_objects_merge),
        cmocka_unit_test(every_committed_recipe_is_valid),
        cmocka_unit_test(a_name_that_is_neither_file_nor_recipe_is_told_as_both),
        cmocka_unit_test(the_resolved_tree_reads_back_equal),
        cmocka_unit_test(a_text_may_look_like_anything),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(a_rate_that_would_rise_is_refused),
        cmocka_unit_test(a_warm_up_is_given_in_one_unit),
        cmocka_unit_test(a_list_of_scales_is_for_training_and_its_largest_pair_for_the_rest),
        cmocka_unit_test(the_largest_image_lies_and_is_of_one_pair),
        cmocka_unit_test(scales_that_leave_nothing_to_see_are_refused),
        cmocka_unit_test(training_data_are_a_path_or_a_list),
        cmocka_unit_test(augmentation_is_off_unless_asked_for_and_always_in_evaluation),
        cmocka_unit_test(a_file_may_not_inherit_from_itself),
        cmocka_unit_test(no_key_of_a_file_is_passed_over),
        cmocka_unit_test(many_keys_and_files_take_no_time),
        cmocka_unit_test(every_option_has_a_default_that_it_accepts_and_a_sentence),
        cmocka_unit_test(no_option_has_a_range_that_its_type_cannot_hold),
        cmocka_unit_test(weights_bring_what_shapes_pixels_network_and_detections),
        cmocka_unit_test(a_file_that_contradicts_the_weights_is_refused_by_all_its_keys),
        cmocka_unit_test(a_file_that_is_silent_or_agrees_is_taken),
        cmocka_unit_test(what_is_wrong_is_blamed_on_who_gave_it),
        cmocka_unit_test(a_recipe_may_have_comments_and_errors_keep_their_lines),
        cmocka_unit_test(a_recipe_that_is_none_is_refused),
        cmocka_unit_test(what_a_checkpoint_has_is_shortened_to_what_travels),
        cmocka_unit_test(memory_that_runs_out_is_a_failure_and_leaves_nothing),
    };

    folder = fa_test_directory();
    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
