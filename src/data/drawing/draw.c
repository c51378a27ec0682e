/* Boxes drawn into a picture; whatever lies outside of it is cut off. */
#include "draw.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "images/picture.h"

static int at_least(int a, int least)
{
    return a > least ? a : least;
}

static int at_most(int a, int most)
{
    return a < most ? a : most;
}

void fa_picture_fill(struct fa_picture *picture, int x0, int y0, int x1, int y1, const uint8_t rgb[3])
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
    fa_picture_fill(picture, x0, y0, x1, at_most(y0 + thickness, y1), rgb);
    fa_picture_fill(picture, x0, at_least(y1 - thickness, y0), x1, y1, rgb);
    fa_picture_fill(picture, x0, y0, at_most(x0 + thickness, x1), y1, rgb);
    fa_picture_fill(picture, at_least(x1 - thickness, x0), y0, x1, y1, rgb);
}
