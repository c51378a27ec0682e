/*
 * settings_check.h - values that are each in their range, and do not go together.
 */
#ifndef FA_CLI_RECIPE_SETTINGS_CHECK_H
#define FA_CLI_RECIPE_SETTINGS_CHECK_H

#include "settings.h"

/* FA_EINVAL, saying which; keys are then the two that contradict each other, or one list that contradicts
   itself, and NULL. */
fa_status fa_settings_check(const struct fa_settings *settings, const char *keys[2]) FA_CHECK_RESULT;

#endif
