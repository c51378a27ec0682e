/*
 * tiff_deep.h - TIFFs of 16 bits whose samples are mapped by a range, which libtiff's own way to RGB is not.
 *
 * Gray and RGB, with or without alpha, in strips or tiles, all samples of a pixel together.
 */
#ifndef FA_DATA_TIFF_DEEP_H
#define FA_DATA_TIFF_DEEP_H

#include <stdbool.h>
#include <tiffio.h>

#include "fa/image.h"

bool fa_tiff_is_deep(TIFF *tiff);

/* FA_EFORMAT for a TIFF of another kind. *complete: libtiff gave all pixels; it has said what is wrong
   otherwise. */
fa_status fa_tiff_read_deep(const char *name, TIFF *tiff, const struct fa_rendering *rendering,
                            struct fa_picture *out, bool *complete) FA_CHECK_RESULT;

#endif
