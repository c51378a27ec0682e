/*
 * paths.h - one path or several, as a configuration has them: a string, or a list of strings.
 */
#ifndef FA_CLI_RECIPE_PATHS_H
#define FA_CLI_RECIPE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/json.h"
#include "fa/trainer.h"

struct fa_paths {
    size_t n;                          /* 0: none is given */
    const char *path[FA_DATASETS_MAX]; /* borrowed from the JSON */
};

/* "" is none. false, with *out unspecified, where value is neither, or has too many or an empty one among
   them. */
bool fa_paths_read(const struct fa_json *value, struct fa_paths *out);

#endif
