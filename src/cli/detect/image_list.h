/*
 * image_list.h - which images a command is to look at: files as they are named, all images in folders, those
 * of lists (.txt, a path on each line, relative to the list's folder) and those that fit a pattern.
 */
#ifndef FA_CLI_DETECT_IMAGE_LIST_H
#define FA_CLI_DETECT_IMAGE_LIST_H

#include "arguments.h"
#include "fa/status.h"

struct fa_image_list {
    size_t n;
    char **paths; /* in the order of the arguments; those of a folder or pattern by name */
};

/* Of the plain arguments. FA_EMISSING for a folder, list or pattern without images. */
fa_status fa_image_list_make(const struct fa_arguments *arguments, struct fa_image_list *out) FA_CHECK_RESULT;
void fa_image_list_free(struct fa_image_list *list);

#endif
