/*
 * version.h - which freeanchor this is.
 */
#ifndef FA_CLI_VERSION_H
#define FA_CLI_VERSION_H

/* "0.1.0"; "0.1.0 (22a7c7ac32)" where the commit is known that it was built from. */
extern const char *const fa_version;

#endif
