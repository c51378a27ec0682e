/* The network's input: flip, normalise, pad. */
#include <math.h>

#include "fa/memory.h"
#include "pattern.h"
#include "support.h"

/* The value by the fact sheet's formula, section 6.4. */
static float normalised(uint8_t p, float mean, float std)
{
    return (float)((double)((float)p - mean) * (1 / (double)std));
}

static void check_tensor(const struct fa_picture *picture, const struct fa_normalize *normalize,
                         struct fa_flip flip, int h, int w)
{
    float *chw;

    assert_ok(fa_alloc((size_t)(3 * h * w), sizeof *chw, &chw));
    for (int i = 0; i < 3 * h * w; i++)
        chw[i] = NAN;
    fa_picture_to_tensor(picture, normalize, flip, h, w, chw);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                int source_x = flip.horizontal ? picture->w - 1 - x : x;
                int source_y = flip.vertical ? picture->h - 1 - y : y;
                int channel = normalize->to_rgb ? c : 2 - c;
                bool inside = x < picture->w && y < picture->h;
                float want = inside
                                 ? normalised(picture->rgb[3 * (source_y * picture->w + source_x) + channel],
                                              normalize->mean[c], normalize->std[c])
                                 : 0;

                assert_true(chw[(c * h + y) * w + x] == want);
            }
    fa_free(chw);
}

static void every_pixel_is_normalised_and_the_rest_is_zero(void **state)
{
    struct fa_normalize bgr = {
        .mean = {103.530f, 116.280f, 123.675f}, .std = {1, 2, 57.375f}, .to_rgb = false};
    struct fa_picture picture = pattern_picture(45, 31);

    (void)state;
    for (int flips = 0; flips < 4; flips++) {
        const struct fa_flip flip = {flips % 2, flips / 2};

        check_tensor(&picture, &fa_normalize_default, flip, 32, 64);
        check_tensor(&picture, &fa_normalize_default, flip, 31, 45);
        check_tensor(&picture, &bgr, flip, 64, 64);
    }
    fa_picture_free(&picture);
}

/* (0 - 123.675) / 58.395, (255 - 103.53) / 57.375 by hand. */
static void the_default_is_that_of_imagenet(void **state)
{
    uint8_t pixel[3] = {0, 116, 255};
    const struct fa_picture picture = {.w = 1, .h = 1, .rgb = pixel};
    float chw[3];

    (void)state;
    fa_picture_to_tensor(&picture, &fa_normalize_default, (struct fa_flip){0}, 1, 1, chw);
    assert_near(chw[0], -2.1179039, 1e-6);
    assert_near(chw[1], -0.0049020, 1e-6);
    assert_near(chw[2], 2.64, 1e-6);
}

/* OpenCV's own results for cv2.multiply(cv2.subtract(pixel, 1.7), 1 / 0.3) in float32, where rounding once
   would give other bits. */
static void the_difference_is_rounded_before_it_is_scaled(void **state)
{
    const struct fa_normalize normalize = {
        .mean = {1.7f, 1.7f, 1.7f}, .std = {0.3f, 0.3f, 0.3f}, .to_rgb = true};
    uint8_t pixel[3] = {8, 23, 254};
    const struct fa_picture picture = {.w = 1, .h = 1, .rgb = pixel};
    float chw[3];

    (void)state;
    fa_picture_to_tensor(&picture, &normalize, (struct fa_flip){0}, 1, 1, chw);
    assert_near(chw[0], 21, 0);
    assert_near(chw[1], 0x1.1bfffep+6, 0);
    assert_near(chw[2], 841, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_is_normalised_and_the_rest_is_zero),
        cmocka_unit_test(the_default_is_that_of_imagenet),
        cmocka_unit_test(the_difference_is_rounded_before_it_is_scaled),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
