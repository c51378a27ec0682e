/*
 * bmp_decode.h - Windows bitmaps to RGB (codec.h): 1, 4 and 8 bits with a palette, 16, 24 and 32 bits, rows
 * from the bottom or from the top. Alpha counts only where a header gives it a mask. Run-length coded ones
 * are refused.
 */
#ifndef FA_DATA_BMP_DECODE_H
#define FA_DATA_BMP_DECODE_H

#include "codec.h"

extern const struct fa_image_codec fa_bmp_codec;

#endif
