/*
 * frame.h - an image as the network takes it: 8-bit pixels, and what is done to them on the way in
 * (doc/method.md 6.4).
 *
 * Pixels are interleaved R G B, rows top to bottom without padding. Callable from any thread.
 */
#ifndef FA_FRAME_H
#define FA_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

struct fa_normalize {
    float mean[3],
        std[3];  /* by channel of the tensor; ImageNet: 123.675 116.28 103.53, 58.395 57.12 57.375 */
    bool to_rgb; /* true: channels R G B; false: B G R */
};
extern const struct fa_normalize fa_normalize_default;

/* Whether columns are mirrored, and rows. */
struct fa_flip {
    bool horizontal, vertical;
};

struct fa_frame {
    const uint8_t *rgb; /* borrowed */
    int w, h;
    struct fa_flip flip;
    struct fa_normalize normalize;
};

/* Fills a CHW tensor of (3, padded_h, padded_w): flipped, normalised, zero to the right of and below the
   image. */
void fa_frame_to_chw(const struct fa_frame *frame, int padded_h, int padded_w, float *chw);

/* Of that, rows [first, first + n) of each channel. */
void fa_frame_rows_to_chw(const struct fa_frame *frame, int padded_h, int padded_w, int first, int n,
                          float *chw);

FA_END_DECLARATIONS

#endif
