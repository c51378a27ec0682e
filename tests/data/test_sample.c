/*
 * One sample: sizes, boxes and pixels against hand arithmetic and the steps taken one by one.
 */
#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/image.h"
#include "fa/loader.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fixture.h"
#include "sample.h"
#include "support.h"

static const struct fa_transform transform = {
    .scale = {1333, 800},
    .flip_probability = 0.5,
    .normalize = {.mean = {123.675f, 116.28f, 103.53f}, .std = {58.395f, 57.12f, 57.375f}, .to_rgb = true},
};

static struct fa_dataset *dataset;

/* A 640x480 image; annotation 1 is the one that counts, 2 is partly outside by a rounding, the others are not
   objects. */
static int open_dataset(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_pack_config config = fixture_config(directory);
    struct fa_pack_report report;

    (void)state;
    assert_ok(fa_directory_make(config.image_directory));
    fixture_jpeg(fa_test_path(config.image_directory, "a.jpg"), 640, 480, 1, 1);
    fixture_write_text(
        config.coco_path,
        "{\"categories\": [{\"id\": 8, \"name\": \"x\"}, {\"id\": 4, \"name\": \"y\"}], \"images\": "
        "[{\"id\": 5, "
        "\"file_name\": \"a.jpg\", \"width\": 640, \"height\": 480}], \"annotations\": ["
        "{\"id\": 1, \"image_id\": 5, \"category_id\": 4, \"bbox\": [100, 50, 200, 100]},"
        "{\"id\": 2, \"image_id\": 5, \"category_id\": 8, \"bbox\": [0, 0, 640.0005, 480]},"
        "{\"id\": 3, \"image_id\": 5, \"category_id\": 8, \"bbox\": [10, 10, 50, 50], \"iscrowd\": 1},"
        "{\"id\": 4, \"image_id\": 5, \"category_id\": 8, \"bbox\": [10, 10, 50, 50], \"ignore\": 1},"
        "{\"id\": 5, \"image_id\": 5, \"category_id\": 8, \"bbox\": [10, 10, 0.99, 50]},"
        "{\"id\": 6, \"image_id\": 5, \"category_id\": 8, \"bbox\": [10, 10, 50, 0.99]},"
        "{\"id\": 7, \"image_id\": 5, \"category_id\": 8, \"bbox\": [10, 10, 50, 50], \"area\": 0}]}");
    assert_ok(fa_pack(&config, &report));
    assert_ok(fa_dataset_open(config.out_directory, &dataset));
    return 0;
}

static int close_dataset(void **state)
{
    (void)state;
    fa_dataset_close(dataset);
    return fa_memory_balance() == 0 ? 0 : -1;
}

/* 640x480 becomes 1067x800: factors 1067/640 = 1.6671875 and 800/480 = 1.6666666. */
static void sizes_and_factors_match_hand_arithmetic(void **state)
{
    struct fa_sample_buffer buffer = {.chw = NULL};
    const struct fa_sample *s = &buffer.sample;

    (void)state;
    assert_ok(fa_sample_prepare(dataset, 0, &transform, false, &buffer));
    assert_int_equal(s->original_w, 640);
    assert_int_equal(s->original_h, 480);
    assert_int_equal(s->image_w, 1067);
    assert_int_equal(s->image_h, 800);
    assert_int_equal(s->w, 1088);
    assert_int_equal(s->h, 800);
    assert_near(s->scale_factor[0], 1.6671875, 6e-8); /* float32 rounding */
    assert_near(s->scale_factor[1], 1.66666662693, 1e-11);
    assert_near(s->scale_factor[2], s->scale_factor[0], 0);
    assert_near(s->scale_factor[3], s->scale_factor[1], 0);
    assert_int_equal(s->image_id, 5);
    assert_false(s->flipped);
    fa_sample_buffer_free(&buffer);
}

static void assert_boxes(const struct fa_sample *s, const float *want, size_t n)
{
    assert_int_equal(s->objects.n, n);
    for (size_t k = 0; k < 4 * n; k++)
        assert_near(s->objects.boxes[k], want[k], 1e-4);
}

static void boxes_are_scaled_clipped_and_mirrored_and_only_objects_remain(void **state)
{
    /* 100, 50, 300, 150 times the factors; and mirrored, 1067 - x */
    static const float straight[8] = {166.71875f, 83.333333f, 500.15625f, 250, 0, 0, 1067, 800};
    static const float mirrored[8] = {566.84375f, 83.333333f, 900.28125f, 250, 0, 0, 1067, 800};
    struct fa_sample_buffer buffer = {.chw = NULL};

    (void)state;
    assert_ok(fa_sample_prepare(dataset, 0, &transform, false, &buffer));
    assert_boxes(&buffer.sample, straight, 2);
    assert_int_equal(buffer.sample.objects.labels[0], 1);
    assert_int_equal(buffer.sample.objects.labels[1], 0);
    assert_ok(fa_sample_prepare(dataset, 0, &transform, true, &buffer));
    assert_boxes(&buffer.sample, mirrored, 2);
    assert_true(buffer.sample.flipped);
    fa_sample_buffer_free(&buffer);
}

