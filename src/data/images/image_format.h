/*
 * image_format.h - what a file is that is no JPEG, by how it begins.
 */
#ifndef FA_DATA_IMAGE_FORMAT_H
#define FA_DATA_IMAGE_FORMAT_H

#include <stddef.h>

#ifdef FA_HAVE_PNG
#define FA_FORMATS_READ "JPEG and PNG are read"
#else
#define FA_FORMATS_READ "this build reads JPEG alone"
#endif

/* "a PNG image" and the like; NULL for a JPEG, and for what is not recognised. */
const char *fa_other_format(const void *data, size_t n_bytes);

#endif
