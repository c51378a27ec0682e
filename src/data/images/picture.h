/*
 * picture.h - what the image files of this module share.
 */
#ifndef FA_DATA_PICTURE_H
#define FA_DATA_PICTURE_H

#include "fa/image.h"

/* An uninitialised picture of w by h, both > 0. *out is empty on failure. */
fa_status fa_picture_alloc(int w, int h, struct fa_picture *out) FA_CHECK_RESULT;

/* Turns the picture upright: orientation is EXIF's, 1..8. The picture is unchanged on failure. */
fa_status fa_picture_orient(struct fa_picture *picture, int orientation) FA_CHECK_RESULT;

/* A picture at (left, top) of a field of one colour, from which it may stick out. */
struct fa_canvas {
    const struct fa_picture *picture;
    int w, h, left, top;
    uint8_t fill[3];
};

struct fa_window {
    int x, y, w, h;
};

/* What fa_picture_resize would make of the canvas at w by h; of that the window, which is as large as out,
   without the rest. out has its memory already. */
fa_status fa_canvas_resize(const struct fa_canvas *canvas, int w, int h, const struct fa_window *window,
                           struct fa_picture *out) FA_CHECK_RESULT;

static inline void fa_pixels_fill(uint8_t *rgb, size_t n, const uint8_t color[3])
{
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            rgb[3 * i + c] = color[c];
}

/* The orientation that a TIFF header (the payload of an EXIF segment after "Exif\0\0") tells; 1 if it tells
 * none. */
int fa_exif_orientation(const uint8_t *tiff, size_t n_bytes);

static inline size_t fa_picture_row_bytes(const struct fa_picture *picture)
{
    return (size_t)picture->w * 3;
}

static inline uint8_t *fa_picture_row(const struct fa_picture *picture, int y)
{
    return picture->rgb + (size_t)y * fa_picture_row_bytes(picture);
}

#endif
