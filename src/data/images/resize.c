/*
 * OpenCV's 8-bit INTER_LINEAR in its fixed-point arithmetic, bit for bit (doc/method.md 6.3).
 *
 * Output row y mixes two source rows, each already stretched to the new width. A stretched sample is
 * p0 * c0 + p1 * c1 with weights of 11 bits; OpenCV drops its low 4 bits, so it fits 16 bits and the mix of
 * two rows is the high half of 16-bit products, which vectorises. Two stretched rows are kept: going down
 * the picture, each source row is stretched at most once. Where both sizes are halved exactly OpenCV goes
 * another way and takes the mean of 2x2 pixels; all weights are then equal and the bits are the same.
 *
 * The source may be a canvas around a picture or over a part of it; its rows are then put together one by one
 * as they are needed.
 */
#include <math.h>
#include <string.h>

#include "fa/memory.h"
#include "picture.h"

#define WEIGHT_ONE 2048

/* One output coordinate: the two source coordinates and their weights. */
struct tap {
    int from[2];
    int16_t weight[2];
};

struct stretched_row {
    int16_t *samples; /* of the new width, three channels */
    int source;       /* row that it was made from; -1: none */
};

static int16_t fixed_weight(float weight)
{
    return (int16_t)rintf(weight * WEIGHT_ONE);
}

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

/* Of the n coordinates from `begin` on, of n_to. Past the borders OpenCV gives columns the border's full
   weight, while rows keep their two weights on the same row, which rounds differently. */
static void make_taps(int n_from, int n_to, int begin, int n, bool columns, struct tap *taps)
{
    double scale = 1.0 / ((double)n_to / n_from);

    for (int i = 0; i < n; i++) {
        float position = (float)((begin + i + 0.5) * scale - 0.5);
        int first = (int)floorf(position);
        float fraction = position - (float)first;

        if (columns && (first < 0 || first >= n_from - 1))
            fraction = 0;
        taps[i].from[0] = clamp(first, n_from);
        taps[i].from[1] = clamp(first + 1, n_from);
        taps[i].weight[0] = fixed_weight(1.0f - fraction);
        taps[i].weight[1] = fixed_weight(fraction);
    }
}

static void stretch_row(const uint8_t *restrict in, int w, const struct tap *restrict taps,
                        int16_t *restrict out)
{
    for (int x = 0; x < w; x++) {
        const uint8_t *p0 = in + 3 * (size_t)taps[x].from[0], *p1 = in + 3 * (size_t)taps[x].from[1];
        int c0 = taps[x].weight[0], c1 = taps[x].weight[1];

        for (int c = 0; c < 3; c++)
            out[3 * (size_t)x + (size_t)c] = (int16_t)((p0[c] * c0 + p1[c] * c1) >> 4);
    }
}

static void mix_rows(const int16_t *restrict row0, const int16_t *restrict row1, int16_t weight0,
                     int16_t weight1, size_t n, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++) {
        int16_t part0 = (int16_t)((row0[i] * weight0) >> 16), part1 = (int16_t)((row1[i] * weight1) >> 16);

        out[i] = (uint8_t)((int16_t)(part0 + part1 + 2) >> 2);
    }
}

/* What resizing goes by. */
struct resizer {
    const struct fa_canvas *canvas;
    uint8_t *row; /* of the canvas; NULL where it is the picture alone */
    const struct tap *columns, *rows;
    struct stretched_row cache[2];
};

static bool is_bare(const struct fa_canvas *canvas)
{
    return canvas->w == canvas->picture->w && canvas->h == canvas->picture->h && canvas->left == 0 &&
           canvas->top == 0;
}

