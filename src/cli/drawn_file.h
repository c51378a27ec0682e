/*
 * drawn_file.h - pictures that the program draws, and that it writes over nothing but what it drew itself.
 *
 * They say in a JPEG comment which command they come from; only such a file is ever replaced.
 */
#ifndef FA_CLI_DRAWN_FILE_H
#define FA_CLI_DRAWN_FILE_H

#include "fa/image.h"

/* FA_EINVAL where something else than a picture with this comment stands under that path. */
fa_status fa_drawn_file_check(const char *path, const char *comment) FA_CHECK_RESULT;

fa_status fa_drawn_file_write(const char *path, const struct fa_picture *picture,
                              const char *comment) FA_CHECK_RESULT;

#endif
