/*
 * tiff_decode.h - TIFF to RGB (codec.h): its first page, gray, palette, RGB, YCbCr or CMYK, of up to 16 bits,
 * which are rounded to 8 or mapped by a range; what is transparent lies over the ground. Only usual
 * compressions are read.
 */
#ifndef FA_DATA_TIFF_DECODE_H
#define FA_DATA_TIFF_DECODE_H

#include "codec.h"

extern const struct fa_image_codec fa_tiff_codec;

#endif