static void pixels_are_decoded_resized_mirrored_and_padded(void **state)
{
    struct fa_sample_buffer straight = {.chw = NULL}, mirrored = {.chw = NULL};
    struct fa_picture stored = {0}, resized = {0};
    uint8_t *jpeg = NULL;
    const size_t plane = (size_t)1088 * 800;

    (void)state;
    assert_ok(fa_alloc(dataset->records[0].n_bytes, 1, &jpeg));
    assert_ok(fa_dataset_fetch(dataset, 0, jpeg));
    assert_ok(fa_jpeg_decode("a.jpg", jpeg, dataset->records[0].n_bytes, 1, &stored));
    assert_ok(fa_picture_resize(&stored, 1067, 800, &resized));
    assert_ok(fa_sample_prepare(dataset, 0, &transform, false, &straight));
    assert_ok(fa_sample_prepare(dataset, 0, &transform, true, &mirrored));
    for (size_t y = 0; y < 800; y += 37)
        for (size_t x = 0; x < 1088; x += 3)
            for (size_t c = 0; c < 3; c++) {
                const size_t at = c * plane + y * 1088 + x;

                if (x >= 1067) {
                    assert_near(straight.chw[at], 0, 0);
                    assert_near(mirrored.chw[at], 0, 0);
                    continue;
                }
                assert_near(straight.chw[at],
                            (resized.rgb[3 * (y * 1067 + x) + c] - transform.normalize.mean[c]) /
                                transform.normalize.std[c],
                            1e-6);
                assert_near(mirrored.chw[at], straight.chw[c * plane + y * 1088 + 1066 - x], 0);
            }
    fa_picture_free(&stored);
    fa_picture_free(&resized);
    fa_free(jpeg);
    fa_sample_buffer_free(&straight);
    fa_sample_buffer_free(&mirrored);
}

static void a_picture_becomes_the_sample_that_its_record_would(void **state)
{
    struct fa_sample_buffer want = {.chw = NULL};
    struct fa_picture picture = {0};
    struct fa_sample got;
    uint8_t *jpeg = NULL;

    (void)state;
    assert_ok(fa_alloc(dataset->records[0].n_bytes, 1, &jpeg));
    assert_ok(fa_dataset_fetch(dataset, 0, jpeg));
    assert_ok(fa_jpeg_decode("a.jpg", jpeg, dataset->records[0].n_bytes, 1, &picture));
    assert_ok(fa_sample_prepare(dataset, 0, &transform, false, &want));
    assert_ok(fa_sample_from_picture(&picture, &transform, &got));
    assert_int_equal(got.w, want.sample.w);
    assert_int_equal(got.h, want.sample.h);
    assert_memory_equal(got.chw, want.chw, 3 * (size_t)got.w * (size_t)got.h * sizeof *got.chw);
    assert_memory_equal(got.scale_factor, want.sample.scale_factor, sizeof got.scale_factor);
    assert_int_equal(got.objects.n, 0);
    fa_sample_clear(&got);
    fa_sample_clear(&got);
    fa_picture_free(&picture);
    fa_free(jpeg);
    fa_sample_buffer_free(&want);
}

static void mirroring_is_a_pure_function_and_happens_as_often_as_asked(void **state)
{
    struct fa_transform always = transform, never = transform;
    int n = 0;

    (void)state;
    always.flip_probability = 1;
    never.flip_probability = 0;
    for (size_t position = 0; position < 4000; position++) {
        const bool flip = fa_sample_flip(&transform, 3, 2, position);

        assert_int_equal(flip, fa_sample_flip(&transform, 3, 2, position));
        assert_true(fa_sample_flip(&always, 3, 2, position));
        assert_false(fa_sample_flip(&never, 3, 2, position));
        n += flip;
    }
    assert_in_range(n, 1870, 2130); /* four standard deviations */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_factors_match_hand_arithmetic),
        cmocka_unit_test(boxes_are_scaled_clipped_and_mirrored_and_only_objects_remain),
        cmocka_unit_test(pixels_are_decoded_resized_mirrored_and_padded),
        cmocka_unit_test(a_picture_becomes_the_sample_that_its_record_would),
        cmocka_unit_test(mirroring_is_a_pure_function_and_happens_as_often_as_asked),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, open_dataset, close_dataset);
}
