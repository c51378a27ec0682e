/*
 * config_file.h - a configuration as a JSON tree: files that inherit, and assignments from the command line.
 */
#ifndef FA_CLI_RECIPE_CONFIG_FILE_H
#define FA_CLI_RECIPE_CONFIG_FILE_H

#include <stdbool.h>

#include "fa/json.h"
#include "fa/status.h"

/* Of the outermost object of a file alone: the files that it inherits from. */
#define FA_CONFIG_BASE "base"
/* And what a run adds to its own config.json. Neither is a setting. */
#define FA_CONFIG_RUN_ID "run_id"
bool fa_config_is_of_the_file(const char *key);

/* Whether a file's tree, before it is merged, has only keys that mean something. */
typedef fa_status (*fa_config_check)(const struct fa_json *tree);

/* A recipe that came with the program is also found by its name (config_find.h).
   The file's tree over those of the files in its "base" list (paths relative to its own folder), merged
   deeply; later wins. Files may have comments, after # or //. A file may not inherit from itself by any way.
   Every file is checked by itself, so that a key that is wrong is told with its file. */
fa_status fa_config_read(const char *path, fa_config_check check, struct fa_json **out) FA_CHECK_RESULT;

/* Lays one tree over another: objects merge, everything else is replaced; what is of the file alone stays
   behind. */
fa_status fa_config_merge(struct fa_json *into, const struct fa_json *from) FA_CHECK_RESULT;

/* Sets the member at a dotted key to text, read as JSON if it is JSON, else as a string; makes objects on the
 * way. */
fa_status fa_config_assign(struct fa_json *tree, const char *key, const char *text) FA_CHECK_RESULT;

/* As fa_config_assign with a value; takes value over, whatever comes of it. */
fa_status fa_config_set(struct fa_json *tree, const char *key, struct fa_json *value) FA_CHECK_RESULT;

/* The member at a dotted key, or NULL. */
struct fa_json *fa_config_get(const struct fa_json *tree, const char *key);

#endif
