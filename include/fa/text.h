/*
 * text.h - sentences that are put together piece by piece in a buffer.
 */
#ifndef FA_TEXT_H
#define FA_TEXT_H

#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* Appends to the text in a buffer of size bytes; what does not fit is cut. */
void fa_text_add(char *text, size_t size, const char *format, ...) FA_PRINTF(3, 4);

/* The same with a word of a command, in quotes: a shell reads it back as it is. */
void fa_text_add_word(char *text, size_t size, const char *word);

FA_END_DECLARATIONS

#endif
