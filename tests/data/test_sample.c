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
#include "samples/sample.h"
#include "support.h"

static const struct fa_transform transform = {
    .scale = {1333, 800},
    .flip_probability = 0.5,
    .normalize = {.mean = {123.675f, 116.28f, 103.53f}, .std = {58.395f, 57.12f, 57.375f}, .to_rgb = true},
};

static struct fa_dataset *dataset;

/* Of the 640x480 image. */
static struct fa_image_plan plan_of(const struct fa_transform *t, bool flip)
{
    struct fa_image_plan plan;

    fa_image_plan_still(t, 640, 480, &plan);
    plan.flip.horizontal = flip;
    return plan;
}

static void prepare(const struct fa_image_plan *plan, struct fa_sample_buffer *buffer)
{
    assert_ok(fa_sample_prepare(dataset, 0, &transform, plan, buffer));
}

static void prepare_flipped(bool flip, struct fa_sample_buffer *buffer)
{
    const struct fa_image_plan plan = plan_of(&transform, flip);

    prepare(&plan, buffer);
}

/* A 640x480 image; annotation 1 is the one that counts, 2 is partly outside by a rounding, the others are not
   objects. */
static int open_dataset(void **state)
{
    const char *directory = fa_test_directory();
    const struct fa_pack_config config = fixture_config(directory);
    struct fa_pack_report report;

    (void)state;
    assert_ok(fa_directory_make(config.sources->image_directory));
    fixture_jpeg(fa_test_path(config.sources->image_directory, "a.jpg"), 640, 480, 1, 1);
    fixture_write_text(
        config.sources->path,
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
    struct fa_sample_buffer buffer = {.rgb = NULL};
    const struct fa_sample *s = &buffer.sample;

    (void)state;
    prepare_flipped(false, &buffer);
    assert_int_equal(s->original_w, 640);
    assert_int_equal(s->original_h, 480);
    assert_int_equal(s->frame.w, 1067);
    assert_int_equal(s->frame.h, 800);
    assert_int_equal(s->w, 1088);
    assert_int_equal(s->h, 800);
    assert_near(s->scale_factor[0], 1.6671875, 6e-8); /* float32 rounding */
    assert_near(s->scale_factor[1], 1.66666662693, 1e-11);
    assert_near(s->scale_factor[2], s->scale_factor[0], 0);
    assert_near(s->scale_factor[3], s->scale_factor[1], 0);
    assert_int_equal(s->image_id, 5);
    assert_false(s->plan.flip.horizontal);
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
    struct fa_sample_buffer buffer = {.rgb = NULL};

    (void)state;
    prepare_flipped(false, &buffer);
    assert_boxes(&buffer.sample, straight, 2);
    assert_int_equal(buffer.sample.objects.labels[0], 1);
    assert_int_equal(buffer.sample.objects.labels[1], 0);
    prepare_flipped(true, &buffer);
    assert_boxes(&buffer.sample, mirrored, 2);
    assert_true(buffer.sample.plan.flip.horizontal);
    fa_sample_buffer_free(&buffer);
}

/* As the network sees it; freed by fa_free. */
static float *tensor_of(const struct fa_sample *s)
{
    float *chw;

    assert_ok(fa_alloc(3 * (size_t)s->h * (size_t)s->w, sizeof *chw, &chw));
    fa_frame_to_chw(&s->frame, s->h, s->w, chw);
    return chw;
}

static void pixels_are_decoded_resized_mirrored_and_padded(void **state)
{
    struct fa_sample_buffer buffer = {.rgb = NULL};
    struct fa_picture stored = {0}, resized = {0};
    float *straight, *mirrored;
    uint8_t *jpeg = NULL;
    const size_t plane = (size_t)1088 * 800;

    (void)state;
    assert_ok(fa_alloc(dataset->records[0].n_bytes, 1, &jpeg));
    assert_ok(fa_dataset_fetch(dataset, 0, jpeg));
    assert_ok(fa_jpeg_decode("a.jpg", jpeg, dataset->records[0].n_bytes, 1, &stored));
    assert_ok(fa_picture_resize(&stored, 1067, 800, &resized));
    prepare_flipped(false, &buffer);
    straight = tensor_of(&buffer.sample);
    prepare_flipped(true, &buffer);
    mirrored = tensor_of(&buffer.sample);
    for (size_t y = 0; y < 800; y += 37)
        for (size_t x = 0; x < 1088; x += 3)
            for (size_t c = 0; c < 3; c++) {
                const size_t at = c * plane + y * 1088 + x;

                if (x >= 1067) {
                    assert_near(straight[at], 0, 0);
                    assert_near(mirrored[at], 0, 0);
                    continue;
                }
                assert_near(straight[at],
                            (resized.rgb[3 * (y * 1067 + x) + c] - transform.normalize.mean[c]) /
                                transform.normalize.std[c],
                            1e-6);
                assert_near(mirrored[at], straight[c * plane + y * 1088 + 1066 - x], 0);
            }
    fa_picture_free(&stored);
    fa_picture_free(&resized);
    fa_free(jpeg);
    fa_free(straight);
    fa_free(mirrored);
    fa_sample_buffer_free(&buffer);
}

static void a_picture_becomes_the_sample_that_its_record_would(void **state)
{
    const struct fa_image_plan plan = plan_of(&transform, false);
    struct fa_sample_buffer want = {.rgb = NULL};
    struct fa_picture picture = {0};
    struct fa_sample got;
    uint8_t *jpeg = NULL;

    (void)state;
    assert_ok(fa_alloc(dataset->records[0].n_bytes, 1, &jpeg));
    assert_ok(fa_dataset_fetch(dataset, 0, jpeg));
    assert_ok(fa_jpeg_decode("a.jpg", jpeg, dataset->records[0].n_bytes, 1, &picture));
    prepare_flipped(false, &want);
    assert_ok(fa_sample_from_picture(&picture, &transform, &plan, &got));
    assert_int_equal(got.w, want.sample.w);
    assert_int_equal(got.h, want.sample.h);
    assert_int_equal(got.frame.w, want.sample.frame.w);
    assert_int_equal(got.frame.h, want.sample.frame.h);
    assert_memory_equal(got.frame.rgb, want.rgb, 3 * (size_t)got.frame.w * (size_t)got.frame.h);
    assert_memory_equal(got.scale_factor, want.sample.scale_factor, sizeof got.scale_factor);
    assert_int_equal(got.objects.n, 0);
    fa_sample_clear(&got);
    fa_sample_clear(&got);
    fa_picture_free(&picture);
    fa_free(jpeg);
    fa_sample_buffer_free(&want);
}

/* At half size the image is 533x400; its corner at (-100, 30) of the frame, upside down. Object 1 is
   [83.28, 41.67, 249.84, 125] there, of which x from 100 on is seen, 0.9 of its area; object 2, the whole
   image, 433 of 533 columns. */
static void objects_are_cut_at_the_frame_and_kept_by_what_is_seen_of_them(void **state)
{
    static const float want[8] = {0, 645, 149.84375f, 728.3333f, 0, 370, 433, 770};
    const struct {
        double min_visible;
        size_t n;
    } cases[] = {{0, 2}, {0.81, 2}, {0.82, 1}, {0.89, 1}, {0.91, 0}};
    struct fa_sample_buffer buffer = {.rgb = NULL};
    struct fa_image_plan plan = plan_of(&transform, false);

    (void)state;
    plan.resized_w = 533;
    plan.resized_h = 400;
    plan.x = -100;
    plan.y = 30;
    plan.flip.vertical = true;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fa_transform t = transform;

        t.augment.min_visible = cases[i].min_visible;
        assert_ok(fa_sample_prepare(dataset, 0, &t, &plan, &buffer));
        assert_boxes(&buffer.sample, want, cases[i].n);
    }
    assert_int_equal(buffer.sample.w, 1088);
    fa_sample_buffer_free(&buffer);
}

