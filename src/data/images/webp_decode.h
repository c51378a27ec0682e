/*
 * webp_decode.h - WebP to RGB (codec.h), lossy or lossless; what is transparent lies over the ground.
 * Animations are refused.
 */
#ifndef FA_DATA_WEBP_DECODE_H
#define FA_DATA_WEBP_DECODE_H

#include "codec.h"

extern const struct fa_image_codec fa_webp_codec;

#endif
