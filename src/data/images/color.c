/*
 * color.c - colours in float32, a block of pixels at a time, their channels apart so that loops vectorise.
 *
 * Saturation and hue are changed in OpenCV's HSV: v = max(r, g, b), s = (v - min) / v, h in degrees. Where
 * neither changes, the way there and back is left out, and what remains treats the channels alike: one table
 * of 256 levels. (OpenCV's way back lightens a pixel that brightness took below 0 in all channels; so does
 * ours, where it is gone.)
 */
#include "color.h"

#include <float.h>
#include <math.h>

#include "fa/vector.h"
#include "picture.h"

enum { BLOCK = 256 };

struct block {
    float channel[3][BLOCK];
};

static uint8_t to_level(float value)
{
    const float cut = value < 0 ? 0 : value > 255 ? 255 : value;

    return (uint8_t)(int)(cut + 0.5f);
}

/* ---- channels alike ---- */

static void make_table(const struct fa_colors *colors, uint8_t table[256])
{
    for (int p = 0; p < 256; p++)
        table[p] = to_level(((float)p + colors->brightness) * colors->contrast);
}

static void look_up(uint8_t *restrict rgb, size_t n, const uint8_t order[3], const uint8_t table[256])
{
    for (size_t i = 0; i < n; i++, rgb += 3) {
        const uint8_t was[3] = {table[rgb[0]], table[rgb[1]], table[rgb[2]]};

        for (int c = 0; c < 3; c++)
            rgb[c] = was[order[c]];
    }
}

/* ---- saturation and hue ---- */

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* In degrees, 0 to 360. */
static inline float hue_of(float r, float g, float b, float v, float spread)
{
    const float unit = 60 / (spread + FLT_EPSILON);
    const float of_red = (g - b) * unit, of_green = (b - r) * unit + 120, of_blue = (r - g) * unit + 240;
    const float hue = v == r ? of_red : v == g ? of_green : of_blue;

    return hue < 0 ? hue + 360 : hue;
}

static inline float turn(float hue, float by)
{
    const float turned = hue + by, low = turned > 360 ? turned - 360 : turned;

    return low < 0 ? low + 360 : low;
}

/* A channel's part of the way from v down to v * (1 - s), by its place on the circle of six sectors. */
static inline float depth(float sector, float place)
{
    const float at = sector + place, on = at >= 6 ? at - 6 : at;

    return larger(0, smaller(1, smaller(on, 4 - on)));
}

FA_VECTOR_CLONES static void change_hsv(struct block *block, float saturation, float hue)
{
    float *restrict red = block->channel[0], *restrict green = block->channel[1],
                    *restrict blue = block->channel[2];
    const float most = saturation > 1 ? 1 : FLT_MAX;

    for (int i = 0; i < BLOCK; i++) {
        const float r = red[i], g = green[i], b = blue[i];
        const float v = larger(r, larger(g, b)), spread = v - smaller(r, smaller(g, b));
        const float s = smaller(most, spread / (fabsf(v) + FLT_EPSILON) * saturation);
        const float sector = turn(hue_of(r, g, b, v, spread), hue) * (6.0f / 360);

        red[i] = v - v * s * depth(sector, 5);
        green[i] = v - v * s * depth(sector, 3);
        blue[i] = v - v * s * depth(sector, 1);
    }
}

/* ---- the block ---- */

static void load(const uint8_t *restrict rgb, size_t n, float brightness, float contrast, struct block *block)
{
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < n; i++)
            block->channel[c][i] = ((float)rgb[3 * i + c] + brightness) * contrast;
}

static void store(const struct block *block, const uint8_t order[3], float contrast, size_t n,
                  uint8_t *restrict rgb)
{
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < n; i++)
            rgb[3 * i + c] = to_level(block->channel[order[c]][i] * contrast);
}

static void recolor_block(uint8_t *rgb, size_t n, const struct fa_colors *colors, struct block *block)
{
    const float first = colors->contrast_last ? 1 : colors->contrast;
    const float last = colors->contrast_last ? colors->contrast : 1;

    load(rgb, n, colors->brightness, first, block);
    change_hsv(block, colors->saturation, colors->hue);
    store(block, colors->order, last, n, rgb);
}

/* ---- the picture ---- */

static bool changes_levels(const struct fa_colors *c)
{
    return c->brightness != 0 || c->contrast != 1;
}

static bool changes_hsv(const struct fa_colors *c)
{
    return c->saturation != 1 || c->hue != 0;
}

static bool changes_order(const struct fa_colors *c)
{
    return c->order[0] != 0 || c->order[1] != 1 || c->order[2] != 2;
}

void fa_picture_recolor(struct fa_picture *picture, const struct fa_colors *colors)
{
    const size_t n = (size_t)picture->w * (size_t)picture->h;
    struct block block = {{{0}}};
    uint8_t table[256];

    if (changes_hsv(colors)) {
        for (size_t i = 0; i < n; i += BLOCK)
            recolor_block(picture->rgb + 3 * i, n - i < BLOCK ? n - i : BLOCK, colors, &block);
    } else if (changes_levels(colors) || changes_order(colors)) {
        make_table(colors, table);
        look_up(picture->rgb, n, colors->order, table);
    }
}
