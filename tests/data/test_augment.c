/*
 * What is drawn for an image, and what is then done to it: colours, frames and boxes against OpenCV and numpy
 * (golden/make_augment.py), crops against mmdetection's way in numpy (golden/make_crops.py).
 */
#include "fa/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "images/color.h"
#include "images/picture.h"
#include "pattern.h"
#include "samples/crop.h"
#include "samples/sample.h"
#include "support.h"

struct golden_color {
    struct fa_colors colors;
    uint8_t rgb[16 * 9 * 3];
};

/* The plan of an image of w by h, and the checksum of its frame. */
struct golden_frame {
    int w, h;
    struct fa_image_plan plan;
    uint32_t crc;
};

/* A box by the plan of a golden frame, and what part of its area is left. */
struct golden_box {
    double bbox[4];
    int frame;
    struct fa_flip flip;
    float box[4];
    double left;
};

/* The corners on a canvas of w by h of what is cut of it; the boxes lie in an image at (left, top). */
struct golden_crop {
    int w, h, left, top, n;
    float boxes[6 * 4];
    int corners[4];
};

#include "golden/augment.h"
#include "golden/crops.h"
#include "golden/scales.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct fa_transform everything = {
    .scale = {320, 240},
    .flip_probability = 0.5,
    .augment = {.vertical_flip = 0.25,
                .random_scale = {0.7f, 1.3f},
                .min_visible = 0.3,
                .expand_probability = 0.5,
                .expand = {1, 4},
                .color_probability = 0.5,
                .brightness = 32,
                .contrast = {0.5f, 1.5f},
                .saturation = {0.6f, 1.4f},
                .hue = 18,
                .channel_swap = 0.5},
};

static struct fa_image_plan draw(const struct fa_transform *transform, size_t position)
{
    struct fa_image_plan plan;

    fa_image_plan_draw(transform, 640, 480, NULL, 3, 2, position, &plan);
    return plan;
}

/* ---- pixels ---- */

static struct fa_picture color_picture(void)
{
    static const uint8_t first[4][3] = {{0, 0, 0}, {255, 255, 255}, {7, 7, 7}, {3, 40, 2}};
    struct fa_picture picture = pattern_picture(COLOR_W, COLOR_H);

    memcpy(picture.rgb, first, sizeof first);
    return picture;
}

/* OpenCV may fuse or reorder float32 operations, so a value near a half may round the other way. */
static void colours_are_mmdetections_within_a_level(void **state)
{
    int n_different = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(golden_colors); i++) {
        struct fa_picture picture = color_picture();

        fa_picture_recolor(&picture, &golden_colors[i].colors);
        for (int k = 0; k < 3 * COLOR_W * COLOR_H; k++) {
            const int difference = abs(picture.rgb[k] - golden_colors[i].rgb[k]);

            if (difference > 1)
                fail_msg("case %zu, level %d is %d and not %d", i, k, picture.rgb[k],
                         golden_colors[i].rgb[k]);
            n_different += difference;
        }
        fa_picture_free(&picture);
    }
    assert_in_range(n_different, 0, 5); /* of 5184 */
}

/* Longer than a block, and not a multiple of one. */
static void every_pixel_of_a_large_picture_is_recoloured(void **state)
{
    const struct fa_colors *colors = &golden_colors[8].colors;
    struct fa_picture whole = pattern_picture(61, 17);

    (void)state;
    fa_picture_recolor(&whole, colors);
    for (int y = 0; y < 17; y++)
        for (int x = 0; x < 61; x++) {
            struct fa_picture one = pattern_picture(61, 17);
            const struct fa_picture pixel = {1, 1, fa_picture_row(&one, y) + 3 * x};

            fa_picture_recolor((struct fa_picture *)&pixel, colors);
            assert_memory_equal(pixel.rgb, fa_picture_row(&whole, y) + 3 * x, 3);
            fa_picture_free(&one);
        }
    fa_picture_free(&whole);
}

static void frames_have_the_bits_of_opencv(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(golden_frames); i++) {
        const struct golden_frame *want = &golden_frames[i];
        const uint8_t fill[3] = {124, 116, 104};
        struct fa_picture picture = pattern_picture(want->w, want->h), frame;

        assert_ok(fa_picture_alloc(want->plan.frame_w, want->plan.frame_h, &frame));
        assert_ok(fa_picture_compose(&picture, &want->plan, fill, frame.rgb));
        if (pattern_crc(&frame) != want->crc)
            fail_msg("frame %zu differs from OpenCV's", i);
        fa_picture_free(&picture);
        fa_picture_free(&frame);
    }
}

