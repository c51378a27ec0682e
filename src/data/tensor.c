/* From pixels to the network's input (doc/method.md 6.4). */
#include <assert.h>
#include <string.h>

#include "picture.h"

const struct fa_normalize fa_normalize_default = {
    .mean = {123.675f, 116.28f, 103.53f},
    .std = {58.395f, 57.12f, 57.375f},
    .to_rgb = true,
};

/* The reference subtracts in float and multiplies by the inverse in double, rounding twice: one value for
   each of 256 inputs. */
static void make_table(float mean, float std, float table[256])
{
    double inverse = 1.0 / (double)std;

    for (int p = 0; p < 256; p++)
        table[p] = (float)((double)((float)p - mean) * inverse);
}

static void fill_row(const uint8_t *restrict pixels, int w, bool flip, const float *restrict table,
                     float *restrict out)
{
    if (flip)
        for (int x = 0; x < w; x++)
            out[x] = table[pixels[3 * (size_t)(w - 1 - x)]];
    else
        for (int x = 0; x < w; x++)
            out[x] = table[pixels[3 * (size_t)x]];
}

static void fill_plane(const struct fa_picture *picture, int channel, struct fa_flip flip,
                       const float table[256], int padded_h, int padded_w, float *plane)
{
    size_t w = (size_t)picture->w, row = (size_t)padded_w;

    for (int y = 0; y < picture->h; y++, plane += row) {
        const int from = flip.vertical ? picture->h - 1 - y : y;

        fill_row(fa_picture_row(picture, from) + channel, picture->w, flip.horizontal, table, plane);
        memset(plane + w, 0, (row - w) * sizeof *plane);
    }
    memset(plane, 0, (size_t)(padded_h - picture->h) * row * sizeof *plane);
}

void fa_picture_to_tensor(const struct fa_picture *picture, const struct fa_normalize *normalize,
                          struct fa_flip flip, int padded_h, int padded_w, float *chw)
{
    size_t plane = (size_t)padded_h * (size_t)padded_w;

    assert(padded_h >= picture->h && padded_w >= picture->w);
    for (int c = 0; c < 3; c++) {
        float table[256];

        make_table(normalize->mean[c], normalize->std[c], table);
        fill_plane(picture, normalize->to_rgb ? c : 2 - c, flip, table, padded_h, padded_w,
                   chw + (size_t)c * plane);
    }
}
