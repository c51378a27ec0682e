/*
 * help.h - what --help and --version print; the flags that every command takes.
 */
#ifndef FA_CLI_HELP_H
#define FA_CLI_HELP_H

#include "command.h"

enum { FA_HELP_RANGE_MAX = 96 };

extern const struct fa_flag fa_common_flags[];

void fa_help_program(void);
void fa_help_command(const struct fa_command *command, const struct fa_arguments *given);
void fa_help_flag(const struct fa_flag *flag);
void fa_help_range(const struct fa_flag *flag, char *text, size_t size); /* "; from 1 to 9", or "" */
void fa_help_common(bool parallel); /* what every command's help ends with */
void fa_help_version(void);

#endif
