/*
 * png_decode.h - PNG to RGB, as fa_image_inspect and fa_image_decode want it (fa/image.h).
 */
#ifndef FA_DATA_PNG_DECODE_H
#define FA_DATA_PNG_DECODE_H

#include <stdbool.h>

#include "fa/image.h"

/* By how it begins; false, too, where this build has no libpng. */
bool fa_is_png(const void *data, size_t n_bytes);

fa_status fa_png_inspect(const char *name, const void *data, size_t n_bytes,
                         struct fa_image_info *info) FA_CHECK_RESULT;

/* Pixels as OpenCV's imread(IMREAD_COLOR) gives them: gray replicated, of 16 bits the upper 8; but what is
   transparent lies over white. */
fa_status fa_png_decode(const char *name, const void *data, size_t n_bytes,
                        struct fa_picture *out) FA_CHECK_RESULT;

#endif
