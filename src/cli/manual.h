/*
 * manual.h - the man page, made from the tables of commands, flags and configuration keys.
 */
#ifndef FA_CLI_MANUAL_H
#define FA_CLI_MANUAL_H

void fa_manual_print(void);

#endif
