#include "fa/printable.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 1024 };

size_t fa_utf8_read(const char *characters, size_t n_bytes, uint32_t *point)
{
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *text = (const unsigned char *)characters, first = text[0];
    const size_t n = first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (n == 0 || n > n_bytes || first > 0xf4)
        return 0;
    *point = n == 1 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (text[i] & 0x3f);
    }
    if (*point < smallest[n] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
        return 0;
    return n;
}

/* C0 and C1, and the marks that turn the direction of writing. */
static bool is_order(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x2028 && point <= 0x202e) ||
           (point >= 0x2066 && point <= 0x2069);
}

bool fa_is_printable(const char *text, size_t n_bytes)
{
    if (n_bytes == 0 || n_bytes > LONGEST_NAME)
        return false;
    for (size_t i = 0; i < n_bytes;) {
        uint32_t point = 0;
        const size_t n = fa_utf8_read(text + i, n_bytes - i, &point);

        if (n == 0 || is_order(point))
            return false;
        i += n;
    }
    return true;
}

/* The next character as it may be shown, at most 16 bytes; returns how many bytes of the text it was. */
static size_t show(const char *text, size_t n_bytes, char shown[17])
{
    uint32_t point = 0;
    size_t n = fa_utf8_read(text, n_bytes, &point);

    if (n > 0 && !is_order(point)) {
        memcpy(shown, text, n);
        shown[n] = '\0';
        return n;
    }
    n = n > 0 ? n : 1;
    for (size_t i = 0; i < n; i++)
        snprintf(shown + 4 * i, 5, "\\x%02x", (unsigned char)text[i]);
    return n;
}

const char *fa_printable(const char *text, size_t n_bytes, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < n_bytes;) {
        char shown[17];
        size_t length;

        i += show(text + i, n_bytes - i, shown);
        length = strlen(shown);
        if (length > size - 1 - used)
            break;
        memcpy(out + used, shown, length);
        used += length;
    }
    out[used] = '\0';
    return out;
}
