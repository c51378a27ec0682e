/*
 * tiff_decode.h - TIFF to RGB (codec.h): its first page, gray, palette, RGB, YCbCr or CMYK, of up to 16 bits,
 * which are rounded to 8; what is transparent lies over white. Only usual compressions are read.
 */
#ifndef FA_DATA_TIFF_DECODE_H
#define FA_DATA_TIFF_DECODE_H

#include "codec.h"

extern const struct fa_image_codec fa_tiff_codec;

#endif
