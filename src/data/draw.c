/* Boxes and labels drawn into a picture; whatever lies outside of it is cut off. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "font.h"
#include "picture.h"

#define MARGIN 1 /* of ground around a glyph's cell, in font pixels */

static int at_least(int a, int least)
{
    return a > least ? a : least;
}

static int at_most(int a, int most)
{
    return a < most ? a : most;
}

/* Columns x0 .. x1 - 1 of rows y0 .. y1 - 1. */
static void fill(struct fa_picture *picture, int x0, int y0, int x1, int y1, const uint8_t rgb[3])
{
    x0 = at_least(x0, 0);
    y0 = at_least(y0, 0);
    x1 = at_most(x1, picture->w);
    y1 = at_most(y1, picture->h);
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
            memcpy(fa_picture_row(picture, y) + 3 * (size_t)x, rgb, 3);
}

/* Detections may reach far outside; one step outside is as good. */
static int pixel(float coordinate, int size, int thickness)
{
    return (int)lrintf(fminf(fmaxf(coordinate, (float)-thickness), (float)(size + thickness)));
}

void fa_picture_draw_box(struct fa_picture *picture, const float box[4], int thickness, const uint8_t rgb[3])
{
    int x0 = pixel(box[0], picture->w, thickness), y0 = pixel(box[1], picture->h, thickness);
    int x1 = pixel(box[2], picture->w, thickness), y1 = pixel(box[3], picture->h, thickness);

    assert(thickness >= 1);
    fill(picture, x0, y0, x1, at_most(y0 + thickness, y1), rgb);
    fill(picture, x0, at_least(y1 - thickness, y0), x1, y1, rgb);
    fill(picture, x0, y0, at_most(x0 + thickness, x1), y1, rgb);
    fill(picture, at_least(x1 - thickness, x0), y0, x1, y1, rgb);
}

static void draw_glyph(struct fa_picture *picture, int x, int y, int scale, const uint8_t ink[3],
                       char character)
{
    for (int v = 0; v < FA_GLYPH_H; v++)
        for (int u = 0; u < FA_GLYPH_W; u++)
            if (fa_glyph_pixel(character, u, v))
                fill(picture, x + u * scale, y + v * scale, x + (u + 1) * scale, y + (v + 1) * scale, ink);
}

void fa_picture_draw_text(struct fa_picture *picture, int x, int y, int scale, const uint8_t ink[3],
                          const uint8_t ground[3], const char *text)
{
    int w, h;

    fa_text_size(scale, text, &w, &h);
    fill(picture, x, y, x + w, y + h, ground);
    x += MARGIN * scale;
    y += MARGIN * scale;
    for (; *text != '\0' && x < picture->w; text++, x += (FA_GLYPH_W + 1) * scale)
        draw_glyph(picture, x, y, scale, ink, *text);
}

/* One font pixel lies between two glyphs. */
void fa_text_size(int scale, const char *text, int *w, int *h)
{
    int n = (int)strlen(text);

    assert(scale >= 1);
    *w = (n * (FA_GLYPH_W + 1) - (n > 0) + 2 * MARGIN) * scale;
    *h = (FA_GLYPH_H + 2 * MARGIN) * scale;
}
