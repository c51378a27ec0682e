/* draw_text.c - a line of text drawn into a picture: UTF-8 becomes glyphs, set beside each other by their
 * ink. */
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "draw.h"
#include "fa/printable.h"
#include "font.h"

/* In font pixels. */
enum {
    MARGIN = 1,          /* of ground around the text */
    GAP = 1,             /* between glyphs */
    BLANK = 3,           /* the width of what has no ink */
    REPLACEMENT = 0xFFFD /* not in the font, so it is a box */
};

/* ---- from bytes to glyphs ---- */

static size_t read_point(const char *text, uint32_t *point)
{
    return fa_utf8_read(text, strnlen(text, 4), point);
}

/* Bytes that are no UTF-8 are one replacement character, however many follow each other. */
static uint32_t take_point(const char **text)
{
    uint32_t point = REPLACEMENT;
    size_t n = read_point(*text, &point);

    if (n > 0) {
        *text += n;
        return point;
    }
    while (**text != '\0' && read_point(*text, &point) == 0)
        ++*text;
    return REPLACEMENT;
}

/* The next character with the marks that follow it; false at the end of the text. */
static bool take_glyph(const char **text, struct fa_glyph *glyph)
{
    uint32_t base, mark;
    size_t n;

    if (**text == '\0')
        return false;
    base = take_point(text);
    n = **text != '\0' ? read_point(*text, &mark) : 0;
    if (n == 0 || !fa_glyph_find_marked(base, mark, glyph)) {
        fa_glyph_find(base, glyph);
        return true;
    }
    do
        *text += n;
    while (**text != '\0' && (n = read_point(*text, &mark)) > 0 && fa_glyph_mark(mark, glyph));
    return true;
}

/* ---- the size of a text ---- */

/* In font pixels, without margins; rows as in glyphs. */
struct extent {
    int w, top, bottom;
};

static void add_rows(const struct fa_glyph *glyph, struct extent *extent)
{
    for (int y = 0; y < FA_GLYPH_H; y++) {
        if (glyph->rows[y] == 0)
            continue;
        extent->top = y < extent->top ? y : extent->top;
        extent->bottom = y >= extent->bottom ? y + 1 : extent->bottom;
    }
}

/* Room for capitals and for what hangs below the line is always there, so that labels are of one height; for
   marks above and below these only where there are some. */
static struct extent measure(const char *text)
{
    struct extent extent = {.top = FA_GLYPH_MARKS, .bottom = FA_GLYPH_MARKS + FA_GLYPH_BODY};
    struct fa_glyph glyph;

    while (take_glyph(&text, &glyph)) {
        int first, w = fa_glyph_extent(&glyph, &first);

        extent.w += (extent.w > 0 ? GAP : 0) + (w > 0 ? w : BLANK);
        add_rows(&glyph, &extent);
    }
    return extent;
}

void fa_text_size(int scale, const char *text, int *w, int *h)
{
    const struct extent extent = measure(text);

    assert(scale >= 1);
    *w = (extent.w + 2 * MARGIN) * scale;
    *h = (extent.bottom - extent.top + 2 * MARGIN) * scale;
}

/* ---- drawing ---- */

static void draw_glyph(struct fa_picture *picture, int x, int y, int scale, const uint8_t ink[3],
                       const struct fa_glyph *glyph)
{
    for (int v = 0; v < FA_GLYPH_H; v++)
        for (int u = 0; u < FA_GLYPH_W; u++)
            if (glyph->rows[v] & 0x80 >> u)
                fa_picture_fill(picture, x + u * scale, y + v * scale, x + (u + 1) * scale,
                                y + (v + 1) * scale, ink);
}

void fa_picture_draw_text(struct fa_picture *picture, int x, int y, int scale, const uint8_t ink[3],
                          const uint8_t ground[3], const char *text)
{
    const struct extent extent = measure(text);
    struct fa_glyph glyph;
    int w, h;

    fa_text_size(scale, text, &w, &h);
    fa_picture_fill(picture, x, y, x + w, y + h, ground);
    x += MARGIN * scale;
    y += (MARGIN - extent.top) * scale;
    while (x < picture->w && take_glyph(&text, &glyph)) {
        int first, columns = fa_glyph_extent(&glyph, &first);

        draw_glyph(picture, x - first * scale, y, scale, ink, &glyph);
        x += ((columns > 0 ? columns : BLANK) + GAP) * scale;
    }
}
