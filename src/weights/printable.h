/*
 * printable.h - text from files that people will see: names as they are, the rest made harmless.
 */
#ifndef FA_WEIGHTS_PRINTABLE_H
#define FA_WEIGHTS_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Not empty, at most 1024 bytes, UTF-8 throughout, and without control characters. */
bool fa_is_printable(const char *text, size_t n_bytes);

/* The text for a message: '?' for each byte that is not printable ASCII, cut to what fits. Returns out. */
const char *fa_printable(const char *text, size_t n_bytes, char *out, size_t size);

#endif
