#include "fa/frame.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

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

static void fill_pixels(const uint8_t *restrict pixels, int w, bool flip, const float *restrict table,
                        float *restrict out)
{
    if (flip)
        for (int x = 0; x < w; x++)
            out[x] = table[pixels[3 * (size_t)(w - 1 - x)]];
    else
        for (int x = 0; x < w; x++)
            out[x] = table[pixels[3 * (size_t)x]];
}

/* Row y of the padded image, of one channel. */
static void fill_row(const struct fa_frame *frame, int channel, const float table[256], int y, int padded_w,
                     float *out)
{
    const size_t w = (size_t)frame->w;
    const size_t from = (size_t)(frame->flip.vertical ? frame->h - 1 - y : y);

    if (y >= frame->h) {
        memset(out, 0, (size_t)padded_w * sizeof *out);
        return;
    }
    fill_pixels(frame->rgb + 3 * from * w + channel, frame->w, frame->flip.horizontal, table, out);
    memset(out + w, 0, ((size_t)padded_w - w) * sizeof *out);
}

/* Row after row, so that a row of pixels is read once from memory. */
void fa_frame_rows_to_chw(const struct fa_frame *frame, int padded_h, int padded_w, int first, int n,
                          float *chw)
{
    const size_t row = (size_t)padded_w, plane = (size_t)padded_h * row;
    float table[3][256];

    assert(frame->w <= padded_w && frame->h <= padded_h);
    assert(first >= 0 && n >= 0 && n <= padded_h - first);
    for (int c = 0; c < 3; c++)
        make_table(frame->normalize.mean[c], frame->normalize.std[c], table[c]);
    for (int y = first; y < first + n; y++)
        for (int c = 0; c < 3; c++)
            fill_row(frame, frame->normalize.to_rgb ? c : 2 - c, table[c], y, padded_w,
                     chw + (size_t)c * plane + (size_t)y * row);
}

void fa_frame_to_chw(const struct fa_frame *frame, int padded_h, int padded_w, float *chw)
{
    fa_frame_rows_to_chw(frame, padded_h, padded_w, 0, padded_h, chw);
}
