/*
 * printable.h - text that came from a file, before people see it.
 *
 * Names of files, classes and tensors may hold anything. On a terminal or in a log some bytes are orders:
 * they move the cursor, hide what follows or forge a line. Messages and log lines pass through here by
 * themselves (status.h, log.h); tables on standard output call it for the names that they show. Callable from
 * any thread.
 */
#ifndef FA_PRINTABLE_H
#define FA_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* The bytes of the UTF-8 character that text, of at least one byte, begins with, and what it means; 0 if it
   is none (RFC 3629: neither overlong forms nor surrogates). */
size_t fa_utf8_read(const char *text, size_t n_bytes, uint32_t *point);

/* Not empty, at most 1024 bytes, UTF-8 throughout, and without control characters. */
bool fa_is_printable(const char *text, size_t n_bytes);

/* The text with every byte of a control character, of a mark that turns the direction of writing, and of what
   is no UTF-8 spelt as \xNN; cut where size ends, between characters. Returns out, terminated. */
const char *fa_printable(const char *text, size_t n_bytes, char *out, size_t size);

FA_END_DECLARATIONS

#endif
