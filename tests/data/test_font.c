/* The font: which characters it has, and how letters and marks come together. */
#include <stdio.h>
#include <string.h>

#include "drawing/font.h"
#include "support.h"

static struct fa_glyph glyph_of(uint32_t point)
{
    struct fa_glyph glyph;

    if (!fa_glyph_find(point, &glyph))
        fail_msg("the font lacks U+%04X", point);
    return glyph;
}

static bool is_same(const struct fa_glyph *a, const struct fa_glyph *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool has_ink(const struct fa_glyph *glyph)
{
    int first;

    return fa_glyph_extent(glyph, &first) > 0;
}

static int n_inked_rows(const struct fa_glyph *glyph)
{
    int n = 0;

    for (int y = 0; y < FA_GLYPH_H; y++)
        n += glyph->rows[y] != 0;
    return n;
}

static void all_of_latin_1_and_extended_a_have_ink_of_their_own(void **state)
{
    struct fa_glyph before = glyph_of(' ');

    (void)state;
    for (uint32_t point = 0x21; point <= 0x17F; point++) {
        struct fa_glyph glyph;

        if (point >= 0x7F && point <= 0xA0) /* orders, and a blank */
            continue;
        glyph = glyph_of(point);
        if (!has_ink(&glyph))
            fail_msg("U+%04X has no ink", point);
        if (is_same(&glyph, &before))
            fail_msg("U+%04X looks like the one before it", point);
        before = glyph;
    }
}

static void vietnamese_and_common_punctuation_are_there(void **state)
{
    static const uint32_t others[] = {0x01A0, 0x01A1, 0x01AF, 0x01B0, 0x0218, 0x0219, 0x021A, 0x021B,
                                      0x0192, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D,
                                      0x201E, 0x2020, 0x2022, 0x2026, 0x2030, 0x2039, 0x203A, 0x20AC,
                                      0x2122, 0x2212, 0x2264, 0x2265, 0x1E9E};

    (void)state;
    for (uint32_t point = 0x1EA0; point <= 0x1EF9; point++)
        (void)glyph_of(point);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        (void)glyph_of(others[i]);
}

static void what_the_font_lacks_is_a_hollow_box(void **state)
{
    static const uint32_t strangers[] = {0, '\n', 0x7F, 0x9F, 0x0416, 0x4E2D, 0xFFFD, 0x1F600, 0x10FFFF};
    struct fa_glyph box, glyph;

    (void)state;
    assert_false(fa_glyph_find(0xFFFD, &box));
    assert_int_equal(box.rows[FA_GLYPH_MARKS], 0xF8);
    assert_int_equal(box.rows[FA_GLYPH_MARKS + 3], 0x88);
    assert_int_equal(box.rows[FA_GLYPH_MARKS + 6], 0xF8);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        assert_false(fa_glyph_find(strangers[i], &glyph));
        assert_true(is_same(&glyph, &box));
    }
    glyph = glyph_of('?');
    assert_false(is_same(&glyph, &box));
}

static void a_mark_leaves_its_letter_as_it_is(void **state)
{
    static const struct {
        uint32_t letter, marked;
    } pairs[] = {{'e', 0xE9},  {'A', 0xC4},  {'n', 0xF1},  {'c', 0xE7},
                 {'a', 0x105}, {'O', 0x150}, {'y', 0x1EF5}};

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const struct fa_glyph letter = glyph_of(pairs[i].letter), marked = glyph_of(pairs[i].marked);

        assert_true(n_inked_rows(&marked) > n_inked_rows(&letter));
        for (int y = 0; y < FA_GLYPH_H; y++)
            assert_int_equal(marked.rows[y] & letter.rows[y], letter.rows[y]);
    }
}

static void marks_stand_over_each_other(void **state)
{
    const struct fa_glyph plain = glyph_of('e'), one = glyph_of(0xEA), two = glyph_of(0x1EBF);

    (void)state;
    assert_true(n_inked_rows(&plain) < n_inked_rows(&one));
    assert_true(n_inked_rows(&one) < n_inked_rows(&two));
}

static void i_loses_its_dot_to_a_mark_above_and_not_to_one_below(void **state)
{
    struct fa_glyph composed = glyph_of(0xED), dotless = glyph_of(0x131), dotted = glyph_of('i');

    (void)state;
    assert_true(fa_glyph_mark(0x301, &dotless));
    assert_true(is_same(&composed, &dotless));
    composed = glyph_of(0x1ECB);
    assert_true(fa_glyph_mark(0x323, &dotted));
    assert_true(is_same(&composed, &dotted));
}

static void the_tables_are_in_order_and_lead_to_glyphs(void **state)
{
    (void)state;
    for (int i = 1; i < fa_n_drawn_glyphs; i++)
        assert_true(fa_drawn_glyphs[i - 1].point < fa_drawn_glyphs[i].point);
    for (int i = 0; i < fa_n_composed_glyphs; i++) {
        assert_true(i == 0 || fa_composed_glyphs[i - 1].point < fa_composed_glyphs[i].point);
        (void)glyph_of(fa_composed_glyphs[i].point);
    }
}

static void no_two_letters_look_alike_unless_the_table_says_so(void **state)
{
    (void)state;
    for (int i = 0; i < fa_n_composed_glyphs; i++) {
        const struct fa_glyph glyph = glyph_of(fa_composed_glyphs[i].point);

        if (fa_composed_glyphs[i].mark == 0)
            continue;
        for (int j = 0; j < i; j++) {
            const struct fa_glyph other = glyph_of(fa_composed_glyphs[j].point);

            if (fa_composed_glyphs[j].mark != 0 && is_same(&glyph, &other))
                fail_msg("U+%04X looks like U+%04X", fa_composed_glyphs[i].point,
                         fa_composed_glyphs[j].point);
        }
        for (int j = 0; j < fa_n_drawn_glyphs; j++) {
            const struct fa_glyph other = glyph_of(fa_drawn_glyphs[j].point);

            if (is_same(&glyph, &other))
                fail_msg("U+%04X looks like U+%04X", fa_composed_glyphs[i].point, fa_drawn_glyphs[j].point);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_latin_1_and_extended_a_have_ink_of_their_own),
        cmocka_unit_test(vietnamese_and_common_punctuation_are_there),
        cmocka_unit_test(what_the_font_lacks_is_a_hollow_box),
        cmocka_unit_test(a_mark_leaves_its_letter_as_it_is),
        cmocka_unit_test(marks_stand_over_each_other),
        cmocka_unit_test(i_loses_its_dot_to_a_mark_above_and_not_to_one_below),
        cmocka_unit_test(the_tables_are_in_order_and_lead_to_glyphs),
        cmocka_unit_test(no_two_letters_look_alike_unless_the_table_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, fa_test_memory_balances);
}
