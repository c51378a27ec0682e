/* Box outlines and labels. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "images/picture.h"
#include "support.h"

static const uint8_t white[3] = {255, 255, 255}, red[3] = {255, 0, 0};

static struct fa_picture black_picture(int w, int h)
{
    struct fa_picture picture;

    assert_ok(fa_picture_alloc(w, h, &picture));
    memset(picture.rgb, 0, (size_t)w * (size_t)h * 3);
    return picture;
}

/* '.' black, 'r' red, 'w' white, '?' other. */
static char seen(const struct fa_picture *picture, int x, int y)
{
    const uint8_t *p = fa_picture_row(picture, y) + 3 * x;

    if (memcmp(p, white, 3) == 0)
        return 'w';
    if (memcmp(p, red, 3) == 0)
        return 'r';
    return p[0] == 0 && p[1] == 0 && p[2] == 0 ? '.' : '?';
}

static void assert_looks_like(struct fa_picture *picture, const char *const rows[])
{
    for (int y = 0; y < picture->h; y++)
        for (int x = 0; x < picture->w; x++)
            if (seen(picture, x, y) != rows[y][x])
                fail_msg("pixel %d, %d is '%c', not '%c'", x, y, seen(picture, x, y), rows[y][x]);
    fa_picture_free(picture);
}

static void an_outline_lies_within_its_box(void **state)
{
    static const char *const want[] = {"........", ".rrrrrr.", ".r....r.",
                                       ".r....r.", ".rrrrrr.", "........"};
    const float box[4] = {1.2f, 0.9f, 7.0f, 5.4f};
    struct fa_picture picture = black_picture(8, 6);

    (void)state;
    fa_picture_draw_box(&picture, box, 1, red);
    assert_looks_like(&picture, want);
}

static void an_outline_thicker_than_its_box_fills_it(void **state)
{
    static const char *const want[] = {".....", ".rr..", ".rr..", "....."};
    const float box[4] = {1, 1, 3, 3};
    struct fa_picture picture = black_picture(5, 4);

    (void)state;
    fa_picture_draw_box(&picture, box, 4, red);
    assert_looks_like(&picture, want);
}

static void what_lies_outside_is_cut_off(void **state)
{
    static const char *const want[] = {"..r.", "..r.", "rrr."};
    const float box[4] = {-1e30f, -7, 3, 3}, far[4] = {100, 100, INFINITY, 200},
                none[4] = {NAN, NAN, NAN, NAN};
    struct fa_picture picture = black_picture(4, 3);

    (void)state;
    fa_picture_draw_box(&picture, box, 1, red);
    fa_picture_draw_box(&picture, far, 2, red);
    fa_picture_draw_box(&picture, none, 1, red);
    fa_picture_draw_text(&picture, -40, -40, 3, white, red, "outside");
    fa_picture_draw_text(&picture, 40, 1, 1, white, red, "outside");
    assert_looks_like(&picture, want);
}

static void text_is_ink_on_a_filled_ground(void **state)
{
    static const char *const want[] = {
        "rrrrrrrrrrrr", "rwwwwwrrrrrr", "rwrrrrrrrrrr", "rwrrrrrwrwwr", "rwwwwrrwwrrr", "rwrrrrrwrrrr",
        "rwrrrrrwrrrr", "rwrrrrrwrrrr", "rrrrrrrrrrrr", "rrrrrrrrrrrr", "rrrrrrrrrrrr",
    };
    struct fa_picture picture;
    int w, h;

    (void)state;
    fa_text_size(1, "Fr", &w, &h);
    assert_int_equal(w, 12);
    assert_int_equal(h, 11);
    picture = black_picture(w, h);
    fa_picture_draw_text(&picture, 0, 0, 1, white, red, "Fr");
    assert_looks_like(&picture, want);
}

static void a_mark_above_a_capital_makes_the_line_taller(void **state)
{
    static const char *const want[] = {
        "rrrrr", "rrrwr", "rrwrr", "rrrrr", "rwwwr", "rrwrr", "rrwrr",
        "rrwrr", "rrwrr", "rrwrr", "rwwwr", "rrrrr", "rrrrr", "rrrrr",
    };
    struct fa_picture picture;
    int w, h;

    (void)state;
    fa_text_size(1, "\xC3\x8D", &w, &h);
    assert_int_equal(w, 5);
    assert_int_equal(h, 14);
    picture = black_picture(w, h);
    fa_picture_draw_text(&picture, 0, 0, 1, white, red, "\xC3\x8D");
    assert_looks_like(&picture, want);
}

static void assert_look_alike(const char *text, const char *other)
{
    struct fa_picture a = black_picture(60, 40), b = black_picture(60, 40);

    fa_picture_draw_text(&a, 1, 1, 2, white, red, text);
    fa_picture_draw_text(&b, 1, 1, 2, white, red, other);
    if (memcmp(a.rgb, b.rgb, 60 * 40 * 3) != 0)
        fail_msg("\"%s\" does not look like \"%s\"", text, other);
    fa_picture_free(&a);
    fa_picture_free(&b);
}

static void each_run_of_bytes_that_are_no_text_is_one_box(void **state)
{
    static const char box[] = "\xEF\xBF\xBD";
    char text[32];

    (void)state;
    assert_look_alike("\n", box);
    assert_look_alike("\xFF\xFE\xC3", box);
    assert_look_alike("a\xC3(\x80\x80z", "a\xEF\xBF\xBD(\xEF\xBF\xBDz");
    snprintf(text, sizeof text, "%s%s", box, box);
    assert_look_alike("\xE6\x97\xA5\xE6\x9C\xAC", text);
}

static void marks_that_follow_their_letter_are_set_on_it(void **state)
{
    (void)state;
    assert_look_alike("e\xCC\x81", "\xC3\xA9");
    assert_look_alike("i\xCC\x88", "\xC3\xAF");
    assert_look_alike("e\xCC\x82\xCC\x81x", "\xE1\xBA\xBFx");
}

static void every_printable_character_has_a_look_of_its_own(void **state)
{
    uint8_t looks[95][7 * 10 * 3];

    (void)state;
    for (int i = 0; i < 95; i++) {
        const char text[2] = {(char)(' ' + i), '\0'};
        struct fa_picture picture = black_picture(7, 10);

        fa_picture_draw_text(&picture, 0, 0, 1, white, red, text);
        memcpy(looks[i], picture.rgb, sizeof looks[i]);
        fa_picture_free(&picture);
        for (int j = 0; j < i; j++)
            if (memcmp(looks[i], looks[j], sizeof looks[i]) == 0)
                fail_msg("'%c' looks like '%c'", ' ' + i, ' ' + j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outline_lies_within_its_box),
        cmocka_unit_test(an_outline_thicker_than_its_box_fills_it),
        cmocka_unit_test(what_lies_outside_is_cut_off),
        cmocka_unit_test(text_is_ink_on_a_filled_ground),
        cmocka_unit_test(a_mark_above_a_capital_makes_the_line_taller),
        cmocka_unit_test(each_run_of_bytes_that_are_no_text_is_one_box),
        cmocka_unit_test(marks_that_follow_their_letter_are_set_on_it),
        cmocka_unit_test(every_printable_character_has_a_look_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
