/*
 * nearest.h - the known name that a mistyped one was probably meant to be.
 */
#ifndef FA_CLI_NEAREST_H
#define FA_CLI_NEAREST_H

#include <stddef.h>

struct fa_nearest {
    const char *word;
    const char *best; /* NULL while nothing offered is near enough to be meant */
    size_t distance;  /* of best, in insertions, deletions and replacements of letters */
};

void fa_nearest_init(struct fa_nearest *nearest, const char *word);
void fa_nearest_offer(struct fa_nearest *nearest, const char *name);

#endif
