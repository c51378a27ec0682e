/*
 * image_format.h - what a file is that cannot be read, by how it begins.
 */
#ifndef FA_DATA_IMAGE_FORMAT_H
#define FA_DATA_IMAGE_FORMAT_H

#include <stddef.h>

#define FA_FORMATS_READ "JPEG, PNG, TIFF, WebP and BMP are read"

/* "a GIF image" and the like; NULL for a JPEG, and for what is not recognised. */
const char *fa_other_format(const void *data, size_t n_bytes);

#endif