static void memory_is_given_back_whichever_allocation_fails(void **state)
{
    const struct golden_frame *golden = &golden_frames[14]; /* with a canvas and a free frame */
    const uint8_t fill[3] = {0, 0, 0};
    struct fa_picture picture = pattern_picture(golden->w, golden->h), frame;

    (void)state;
    assert_ok(fa_picture_alloc(golden->plan.frame_w, golden->plan.frame_h, &frame));
    assert_survives_shortage(fa_picture_compose(&picture, &golden->plan, fill, frame.rgb));
    fa_picture_free(&frame);
    fa_picture_free(&picture);
}

/* ---- boxes ---- */

static void boxes_have_the_bits_of_numpy_and_stay_by_what_is_left_of_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(golden_boxes); i++) {
        const struct golden_box *want = &golden_boxes[i];
        struct fa_image_plan plan = golden_frames[want->frame].plan;
        float box[4];

        plan.flip = want->flip;
        assert_int_equal(fa_box_place(want->bbox, &plan, 0, box), want->left > 0);
        for (int k = 0; k < 4 && (want->left > 0 || !plan.cropped); k++)
            assert_near(box[k], want->box[k], 0);
        if (want->left > 0) {
            assert_true(fa_box_place(want->bbox, &plan, want->left == 1 ? 1 : want->left - 1e-6, box));
            assert_false(fa_box_place(want->bbox, &plan, want->left + 1e-6, box));
        }
    }
}

/* ---- draws ---- */

static void assert_same_plan(const struct fa_image_plan *a, const struct fa_image_plan *b)
{
    assert_memory_equal(a, b, offsetof(struct fa_image_plan, cropped));
    assert_int_equal(a->cropped, b->cropped);
    assert_int_equal(a->resized_w, b->resized_w);
    assert_int_equal(a->resized_h, b->resized_h);
    assert_memory_equal(a->colors.order, b->colors.order, 3);
    assert_near(a->colors.brightness, b->colors.brightness, 0);
    assert_near(a->colors.contrast, b->colors.contrast, 0);
    assert_near(a->colors.saturation, b->colors.saturation, 0);
    assert_near(a->colors.hue, b->colors.hue, 0);
    assert_int_equal(a->colors.contrast_last, b->colors.contrast_last);
    assert_memory_equal(&a->frame_w, &b->frame_w, 4 * sizeof a->frame_w);
    assert_int_equal(a->flip.horizontal, b->flip.horizontal);
    assert_int_equal(a->flip.vertical, b->flip.vertical);
}

static void with_everything_off_a_plan_is_still_but_for_the_flip(void **state)
{
    const struct fa_transform off = {.scale = {320, 240}, .flip_probability = 0.5};
    struct fa_image_plan want;

    (void)state;
    fa_image_plan_still(&off, 640, 480, &want);
    for (size_t position = 0; position < 200; position++) {
        const struct fa_image_plan plan = draw(&off, position);

        want.flip.horizontal = plan.flip.horizontal;
        want.colors.contrast_last = plan.colors.contrast_last; /* of a contrast of 1 */
        assert_same_plan(&plan, &want);
    }
}

/* What is drawn when ranges of one value are on is that value. */
static void a_range_of_one_is_off(void **state)
{
    struct fa_transform ones = everything, off = {.scale = {320, 240}, .flip_probability = 0.5};

    (void)state;
    ones.augment = (struct fa_augment){.random_scale = {1, 1},
                                       .expand = {1, 1},
                                       .contrast = {1, 1},
                                       .saturation = {1, 1},
                                       .expand_probability = 0.5,
                                       .color_probability = 0.5};
    for (size_t position = 0; position < 200; position++) {
        struct fa_image_plan a = draw(&ones, position), b = draw(&off, position);

        assert_same_plan(&a, &b);
    }
}

static void mirroring_is_drawn_as_ever(void **state)
{
    /* of seed 3, epoch 2, as the first release drew it */
    static const bool want[16] = {1, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 1};

    (void)state;
    for (size_t position = 0; position < 16; position++)
        assert_int_equal(draw(&everything, position).flip.horizontal, want[position]);
}

