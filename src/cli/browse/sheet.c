#include "sheet.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "fa/memory.h"

enum {
    SHEET_W = 2560, /* about */
    LARGEST_TILE = 640,
    SMALLEST_TILE = 320, /* in which labels, which cannot be smaller than the font, leave something to see */
    SPACE = 8,
    GAP = 32, /* more of it between groups, so that what belongs together is seen */
    CAPTION = 32
};

static int clamp(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* Enough for a sheet about as wide as it is high, in whole groups. */
static int choose_columns(size_t n, int group)
{
    const int square = (int)ceil(sqrt((double)n));
    const int columns = (square + group - 1) / group * group;

    return columns < (int)n ? columns : (int)n;
}

/* Left of a column. */
static int gaps(const struct fa_sheet *sheet, int column)
{
    return sheet->group > 1 ? column / sheet->group * GAP : 0;
}

fa_status fa_sheet_create(size_t n, int group, struct fa_sheet *out)
{
    int rows;
    size_t n_bytes;

    assert(n > 0 && n <= FA_SHEET_MOST);
    *out = (struct fa_sheet){.n = n, .group = group, .columns = choose_columns(n, group)};
    out->tile_w = clamp(SHEET_W / out->columns, SMALLEST_TILE, LARGEST_TILE);
    out->tile_h = 3 * out->tile_w / 4;
    out->row_h = out->tile_h + CAPTION + SPACE;
    rows = ((int)n - 1) / out->columns + 1;
    out->picture.w = out->columns * (out->tile_w + SPACE) + SPACE + gaps(out, out->columns - 1);
    out->picture.h = rows * out->row_h + SPACE;
    n_bytes = 3 * (size_t)out->picture.w * (size_t)out->picture.h;
    FA_TRY(fa_alloc(n_bytes, 1, &out->picture.rgb));
    memset(out->picture.rgb, 255, n_bytes);
    return FA_OK;
}

void fa_sheet_clear(struct fa_sheet *sheet)
{
    fa_picture_free(&sheet->picture);
    *sheet = (struct fa_sheet){0};
}

void fa_sheet_put(struct fa_sheet *sheet, size_t i, const struct fa_picture *picture)
{
    const int w = picture->w < sheet->tile_w ? picture->w : sheet->tile_w;
    const int h = picture->h < sheet->row_h - SPACE ? picture->h : sheet->row_h - SPACE;
    const int column = (int)i % sheet->columns;
    const int x = SPACE + column * (sheet->tile_w + SPACE) + gaps(sheet, column) + (sheet->tile_w - w) / 2;
    const int y = SPACE + (int)i / sheet->columns * sheet->row_h;

    assert(i < sheet->n);
    for (int row = 0; row < h; row++)
        memcpy(sheet->picture.rgb + 3 * ((size_t)(y + row) * (size_t)sheet->picture.w + (size_t)x),
               picture->rgb + 3 * (size_t)row * (size_t)picture->w, 3 * (size_t)w);
}
