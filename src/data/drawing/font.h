/*
 * font.h - a small bitmap font of our own: Latin letters and common punctuation.
 *
 * Letters with marks are not drawn one by one: a table says of which letter and which mark each consists, and
 * the mark is set above, below or beside the letter where its ink ends.
 */
#ifndef FA_DATA_FONT_H
#define FA_DATA_FONT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    FA_GLYPH_W = 8,
    FA_GLYPH_MARKS = 7, /* rows above capitals, for marks */
    FA_GLYPH_BODY = 9,  /* capitals have 7 of them; the last two are for what hangs below the line */
    FA_GLYPH_H = FA_GLYPH_MARKS + FA_GLYPH_BODY + 3
};

struct fa_glyph {
    uint8_t rows[FA_GLYPH_H]; /* from the top; bit 7 is the leftmost pixel */
};

/* The glyph of a Unicode code point; false where the font has none, and then it is a hollow box. */
bool fa_glyph_find(uint32_t point, struct fa_glyph *glyph);

/* The glyph of a code point under a combining mark (U+0300 and on), or false if that is none that we know. */
bool fa_glyph_find_marked(uint32_t base, uint32_t mark, struct fa_glyph *glyph);

/* Sets one more combining mark on a glyph; false, and nothing done, if it is none that we know. */
bool fa_glyph_mark(uint32_t mark, struct fa_glyph *glyph);

/* The columns from the first inked one to the last; 0 of a glyph without ink. */
int fa_glyph_extent(const struct fa_glyph *glyph, int *first);

/* ---- the tables, each in order of code points: font_glyphs.c, font_composed.c ---- */

struct fa_drawn_glyph {
    uint16_t point;
    uint8_t rows[FA_GLYPH_BODY];
};
extern const struct fa_drawn_glyph fa_drawn_glyphs[];
extern const int fa_n_drawn_glyphs;

struct fa_composed_glyph {
    uint16_t point, base, mark; /* mark 0: looks as base does */
};
extern const struct fa_composed_glyph fa_composed_glyphs[];
extern const int fa_n_composed_glyphs;

#endif
