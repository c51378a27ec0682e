/*
 * image.h - the door for images: rows of bytes become the network's input, flipped, normalised and padded.
 */
#ifndef FA_CUDA_IMAGE_H
#define FA_CUDA_IMAGE_H

#include "types.h"

/* What differs between images that are padded to one size; read from the device's memory. */
struct fa_cuda_frame {
    int32_t w, h; /* at most those of the padded image */
    int32_t flip_horizontal, flip_vertical;
};

/* What struct fa_normalize has. */
struct fa_cuda_normalize {
    float mean[3], std[3];
    bool to_rgb;
};

/* rgb is h rows of w pixels of R G B without padding. The image has padded_h by padded_w positions of
   `channels`, the first three of which have, in float, the bits of fa_frame_to_chw; all else is zero.
   Moves: rgb once, the image once. */
FA_CUDA_API int fa_cuda_image(fa_cuda_stream stream, enum fa_cuda_type type, const uint8_t *rgb,
                              const struct fa_cuda_frame *frame, const struct fa_cuda_normalize *normalize,
                              int padded_h, int padded_w, int channels, void *image);

#endif
