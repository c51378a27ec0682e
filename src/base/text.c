#include "fa/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fa_text_add(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

void fa_text_add_word(char *text, size_t size, const char *word)
{
    fa_text_add(text, size, "'");
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fa_text_add(text, size, "'\\''");
        else
            fa_text_add(text, size, "%c", *word);
    fa_text_add(text, size, "'");
}
