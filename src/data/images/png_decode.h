/*
 * png_decode.h - PNG to RGB (codec.h): pixels as OpenCV's imread(IMREAD_COLOR) gives them, gray replicated,
 * of 16 bits the upper 8; but what is transparent lies over white.
 */
#ifndef FA_DATA_PNG_DECODE_H
#define FA_DATA_PNG_DECODE_H

#include "codec.h"

extern const struct fa_image_codec fa_png_codec;

#endif
