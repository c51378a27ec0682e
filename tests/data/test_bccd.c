/*
 * A real dataset with real mistakes: BCCD, 364 blood smears, two of whose boxes are empty.
 */
#include <stdio.h>
#include <string.h>

#include "fa/loader.h"
#include "fa/log.h"
#include "fixture.h"
#include "support.h"

#define N_IMAGES      292 /* of the training and validation part */
#define N_ANNOTATIONS 3943

static const char *const bad[] = {
    "BloodImage_00338.jpg: annotation 3153: box [504 337 0 0] is empty",
    "BloodImage_00343.jpg: annotation 3197: box [181 329 0 0] is empty",
};
#define N_BAD (sizeof bad / sizeof bad[0])

static struct fa_annotation_source source;
static struct fa_pack_config config;

static int choose_folders(void **state)
{
    static char images[1024], annotations[1024], out[512];

    (void)state;
    snprintf(images, sizeof images, "%s/images", fa_test_shared("data/bccd"));
    snprintf(annotations, sizeof annotations, "%s/annotations/instances_trainval.json",
             fa_test_shared("data/bccd"));
    snprintf(out, sizeof out, "%s/out", fa_test_directory());
    source = (struct fa_annotation_source){.path = annotations, .image_directory = images};
    config = (struct fa_pack_config){
        .sources = &source,
        .n_sources = 1,
        .out_directory = out,
        .shard_bytes = 2 << 20,
        .n_threads = 2,
    };
    return 0;
}

static void packing_reports_every_bad_box_and_fails(void **state)
{
    struct fa_pack_report report;
    char list[1024];

    (void)state;
    snprintf(list, sizeof list, "%s.rejected.txt", config.out_directory);
    config.fix = FA_PACK_ERROR;
    assert_fails_saying(fa_pack(&config, &report), FA_EFORMAT, "2 items cannot be used");
    fa_test_message(bad[0], __FILE__, __LINE__);
    fa_test_message("--fix drop", __FILE__, __LINE__);
    fa_test_message("--fix clip", __FILE__, __LINE__);
    for (size_t k = 0; k < N_BAD; k++)
        assert_true(fixture_contains(list, bad[k]));
}

static void drop_and_clip_pack_everything_else(void **state)
{
    (void)state;
    for (config.fix = FA_PACK_DROP; config.fix <= FA_PACK_CLIP; config.fix++) {
        struct fa_pack_report report;
        struct fa_dataset *dataset = NULL;

        assert_ok(fa_pack(&config, &report));
        assert_int_equal(report.n_images, N_IMAGES);
        assert_int_equal(report.n_annotations, N_ANNOTATIONS - N_BAD);
        assert_int_equal(report.n_dropped_boxes, N_BAD);
        assert_int_equal(report.n_dropped_images + report.n_clipped_boxes, 0);
        assert_true(report.n_shards > 1);
        assert_ok(fa_dataset_open(config.out_directory, &dataset));
        assert_int_equal(dataset->n_records, N_IMAGES);
        assert_int_equal(dataset->n_categories, 3);
        assert_string_equal(dataset->categories[2].name, "WBC");
        fa_dataset_close(dataset);
    }
}

static void its_first_samples_load(void **state)
{
    const struct fa_loader_config c = {
        .transform = {.scale = {1333, 800}, .flip_probability = 0.5, .normalize = fa_normalize_default},
        .batch = 4,
        .end = 4,
        .n_threads = 2,
        .n_ahead = 2,
    };
    struct fa_dataset *dataset = NULL;
    struct fa_sampler *sampler = NULL;
    struct fa_loader *loader = NULL;

    (void)state;
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    assert_ok(fa_sampler_create(dataset, &(struct fa_sampler_config){.seed = 1, .batch = 4, .keep_empty = 0},
                                &sampler));
    assert_int_equal(fa_sampler_records(sampler), N_IMAGES);
    assert_ok(fa_loader_open(&c, dataset, sampler, &loader));
    for (int k = 0; k < 8; k++) {
        const struct fa_sample *sample = NULL;

        assert_ok(fa_loader_next(loader, &sample));
        assert_int_equal(sample->frame.w, 1067); /* all are 640x480 */
        assert_int_equal(sample->frame.h, 800);
        assert_true(sample->objects.n > 0);
        fa_loader_give_back(loader, sample);
    }
    fa_loader_close(loader);
    fa_sampler_destroy(sampler);
    fa_dataset_close(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packing_reports_every_bad_box_and_fails),
        cmocka_unit_test(drop_and_clip_pack_everything_else),
        cmocka_unit_test(its_first_samples_load),
    };

    if (fa_test_shared("data/bccd") == NULL)
        fa_test_skip("BCCD", "the BCCD images are not there");
    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, choose_folders, fa_test_memory_balances);
}