static void a_plan_is_a_pure_function_and_one_key_leaves_the_others_draws_alone(void **state)
{
    struct fa_transform less = everything;

    (void)state;
    less.augment.random_scale[0] = less.augment.random_scale[1] = 1;
    less.augment.hue = 0;
    less.augment.channel_swap = 0;
    for (size_t position = 0; position < 200; position++) {
        const struct fa_image_plan a = draw(&everything, position), b = draw(&everything, position);
        const struct fa_image_plan c = draw(&less, position);

        assert_same_plan(&a, &b);
        assert_int_equal(c.canvas_w, a.canvas_w);
        assert_int_equal(c.left, a.left);
        assert_near(c.colors.brightness, a.colors.brightness, 0);
        assert_near(c.colors.saturation, a.colors.saturation, 0);
        assert_int_equal(c.flip.vertical, a.flip.vertical);
    }
}

/* How often something happened in 4000 draws; four standard deviations of a fair chance are 126. */
static void assert_share(int n, double share)
{
    assert_near(n, 4000 * share, 126);
}

static void everything_happens_as_often_as_asked_and_within_its_range(void **state)
{
    int flips = 0, canvases = 0, lasts = 0, orders[27] = {0}, changed[4] = {0}, smaller = 0;

    (void)state;
    for (size_t position = 0; position < 4000; position++) {
        const struct fa_image_plan p = draw(&everything, position);
        const struct fa_colors *c = &p.colors;

        flips += p.flip.vertical;
        canvases += p.canvas_w != 640;
        lasts += c->contrast_last;
        orders[9 * c->order[0] + 3 * c->order[1] + c->order[2]]++;
        changed[0] += c->brightness != 0;
        changed[1] += c->contrast != 1;
        changed[2] += c->saturation != 1;
        changed[3] += c->hue != 0;
        smaller += p.resized_w < p.frame_w;
        assert_true(p.frame_w == 320 && p.frame_h == 240);
        assert_in_range(p.canvas_w, 640, 2559);
        assert_in_range(p.left, 0, p.canvas_w - 640);
        assert_in_range(p.top, 0, p.canvas_h - 480);
        assert_in_range(p.resized_w, 223, 416);
        assert_true(p.x >= (p.resized_w > 320 ? 320 - p.resized_w : 0));
        assert_true(p.x <= (p.resized_w < 320 ? 320 - p.resized_w : 0));
        assert_true(p.y >= (p.resized_h > 240 ? 240 - p.resized_h : 0));
        assert_true(p.y <= (p.resized_h < 240 ? 240 - p.resized_h : 0));
        assert_true(fabsf(c->brightness) <= 32 && fabsf(c->hue) <= 18);
        assert_true(c->contrast >= 0.5f && c->contrast <= 1.5f);
        assert_true(c->saturation >= 0.6f && c->saturation <= 1.4f);
    }
    assert_share(flips, 0.25);
    assert_share(canvases, 0.5);
    assert_share(lasts, 0.5);
    assert_share(smaller, 0.5);
    for (int k = 0; k < 4; k++)
        assert_share(changed[k], 0.5);
    assert_share(orders[0 * 9 + 1 * 3 + 2], 0.5 + 0.5 / 6);
    assert_share(orders[0 * 9 + 2 * 3 + 1], 0.5 / 6);
    assert_share(orders[1 * 9 + 0 * 3 + 2], 0.5 / 6);
    assert_share(orders[1 * 9 + 2 * 3 + 0], 0.5 / 6);
    assert_share(orders[2 * 9 + 0 * 3 + 1], 0.5 / 6);
    assert_share(orders[2 * 9 + 1 * 3 + 0], 0.5 / 6);
}

/* The first and the last place both occur, of the 3 that 2 free pixels leave. */
static void every_place_on_the_frame_is_reached(void **state)
{
    struct fa_transform t = {.scale = {64, 32}, .augment = {.random_scale = {31.0f / 32, 31.0f / 32}}};
    int x[3] = {0}, y[2] = {0};

    (void)state;
    for (size_t position = 0; position < 600; position++) {
        struct fa_image_plan plan;

        fa_image_plan_draw(&t, 64, 32, NULL, 1, 0, position, &plan);
        assert_in_range(plan.x, 0, 2);
        assert_in_range(plan.y, 0, 1);
        x[plan.x]++;
        y[plan.y]++;
    }
    for (int k = 0; k < 3; k++)
        assert_near(x[k], 200, 47);
    assert_near(y[0], 300, 49);
}