/* Free parts of the frame have the level nearest to the mean, which is within half a level of 0. */
static void what_the_image_does_not_cover_is_the_mean(void **state)
{
    struct fa_sample_buffer buffer = {.rgb = NULL};
    struct fa_image_plan plan = plan_of(&transform, false);
    const size_t plane = (size_t)1088 * 800;
    float *chw;

    (void)state;
    plan.resized_w = 533;
    plan.resized_h = 400;
    plan.x = 300;
    plan.y = 30;
    prepare(&plan, &buffer);
    chw = tensor_of(&buffer.sample);
    for (size_t c = 0; c < 3; c++)
        for (size_t y = 0; y < 800; y += 7)
            for (size_t x = 0; x < 1088; x += 5) {
                const bool covered = x >= 300 && x < 833 && y >= 30 && y < 430;

                if (!covered)
                    assert_near(chw[c * plane + y * 1088 + x], 0, 0.5 / 57);
            }
    fa_free(chw);
    fa_sample_buffer_free(&buffer);
}

/* At twice the size a quarter of the image is seen: never enough of the object that is the whole image, and
   not always of the other. */
static void an_image_is_not_moved_where_no_object_would_be_left(void **state)
{
    struct fa_transform t = transform;
    struct fa_sample_buffer buffer = {.rgb = NULL};
    int n_unmoved = 0;

    (void)state;
    t.scale[0] = 133;
    t.scale[1] = 80;
    t.augment = (struct fa_augment){.random_scale = {2, 2}, .min_visible = 0.5, .vertical_flip = 1};
    for (size_t position = 0; position < 100; position++) {
        struct fa_image_plan plan;

        assert_ok(fa_sample_plan_draw(dataset, 0, &t, 1, 0, position, &plan));
        assert_ok(fa_sample_prepare(dataset, 0, &t, &plan, &buffer));
        assert_int_equal(buffer.sample.objects.n, plan.resized_w == plan.frame_w ? 2 : 1);
        assert_true(plan.flip.vertical);
        n_unmoved += plan.resized_w == plan.frame_w;
    }
    assert_in_range(n_unmoved, 20, 80);
    fa_sample_buffer_free(&buffer);
}

