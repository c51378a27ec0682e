/*
 * files_below.h - which files lie in a folder and the folders in it. Callable from any thread.
 */
#ifndef FA_FILES_BELOW_H
#define FA_FILES_BELOW_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

struct fa_files {
    size_t n;
    char **names; /* relative to the folder, "train/0001.xml"; sorted by byte */
};

/* Whether a name ends so, in capitals or not; suffixes end with NULL. */
bool fa_name_ends(const char *name, const char *const suffixes[]);

/* Files whose names end so. The folder may be a link; folders in it that are links are passed by, as is what
   begins with a dot. */
fa_status fa_files_below(const char *path, const char *const suffixes[],
                         struct fa_files *out) FA_CHECK_RESULT;
void fa_files_free(struct fa_files *files);

FA_END_DECLARATIONS

#endif