/* ---- crops ---- */

#define SSD                                                                                                  \
    {                                                                                                        \
        .n = 5, .min_iou = {0.1f, 0.3f, 0.5f, 0.7f, 0.9f}, .least_side = 0.3                                 \
    }

static void crops_are_those_that_numpy_cuts_of_400_canvases(void **state)
{
    static const struct fa_crops crops = SSD;

    (void)state;
    for (size_t i = 0; i < COUNT(golden_crops); i++) {
        const struct golden_crop *want = &golden_crops[i];
        const int *c = want->corners;
        const struct fa_objects objects = {.n = (size_t)want->n, .boxes = want->boxes};
        struct fa_image_plan plan = {
            .canvas_w = want->w, .canvas_h = want->h, .left = want->left, .top = want->top};
        struct fa_random random;

        fa_random_init(&random, 0x123456789, FA_RANDOM_CROP, i / 250, (uint32_t)(i * 37 % 5000));
        fa_crop_draw(&crops, &objects, &random, &plan);
        if (plan.canvas_w != c[2] - c[0] || plan.canvas_h != c[3] - c[1] || plan.left != want->left - c[0] ||
            plan.top != want->top - c[1])
            fail_msg("crop %zu is %d x %d at %d %d and not %d x %d at %d %d", i, plan.canvas_w, plan.canvas_h,
                     want->left - plan.left, want->top - plan.top, c[2] - c[0], c[3] - c[1], c[0], c[1]);
    }
}

/* And fills one of its sides, in the shape that it has in the image. */
static void a_part_lies_within_the_frame_and_moves_no_other_draw(void **state)
{
    static const float boxes[8] = {100, 100, 200, 180, 300, 200, 500, 400};
    const struct fa_objects objects = {.n = 2, .boxes = boxes};
    struct fa_transform plain = everything, cut;
    int n_cropped = 0;

    (void)state;
    plain.augment.random_scale[0] = plain.augment.random_scale[1] = 1;
    cut = plain;
    cut.augment.crops = (struct fa_crops)SSD;
    for (size_t position = 0; position < 300; position++) {
        struct fa_image_plan a, b;

        fa_image_plan_draw(&plain, 640, 480, &objects, 3, 2, position, &a);
        fa_image_plan_draw(&cut, 640, 480, &objects, 3, 2, position, &b);
        assert_true(b.frame_w == 320 && b.frame_h == 240);
        assert_int_equal(a.flip.horizontal, b.flip.horizontal);
        assert_int_equal(a.flip.vertical, b.flip.vertical);
        assert_memory_equal(&a.colors, &b.colors, sizeof a.colors);
        n_cropped += b.cropped;
        if (!b.cropped) {
            assert_same_plan(&a, &b);
            continue;
        }
        assert_true(b.resized_w == 320 || b.resized_h == 240);
        assert_near((double)b.resized_w / b.resized_h, (double)b.canvas_w / b.canvas_h, 0.02);
        assert_true(b.x >= 0 && b.y >= 0 && b.x + b.resized_w <= 320 && b.y + b.resized_h <= 240);
    }
    assert_in_range(n_cropped, 100, 290);
}

/* ---- scales ---- */

/* The limits that bound a strip and a square. */
static void drawn_scale(const struct fa_transform *t, size_t sample, int scale[2])
{
    const int64_t epoch = (int64_t)(sample / 250);
    const size_t position = sample * 37 % 5000;
    struct fa_image_plan strip, square;

    fa_image_plan_draw(t, 100000, 1, NULL, 0x123456789, epoch, position, &strip);
    fa_image_plan_draw(t, 1, 1, NULL, 0x123456789, epoch, position, &square);
    scale[0] = strip.frame_w;
    scale[1] = square.frame_w;
    assert_true(strip.resized_w == strip.frame_w && square.resized_h == square.frame_h);
}

