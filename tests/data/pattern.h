/* pattern.h - pictures that every test can make for itself. */
#ifndef FA_TESTS_PATTERN_H
#define FA_TESTS_PATTERN_H

#include "fa/image.h"

/* A fixed, busy pattern, the same as in golden/make_resizes.py. */
struct fa_picture pattern_picture(int w, int h);

/* CRC32C of the pixels. */
uint32_t pattern_crc(const struct fa_picture *picture);

#endif
