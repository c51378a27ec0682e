/*
 * guard.h - freeanchor detect writes over nothing but what it wrote itself.
 *
 * Its output directory may hold anything, even the photographs themselves. Pictures with boxes say in a JPEG
 * comment where they come from; only such a picture, and only a list or text of detections, is ever
 * replaced.
 */
#ifndef FA_CLI_DETECT_GUARD_H
#define FA_CLI_DETECT_GUARD_H

#include "format.h"

#define FA_DETECT_COMMENT "drawn by freeanchor detect"
#define FA_DETECT_LIST    "detections.json"

/* The name that an image's picture, a JPEG, gets in the output directory: the last part of its path, with
   .jpg behind it unless it ends so already. */
#define FA_DETECT_NAME_MAX 264
void fa_detect_name(const char *image, char name[FA_DETECT_NAME_MAX]);

/* FA_EINVAL, naming the file, if a picture, list or text would replace a file that is not ours, an image of
   this run, or the picture of another image of this run. The directory need not exist. */
fa_status fa_detect_guard(const char *directory, const struct fa_image_list *images,
                          const struct fa_detect_formats *formats) FA_CHECK_RESULT;

#endif