static void compare_scales(const struct fa_transform *t, const short golden[1000][2])
{
    int scale[2];

    for (size_t sample = 0; sample < 1000; sample++) {
        drawn_scale(t, sample, scale);
        if (scale[0] != golden[sample][0] || scale[1] != golden[sample][1])
            fail_msg("sample %zu has scale %d %d and not %d %d", sample, scale[0], scale[1],
                     golden[sample][0], golden[sample][1]);
    }
}

static void scales_are_those_that_python_draws_for_a_thousand_samples(void **state)
{
    struct fa_transform values = {.scale = {1333, 800}, .scales = {.n = 16}};
    const struct fa_transform range = {.scale = {1333, 800},
                                       .scales = {.n = 2, .pair = {{1000, 640}, {1333, 800}}, .range = true}};

    (void)state;
    for (int i = 0; i < 16; i++) {
        values.scales.pair[i][0] = 1333;
        values.scales.pair[i][1] = 480 + 32 * i;
    }
    compare_scales(&values, golden_values);
    compare_scales(&range, golden_ranges);
}

/* Neither does it move the draws of anything else, nor is an evaluation's size drawn. */
static void several_scales_change_the_size_alone(void **state)
{
    struct fa_transform one = {
        .scale = {64, 48},
        .flip_probability = 0.5,
        .augment = {.color_probability = 0.5, .brightness = 32, .random_scale = {1, 1}}};
    struct fa_transform two = one;
    int sizes[2] = {0};

    (void)state;
    two.scales = (struct fa_scales){.n = 2, .pair = {{32, 24}, {64, 48}}};
    for (size_t position = 0; position < 200; position++) {
        struct fa_image_plan a, b;

        fa_image_plan_draw(&one, 64, 48, NULL, 7, 1, position, &a);
        fa_image_plan_draw(&two, 64, 48, NULL, 7, 1, position, &b);
        assert_int_equal(a.frame_w, 64);
        assert_true(b.frame_w == 32 || b.frame_w == 64);
        sizes[b.frame_w / 64]++;
        assert_true(a.flip.horizontal == b.flip.horizontal && a.colors.brightness == b.colors.brightness);
        fa_image_plan_still(&two, 64, 48, &b);
        assert_int_equal(b.frame_w, 64);
    }
    assert_in_range(sizes[0], 60, 140);
}

static void views_go_scale_by_scale_each_as_it_is_and_then_mirrored(void **state)
{
    struct fa_transform t = {.scale = {64, 64}};
    struct fa_image_plan plan;

    (void)state;
    assert_int_equal(fa_transform_views(&t), 1);
    t.scales = (struct fa_scales){.n = 2, .pair = {{32, 32}, {64, 64}}};
    t.mirrors = true;
    assert_int_equal(fa_transform_views(&t), 4);
    for (int view = 0; view < 4; view++) {
        fa_image_plan_view(&t, view, 10, 10, &plan);
        assert_int_equal(plan.frame_w, view < 2 ? 32 : 64);
        assert_int_equal(plan.flip.horizontal, view % 2);
        assert_false(plan.flip.vertical);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colours_are_mmdetections_within_a_level),
        cmocka_unit_test(every_pixel_of_a_large_picture_is_recoloured),
        cmocka_unit_test(frames_have_the_bits_of_opencv),
        cmocka_unit_test(memory_is_given_back_whichever_allocation_fails),
        cmocka_unit_test(boxes_have_the_bits_of_numpy_and_stay_by_what_is_left_of_them),
        cmocka_unit_test(with_everything_off_a_plan_is_still_but_for_the_flip),
        cmocka_unit_test(a_range_of_one_is_off),
        cmocka_unit_test(mirroring_is_drawn_as_ever),
        cmocka_unit_test(a_plan_is_a_pure_function_and_one_key_leaves_the_others_draws_alone),
        cmocka_unit_test(everything_happens_as_often_as_asked_and_within_its_range),
        cmocka_unit_test(every_place_on_the_frame_is_reached),
        cmocka_unit_test(crops_are_those_that_numpy_cuts_of_400_canvases),
        cmocka_unit_test(a_part_lies_within_the_frame_and_moves_no_other_draw),
        cmocka_unit_test(scales_are_those_that_python_draws_for_a_thousand_samples),
        cmocka_unit_test(views_go_scale_by_scale_each_as_it_is_and_then_mirrored),
        cmocka_unit_test(several_scales_change_the_size_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
