/*
 * recipe.h - what of a configuration travels with weights, so that who has them needs no other file: the
 * network, how pixels are prepared, the loss, and how detections are made of the head's outputs.
 */
#ifndef FA_CLI_RECIPE_H
#define FA_CLI_RECIPE_H

#include <stdbool.h>

#include "fa/json.h"
#include "fa/status.h"

/* Does the key travel? */
bool fa_recipe_has(const char *key);

/* Does it shape the network or the pixels, so that another value would quietly cost accuracy? */
bool fa_recipe_shapes(const char *key);

/* Those keys of a resolved configuration, as text; freed with fa_free. */
fa_status fa_recipe_print(const struct fa_json *resolved, char **text) FA_CHECK_RESULT;

/* What travelled, with a whole configuration too; keys that are not known are passed over: the file may be
   of another version. Values are checked by who resolves them. FA_EFORMAT if the text is not a JSON object.
 */
fa_status fa_recipe_parse(const char *text, struct fa_json **out) FA_CHECK_RESULT;

/* Of one key here and in the recipe of weights. */
struct fa_recipe_difference {
    char *here, *there; /* as JSON; both NULL where they are equal, or one is absent */
};
fa_status fa_recipe_compare(const struct fa_json *here, const struct fa_json *there,
                            struct fa_recipe_difference *out) FA_CHECK_RESULT;
void fa_recipe_difference_clear(struct fa_recipe_difference *difference);

/* Leaves of a text, which is replaced, only what travels: a checkpoint has its run's whole configuration.
 *out is the same as a tree. NULL stays NULL, and gives NULL. */
fa_status fa_recipe_shorten(char **text, struct fa_json **out) FA_CHECK_RESULT;

#endif
