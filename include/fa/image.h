/*
 * image.h - 8-bit RGB images: JPEG, PNG, TIFF, WebP and BMP in, JPEG out, resizing, orientation, drawing.
 *
 * Pixels are interleaved R G B, rows top to bottom without padding. The way from file to pixels reproduces
 * the reference's (OpenCV with libjpeg, doc/method.md 6.1, 6.3) bit for bit. Callable from any thread.
 */
#ifndef FA_IMAGE_H
#define FA_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_picture {
    int w, h;
    uint8_t *rgb; /* owned; fa_picture_free */
    size_t held;  /* bytes of the budget below, until it is freed; 0 unless it was decoded */
};

void fa_picture_free(struct fa_picture *picture); /* leaves it empty; an empty one is fine */

/* What decoded pictures, and the decoding of more, may take at a time in the whole process. A decoding waits
   for the room that it needs; one that needs more than all of it waits until it is alone. So a thread does
   not decode while it holds a picture that was decoded. */
#define FA_DECODE_BUDGET ((size_t)1 << 30)

enum fa_codec { FA_CODEC_JPEG, FA_CODEC_PNG, FA_CODEC_TIFF, FA_CODEC_WEBP, FA_CODEC_BMP };

/* How the names of such files end, to initialise an array. */
#define FA_IMAGE_SUFFIXES                                                                                    \
    {                                                                                                        \
        ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", NULL                                      \
    }

/* What an image's header says, before any decoding. */
struct fa_image_info {
    enum fa_codec codec;
    int w, h;       /* as stored, before orientation */
    int components; /* as stored: 1 to 4 */
    bool progressive;
    int orientation; /* of the first EXIF segment, 1..8; 1 if absent or damaged */
    size_t n_decode; /* bytes that decoding takes: the picture and, unless all is in one scan, coefficients */
};

/* How samples of 16 bits, and what is transparent, become 8-bit colours. */
struct fa_rendering {
    int range[2];  /* become 0 and 255, as does what is beyond them; 0 and 65535 (or 0): the upper 8 bits */
    int ground[3]; /* R G B, which lies under what is transparent */
};

/* The upper 8 bits, over white; to initialise one. */
#define FA_RENDERING_USUAL                                                                                   \
    {                                                                                                        \
        .range = {0, 65535}, .ground = { 255, 255, 255 }                                                     \
    }

/* An image of any of the formats, told by how it begins: the two functions below for a JPEG; of the others
   what this build reads: gray replicated, the upper 8 bits of 16 (of a TIFF's colours rounded), what is
   transparent over white, the first of several pages. The orientation that a TIFF tells is in info; the
   others tell none. */
fa_status fa_image_inspect(const char *name, const void *data, size_t n_bytes,
                           struct fa_image_info *info) FA_CHECK_RESULT;
fa_status fa_image_decode(const char *name, const void *data, size_t n_bytes, int orientation,
                          struct fa_picture *out) FA_CHECK_RESULT;

/* The same, rendered otherwise. */
fa_status fa_image_render(const char *name, const void *data, size_t n_bytes, int orientation,
                          const struct fa_rendering *rendering, struct fa_picture *out) FA_CHECK_RESULT;

/* FA_EFORMAT if it is no JPEG (other formats are named), has no pixels, or claims more than 2^28 of them or
   absurdly many for its bytes. name is for messages. */
fa_status fa_jpeg_inspect(const char *name, const void *data, size_t n_bytes,
                          struct fa_image_info *info) FA_CHECK_RESULT;

/* Decodes to RGB (grayscale, YCbCr, RGB, CMYK, YCCK), then applies orientation (1..8; 1 leaves the image
   alone). A stream that ends early or is damaged is FA_EFORMAT; harmless marker noise is accepted. */
fa_status fa_jpeg_decode(const char *name, const void *data, size_t n_bytes, int orientation,
                         struct fa_picture *out) FA_CHECK_RESULT;

/* quality 1..100; gray writes one component (the pixels' R); comment goes into the header, NULL: none. *data
   is freed with fa_free. */
fa_status fa_jpeg_encode(const struct fa_picture *picture, int quality, bool gray, const char *comment,
                         uint8_t **data, size_t *n_bytes) FA_CHECK_RESULT;

/* OpenCV's 8-bit INTER_LINEAR, bit for bit, its exact 2x reduction included. */
fa_status fa_picture_resize(const struct fa_picture *picture, int w, int h,
                            struct fa_picture *out) FA_CHECK_RESULT;

/* The size that keeps the aspect ratio: the long side at most the larger of scale, the short at most the
 * smaller. */
void fa_keep_ratio_size(int w, int h, int scale_a, int scale_b, int *new_w, int *new_h);

/* Draws a box outline of the given thickness, within the box, and a line of text on a filled ground, in
   place, clipped to the picture. Text is UTF-8; what the font lacks, and each run of bytes that are no UTF-8,
   is a hollow box. scale is the font's pixel size factor, >= 1. Labels that people are to read: annotate.h.
 */
void fa_picture_draw_box(struct fa_picture *picture, const float box[4], int thickness, const uint8_t rgb[3]);
void fa_picture_draw_text(struct fa_picture *picture, int x, int y, int scale, const uint8_t ink[3],
                          const uint8_t ground[3], const char *text);
void fa_text_size(int scale, const char *text, int *w, int *h);

FA_END_DECLARATIONS

#endif