/* Whichever part is cut, what it shows is on the frame, and it shows something. */
static void a_part_shows_the_objects_whose_centres_it_has(void **state)
{
    struct fa_transform t = transform;
    struct fa_sample_buffer buffer = {.rgb = NULL};
    int seen[3] = {0};

    (void)state;
    t.scale[0] = 133;
    t.scale[1] = 80;
    t.augment = (struct fa_augment){.crops = {.n = 1, .min_iou = {0}, .least_side = 0.3}};
    for (size_t position = 0; position < 100; position++) {
        struct fa_image_plan plan, again;

        assert_ok(fa_sample_plan_draw(dataset, 0, &t, 1, 0, position, &plan));
        assert_ok(fa_sample_plan_draw(dataset, 0, &t, 1, 0, position, &again));
        assert_memory_equal(&plan.canvas_w, &again.canvas_w, 4 * sizeof plan.canvas_w);
        assert_ok(fa_sample_prepare(dataset, 0, &t, &plan, &buffer));
        assert_true(buffer.sample.frame.w == 107 && buffer.sample.frame.h == 80);
        assert_in_range(buffer.sample.objects.n, 1, 2);
        if (!plan.cropped)
            assert_int_equal(buffer.sample.objects.n, 2);
        for (size_t k = 0; k < 4 * buffer.sample.objects.n; k++)
            assert_true(buffer.boxes[k] >= 0 && buffer.boxes[k] <= (k % 2 == 0 ? 107 : 80));
        seen[buffer.sample.objects.n]++;
    }
    assert_true(seen[1] > 0 && seen[2] > 0);
    assert_survives_shortage(fa_sample_plan_draw(dataset, 0, &t, 1, 0, 0, &buffer.sample.plan));
    fa_sample_buffer_free(&buffer);
}

static void the_size_is_known_beforehand_whatever_is_drawn(void **state)
{
    struct fa_transform t = transform;
    struct fa_sample_buffer buffer = {.rgb = NULL};
    int h, w;

    (void)state;
    t.augment = (struct fa_augment){.random_scale = {0.5f, 2},
                                    .expand_probability = 0.5,
                                    .expand = {1, 4},
                                    .vertical_flip = 0.5,
                                    .crops = {.n = 3, .min_iou = {0, 0.3f, 0.7f}, .least_side = 0.3}};
    fa_sample_size(&dataset->records[0], &t, &h, &w);
    for (size_t position = 0; position < 12; position++) {
        struct fa_image_plan plan;

        assert_ok(fa_sample_plan_draw(dataset, 0, &t, 1, 0, position, &plan));
        assert_ok(fa_sample_prepare(dataset, 0, &t, &plan, &buffer));
        assert_int_equal(buffer.sample.h, h);
        assert_int_equal(buffer.sample.w, w);
    }
    fa_sample_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_factors_match_hand_arithmetic),
        cmocka_unit_test(boxes_are_scaled_clipped_and_mirrored_and_only_objects_remain),
        cmocka_unit_test(pixels_are_decoded_resized_mirrored_and_padded),
        cmocka_unit_test(a_picture_becomes_the_sample_that_its_record_would),
        cmocka_unit_test(objects_are_cut_at_the_frame_and_kept_by_what_is_seen_of_them),
        cmocka_unit_test(what_the_image_does_not_cover_is_the_mean),
        cmocka_unit_test(an_image_is_not_moved_where_no_object_would_be_left),
        cmocka_unit_test(a_part_shows_the_objects_whose_centres_it_has),
        cmocka_unit_test(the_size_is_known_beforehand_whatever_is_drawn),
    };

    fa_log_set_level(FA_LOG_ERROR);
    return cmocka_run_group_tests(tests, open_dataset, close_dataset);
}
