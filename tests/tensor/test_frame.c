/* From pixels to the network's input: flip, normalise, pad. */
#include "fa/frame.h"

#include <math.h>

#include "fa/memory.h"
#include "support.h"

enum { W = 45, H = 31 };

static const struct fa_normalize bgr = {
    .mean = {103.530f, 116.280f, 123.675f}, .std = {1, 2, 57.375f}, .to_rgb = false};

static uint8_t pixels[3 * W * H];

static int make_pixels(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * W * H; i++)
        pixels[i] = (uint8_t)((i * 73) ^ (i * i * 29 >> 2));
    return 0;
}

/* The value by the formula of doc/method.md 6.4. */
static float normalised(uint8_t p, float mean, float std)
{
    return (float)((double)((float)p - mean) * (1 / (double)std));
}

static float want_at(const struct fa_frame *frame, int c, int y, int x)
{
    const int from_x = frame->flip.horizontal ? frame->w - 1 - x : x;
    const int from_y = frame->flip.vertical ? frame->h - 1 - y : y;
    const int channel = frame->normalize.to_rgb ? c : 2 - c;

    if (x >= frame->w || y >= frame->h)
        return 0;
    return normalised(frame->rgb[3 * (from_y * frame->w + from_x) + channel], frame->normalize.mean[c],
                      frame->normalize.std[c]);
}

static float *nans(int n)
{
    float *values;

    assert_ok(fa_alloc((size_t)n, sizeof *values, &values));
    for (int i = 0; i < n; i++)
        values[i] = NAN;
    return values;
}

static void check_frame(const struct fa_normalize *normalize, struct fa_flip flip, int h, int w)
{
    const struct fa_frame frame = {pixels, W, H, flip, *normalize};
    float *chw = nans(3 * h * w);

    fa_frame_to_chw(&frame, h, w, chw);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++)
                assert_true(chw[(c * h + y) * w + x] == want_at(&frame, c, y, x));
    fa_free(chw);
}

static void every_pixel_is_normalised_and_the_rest_is_zero(void **state)
{
    (void)state;
    for (int flips = 0; flips < 4; flips++) {
        const struct fa_flip flip = {flips % 2, flips / 2};

        check_frame(&fa_normalize_default, flip, 32, 64);
        check_frame(&fa_normalize_default, flip, H, W);
        check_frame(&bgr, flip, 64, 64);
    }
}

/* The last of them holds nothing but padding. */
static void some_rows_are_those_of_the_whole_and_no_others_are_touched(void **state)
{
    const struct fa_frame frame = {pixels, W, H, {true, true}, bgr};
    float *whole = nans(3 * 64 * 64), *rows = nans(3 * 64 * 64);

    (void)state;
    fa_frame_to_chw(&frame, 64, 64, whole);
    for (int first = 0; first < 64; first += 16) {
        fa_frame_rows_to_chw(&frame, 64, 64, first, 16, rows);
        for (int c = 0; c < 3; c++) {
            const float *plane = rows + c * 64 * 64;

            assert_memory_equal(plane, whole + c * 64 * 64, (size_t)(first + 16) * 64 * sizeof *plane);
            for (int i = (first + 16) * 64; i < 64 * 64; i++)
                assert_true(isnan(plane[i]));
        }
    }
    fa_free(whole);
    fa_free(rows);
}

/* (0 - 123.675) / 58.395, (255 - 103.53) / 57.375 by hand. */
static void the_default_is_that_of_imagenet(void **state)
{
    const uint8_t pixel[3] = {0, 116, 255};
    const struct fa_frame frame = {.rgb = pixel, .w = 1, .h = 1, .normalize = fa_normalize_default};
    float chw[3];

    (void)state;
    fa_frame_to_chw(&frame, 1, 1, chw);
    assert_near(chw[0], -2.1179039, 1e-6);
    assert_near(chw[1], -0.0049020, 1e-6);
    assert_near(chw[2], 2.64, 1e-6);
}

/* OpenCV's own results for cv2.multiply(cv2.subtract(pixel, 1.7), 1 / 0.3) in float32, where rounding once
   would give other bits. */
static void the_difference_is_rounded_before_it_is_scaled(void **state)
{
    const uint8_t pixel[3] = {8, 23, 254};
    const struct fa_frame frame = {
        .rgb = pixel,
        .w = 1,
        .h = 1,
        .normalize = {.mean = {1.7f, 1.7f, 1.7f}, .std = {0.3f, 0.3f, 0.3f}, .to_rgb = true}};
    float chw[3];

    (void)state;
    fa_frame_to_chw(&frame, 1, 1, chw);
    assert_near(chw[0], 21, 0);
    assert_near(chw[1], 0x1.1bfffep+6, 0);
    assert_near(chw[2], 841, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_is_normalised_and_the_rest_is_zero),
        cmocka_unit_test(some_rows_are_those_of_the_whole_and_no_others_are_touched),
        cmocka_unit_test(the_default_is_that_of_imagenet),
        cmocka_unit_test(the_difference_is_rounded_before_it_is_scaled),
    };

    return cmocka_run_group_tests(tests, make_pixels, fa_test_memory_balances);
}
