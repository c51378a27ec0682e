/* Resizing against OpenCV (golden/make_resizes.py), and the size that keeps the aspect ratio. */
#include "fa/memory.h"
#include "images/picture.h"
#include "pattern.h"
#include "support.h"

struct golden_resize {
    int w, h, new_w, new_h;
    uint8_t middle[3];
    uint32_t crc;
};

#include "golden/resizes.h"

static void resizing_gives_the_bits_of_opencv(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden_resizes / sizeof golden_resizes[0]; i++) {
        const struct golden_resize *want = &golden_resizes[i];
        struct fa_picture in = pattern_picture(want->w, want->h), out;

        assert_ok(fa_picture_resize(&in, want->new_w, want->new_h, &out));
        assert_int_equal(out.w, want->new_w);
        assert_int_equal(out.h, want->new_h);
        assert_memory_equal(fa_picture_row(&out, out.h / 2) + 3 * (out.w / 2), want->middle, 3);
        if (pattern_crc(&out) != want->crc)
            fail_msg("%d x %d to %d x %d differs from OpenCV's", in.w, in.h, out.w, out.h);
        fa_picture_free(&in);
        fa_picture_free(&out);
    }
}

/* Two columns of 0 and 100 stretched to four: positions -.25, .25, .75, 1.25 clamped to the border, so
   weights of 100 are 0, .25, .75, 1. */
static void columns_are_mixed_by_distance_of_their_centres(void **state)
{
    uint8_t pixels[6] = {0, 0, 0, 100, 100, 100};
    const struct fa_picture in = {.w = 2, .h = 1, .rgb = pixels};
    const uint8_t want[4] = {0, 25, 75, 100};
    struct fa_picture out;

    (void)state;
    assert_ok(fa_picture_resize(&in, 4, 1, &out));
    for (int x = 0; x < 4; x++)
        assert_int_equal(out.rgb[3 * x], want[x]);
    fa_picture_free(&out);
}

/* Fact sheet, section 6.3. */
static void the_ratio_is_kept_within_both_scales(void **state)
{
    static const int cases[][4] = {{640, 480, 1067, 800}, {500, 375, 1067, 800},  {427, 640, 800, 1199},
                                   {100, 2000, 67, 1333}, {1333, 800, 1333, 800}, {3000, 1, 1333, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int swapped = 0; swapped < 2; swapped++) {
            int w, h;

            fa_keep_ratio_size(cases[i][0], cases[i][1], swapped ? 800 : 1333, swapped ? 1333 : 800, &w, &h);
            assert_int_equal(w, cases[i][2]);
            assert_int_equal(h, cases[i][3]);
        }
}

static void exhausted_memory_is_reported_and_nothing_leaks(void **state)
{
    struct fa_picture in = pattern_picture(20, 10), out;

    (void)state;
    for (long n = 1; n <= 3; n++) { /* pixels, taps, stretched rows */
        fa_memory_fail_after(n);
        assert_fails(fa_picture_resize(&in, 33, 7, &out), FA_ENOMEM);
        assert_null(out.rgb);
    }
    fa_memory_fail_after(0);
    fa_picture_free(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resizing_gives_the_bits_of_opencv),
        cmocka_unit_test(columns_are_mixed_by_distance_of_their_centres),
        cmocka_unit_test(the_ratio_is_kept_within_both_scales),
        cmocka_unit_test(exhausted_memory_is_reported_and_nothing_leaks),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
