#include "font.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { LETTER_W = 5 }; /* what marks are drawn for; few letters are wider */

/* ---- ink ---- */

static uint8_t columns_of(const struct fa_glyph *glyph)
{
    uint8_t columns = 0;

    for (int y = 0; y < FA_GLYPH_H; y++)
        columns |= glyph->rows[y];
    return columns;
}

int fa_glyph_extent(const struct fa_glyph *glyph, int *first)
{
    const uint8_t columns = columns_of(glyph);
    int last = FA_GLYPH_W - 1;

    *first = 0;
    if (columns == 0)
        return 0;
    while ((columns & 0x80 >> *first) == 0)
        ++*first;
    while ((columns & 0x80 >> last) == 0)
        last--;
    return last - *first + 1;
}

static int top_of(const struct fa_glyph *glyph)
{
    int y = 0;

    while (y < FA_GLYPH_H - 1 && glyph->rows[y] == 0)
        y++;
    return y;
}

static int bottom_of(const struct fa_glyph *glyph)
{
    int y = FA_GLYPH_H - 1;

    while (y > 0 && glyph->rows[y] == 0)
        y--;
    return y;
}

/* ---- marks ---- */

enum place { ABOVE, BELOW, ATTACHED, HORN }; /* above and below leave a row free, the others touch */

enum { MARK_H = 3 };

struct mark {
    uint16_t point;
    enum place place;
    uint8_t rows[MARK_H]; /* those above end in the last row, the others begin in the first */
};

/* clang-format off */
static const struct mark marks[] = {
    {0x300, ABOVE, {0x00, 0x40, 0x20}}, /* grave accent */
    {0x301, ABOVE, {0x00, 0x10, 0x20}}, /* acute accent */
    {0x302, ABOVE, {0x00, 0x20, 0x50}}, /* circumflex accent */
    {0x303, ABOVE, {0x00, 0x68, 0x90}}, /* tilde */
    {0x304, ABOVE, {0x00, 0x00, 0x70}}, /* macron */
    {0x306, ABOVE, {0x00, 0x88, 0x70}}, /* breve */
    {0x307, ABOVE, {0x00, 0x00, 0x20}}, /* dot above */
    {0x308, ABOVE, {0x00, 0x00, 0x50}}, /* diaeresis */
    {0x309, ABOVE, {0x60, 0x10, 0x20}}, /* hook above */
    {0x30A, ABOVE, {0x20, 0x50, 0x20}}, /* ring above */
    {0x30B, ABOVE, {0x00, 0x28, 0x50}}, /* double acute accent */
    {0x30C, ABOVE, {0x00, 0x50, 0x20}}, /* caron */
    {0x30F, ABOVE, {0x00, 0xA0, 0x50}}, /* double grave accent */
    {0x311, ABOVE, {0x00, 0x70, 0x88}}, /* inverted breve */
    {0x312, ABOVE, {0x10, 0x20, 0x30}}, /* turned comma above */
    {0x31B, HORN, {0x04, 0x08, 0x00}}, /* horn */
    {0x323, BELOW, {0x20, 0x00, 0x00}}, /* dot below */
    {0x324, BELOW, {0x50, 0x00, 0x00}}, /* diaeresis below */
    {0x325, BELOW, {0x20, 0x50, 0x20}}, /* ring below */
    {0x326, BELOW, {0x20, 0x40, 0x00}}, /* comma below */
    {0x327, ATTACHED, {0x20, 0x60, 0x00}}, /* cedilla */
    {0x328, ATTACHED, {0x10, 0x18, 0x00}}, /* ogonek */
    {0x32D, BELOW, {0x20, 0x50, 0x00}}, /* circumflex accent below */
    {0x32E, BELOW, {0x88, 0x70, 0x00}}, /* breve below */
    {0x330, BELOW, {0x68, 0x90, 0x00}}, /* tilde below */
    {0x331, BELOW, {0x70, 0x00, 0x00}}, /* macron below */
};
/* clang-format on */

static const struct mark *find_mark(uint32_t point)
{
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (marks[i].point == point)
            return &marks[i];
    return NULL;
}

static int first_row(const struct mark *mark, const struct fa_glyph *glyph)
{
    switch (mark->place) {
    case ABOVE:
        return top_of(glyph) - 1 - MARK_H;
    case BELOW:
        return bottom_of(glyph) + 2;
    case ATTACHED:
        return bottom_of(glyph) + 1;
    default:
        return top_of(glyph) - 1;
    }
}

bool fa_glyph_mark(uint32_t point, struct fa_glyph *glyph)
{
    const struct mark *mark = find_mark(point);
    int left, right, shift, y;

    if (mark == NULL)
        return false;
    right = fa_glyph_extent(glyph, &left) + left;
    shift = right > LETTER_W ? (right - LETTER_W + 1) / 2 : 0;
    y = first_row(mark, glyph);
    for (int k = 0; k < MARK_H; k++, y++)
        if (y >= 0 && y < FA_GLYPH_H)
            glyph->rows[y] |= (uint8_t)(mark->rows[k] >> shift);
    return true;
}

/* ---- glyphs ---- */

/* All tables begin an entry with its code point. */
static int compare_points(const void *key, const void *entry)
{
    const uint16_t point = *(const uint16_t *)key, other = *(const uint16_t *)entry;

    return (point > other) - (point < other);
}

static const void *find(uint32_t point, const void *table, int n, size_t size)
{
    const uint16_t key = (uint16_t)point;

    return point > UINT16_MAX ? NULL : bsearch(&key, table, (size_t)n, size, compare_points);
}

/* i and j lose their dot to a mark above. */
static uint32_t undotted(uint32_t base, enum place place)
{
    if (place != ABOVE)
        return base;
    return base == 'i' ? 0x0131 : base == 'j' ? 0x0237 : base;
}

bool fa_glyph_find_marked(uint32_t base, uint32_t point, struct fa_glyph *glyph)
{
    const struct mark *mark = find_mark(point);

    if (mark == NULL)
        return false;
    fa_glyph_find(undotted(base, mark->place), glyph);
    return fa_glyph_mark(point, glyph);
}

static bool find_composed(uint32_t point, struct fa_glyph *glyph)
{
    const struct fa_composed_glyph *composed =
        find(point, fa_composed_glyphs, fa_n_composed_glyphs, sizeof *fa_composed_glyphs);

    if (composed == NULL)
        return false;
    return composed->mark == 0 ? fa_glyph_find(composed->base, glyph)
                               : fa_glyph_find_marked(composed->base, composed->mark, glyph);
}

static void draw_box(struct fa_glyph *glyph)
{
    *glyph = (struct fa_glyph){{0}};
    for (int y = 0; y < FA_GLYPH_BODY - 2; y++)
        glyph->rows[FA_GLYPH_MARKS + y] = y == 0 || y == FA_GLYPH_BODY - 3 ? 0xF8 : 0x88;
}

bool fa_glyph_find(uint32_t point, struct fa_glyph *glyph)
{
    const struct fa_drawn_glyph *drawn =
        find(point, fa_drawn_glyphs, fa_n_drawn_glyphs, sizeof *fa_drawn_glyphs);

    *glyph = (struct fa_glyph){{0}};
    if (drawn != NULL) {
        memcpy(glyph->rows + FA_GLYPH_MARKS, drawn->rows, sizeof drawn->rows);
        return true;
    }
    if (find_composed(point, glyph))
        return true;
    draw_box(glyph);
    return false;
}
