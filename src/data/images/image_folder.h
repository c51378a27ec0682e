/*
 * image_folder.h - the folder that the file names of an annotation file are relative to.
 *
 * Who wrote the annotations, or sent the folder, should not be able to have other files of this machine
 * packed along: a symbolic link is followed only to where it stays within the folder, unless the user says
 * otherwise.
 */
#ifndef FA_DATA_IMAGE_FOLDER_H
#define FA_DATA_IMAGE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/status.h"

struct fa_image_folder {
    const char *path; /* as given */
    char *real;       /* without links; NULL where links may lead anywhere */
};

/* The folder itself may be a link. path is borrowed. FA_EMISSING if there is none. */
fa_status fa_image_folder_open(const char *path, bool follow_links,
                               struct fa_image_folder *out) FA_CHECK_RESULT;
void fa_image_folder_close(struct fa_image_folder *folder);

/* The whole file, freed by the caller. Callable from any thread. */
fa_status fa_image_folder_read(const struct fa_image_folder *folder, const char *name, char **data,
                               size_t *n_bytes) FA_CHECK_RESULT;

#endif
