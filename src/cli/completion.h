/*
 * completion.h - scripts by which shells complete command lines, made from the tables of commands, flags and
 * configuration keys.
 */
#ifndef FA_CLI_COMPLETION_H
#define FA_CLI_COMPLETION_H

#include "fa/status.h"

/* shell: bash, zsh or fish; FA_EINVAL for any other, or NULL. */
fa_status fa_completion_print(const char *shell) FA_CHECK_RESULT;

#endif
