/*
 * config_find.h - a recipe by its name alone.
 */
#ifndef FA_CLI_RECIPE_CONFIG_FIND_H
#define FA_CLI_RECIPE_CONFIG_FIND_H

#include "fa/status.h"

/* The file that path means: itself; or, where it has no folder and there is no such file, the recipe of that
   name which came with the program, `.json` or not. FA_EMISSING where that is none either. *out is freed with
   fa_free. */
fa_status fa_config_find(const char *path, char **out) FA_CHECK_RESULT;

#endif