static const uint8_t *canvas_row(const struct resizer *resizer, int y)
{
    const struct fa_canvas *canvas = resizer->canvas;
    const struct fa_picture *picture = canvas->picture;
    const int begin = clamp(canvas->left, canvas->w + 1),
              end = clamp(canvas->left + picture->w, canvas->w + 1);

    if (resizer->row == NULL)
        return fa_picture_row(picture, y);
    fa_pixels_fill(resizer->row, (size_t)canvas->w, canvas->fill);
    if (y >= canvas->top && y < canvas->top + picture->h && begin < end)
        memcpy(resizer->row + 3 * (size_t)begin,
               fa_picture_row(picture, y - canvas->top) + 3 * (size_t)(begin - canvas->left),
               3 * (size_t)(end - begin));
    return resizer->row;
}

/* The stretched form of a source row, from the cache if it is there; the row that `keep` names stays. */
static const int16_t *stretched(struct resizer *resizer, int source, int keep, int w)
{
    struct stretched_row *cache = resizer->cache, *slot = &cache[0];

    if (cache[1].source == source || (cache[0].source != source && cache[0].source == keep))
        slot = &cache[1];
    if (slot->source != source) {
        stretch_row(canvas_row(resizer, source), w, resizer->columns, slot->samples);
        slot->source = source;
    }
    return slot->samples;
}

static void resize_linear(struct resizer *resizer, struct fa_picture *out)
{
    for (int y = 0; y < out->h; y++) {
        const struct tap *tap = &resizer->rows[y];
        const int16_t *row0 = stretched(resizer, tap->from[0], tap->from[1], out->w);
        const int16_t *row1 = stretched(resizer, tap->from[1], tap->from[0], out->w);

        mix_rows(row0, row1, tap->weight[0], tap->weight[1], fa_picture_row_bytes(out),
                 fa_picture_row(out, y));
    }
}

fa_status fa_canvas_resize(const struct fa_canvas *canvas, int w, int h, const struct fa_window *window,
                           struct fa_picture *out)
{
    struct tap *taps = NULL; /* of the columns, then of the rows */
    int16_t *samples = NULL; /* of both stretched rows */
    uint8_t *row = NULL;
    fa_status status = fa_alloc((size_t)window->w + (size_t)window->h, sizeof *taps, &taps);

    if (status == FA_OK)
        status = fa_alloc(2 * (size_t)window->w, 3 * sizeof *samples, &samples);
    if (status == FA_OK && !is_bare(canvas))
        status = fa_alloc((size_t)canvas->w, 3, &row);
    if (status == FA_OK) {
        struct resizer resizer = {
            canvas, row, taps, taps + window->w, {{samples, -1}, {samples + fa_picture_row_bytes(out), -1}}};

        make_taps(canvas->w, w, window->x, window->w, true, taps);
        make_taps(canvas->h, h, window->y, window->h, false, taps + window->w);
        resize_linear(&resizer, out);
    }
    fa_free(row);
    fa_free(samples);
    fa_free(taps);
    return status;
}

fa_status fa_picture_resize(const struct fa_picture *picture, int w, int h, struct fa_picture *out)
{
    const struct fa_canvas canvas = {.picture = picture, .w = picture->w, .h = picture->h};
    fa_status status;

    FA_TRY(fa_picture_alloc(w, h, out));
    status = fa_canvas_resize(&canvas, w, h, &(struct fa_window){0, 0, w, h}, out);
    if (status != FA_OK)
        fa_picture_free(out);
    return status;
}

void fa_keep_ratio_size(int w, int h, int scale_a, int scale_b, int *new_w, int *new_h)
{
    double long_ratio = (double)(scale_a > scale_b ? scale_a : scale_b) / (w > h ? w : h);
    double short_ratio = (double)(scale_a > scale_b ? scale_b : scale_a) / (w > h ? h : w);
    double scale = long_ratio < short_ratio ? long_ratio : short_ratio;

    *new_w = (int)(w * scale + 0.5);
    *new_h = (int)(h * scale + 0.5);
    if (*new_w < 1)
        *new_w = 1;
    if (*new_h < 1)
        *new_h = 1;
}
