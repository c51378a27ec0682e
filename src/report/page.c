#include "page.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/printable.h"

/* Room for n more bytes and the end. */
static bool reserve(struct fa_page *page, size_t n)
{
    size_t needed;

    if (page->status == FA_OK && !fa_size_add(page->n + 1, n, &needed))
        page->status = fa_fail(FA_ENOMEM, "the page grows too large");
    if (page->status == FA_OK && needed > page->size) {
        page->status = fa_realloc(&page->text, 2 * needed, 1);
        page->size = page->status == FA_OK ? 2 * needed : page->size;
    }
    return page->status == FA_OK;
}

static void append(struct fa_page *page, const char *bytes, size_t n)
{
    if (!reserve(page, n))
        return;
    memcpy(page->text + page->n, bytes, n);
    page->n += n;
    page->text[page->n] = '\0';
}

void fa_page_put(struct fa_page *page, const char *markup)
{
    append(page, markup, strlen(markup));
}

void fa_page_add(struct fa_page *page, const char *format, ...)
{
    va_list arguments;
    int n;

    va_start(arguments, format);
    n = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (n < 0 || !reserve(page, (size_t)n))
        return;
    va_start(arguments, format);
    vsnprintf(page->text + page->n, (size_t)n + 1, format, arguments);
    va_end(arguments);
    page->n += (size_t)n;
}

static void put_harmless(struct fa_page *page, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '&'    ? "&amp;"
                             : *text == '<'  ? "&lt;"
                             : *text == '>'  ? "&gt;"
                             : *text == '"'  ? "&quot;"
                             : *text == '\'' ? "&#39;"
                                             : NULL;

        if (entity != NULL)
            fa_page_put(page, entity);
        else
            append(page, text, 1);
    }
}

/* A line of it; every byte may become four, "\x1b". */
static void put_line(struct fa_page *page, const char *line, size_t n)
{
    char *shown;

    if (page->status != FA_OK)
        return;
    page->status = fa_alloc(4 * n + 1, 1, &shown);
    if (page->status != FA_OK)
        return;
    put_harmless(page, fa_printable(line, n, shown, 4 * n + 1));
    fa_free(shown);
}

void fa_page_text(struct fa_page *page, const char *text)
{
    for (;;) {
        const size_t n = strcspn(text, "\n");

        put_line(page, text, n);
        if (text[n] == '\0')
            return;
        fa_page_put(page, "\n");
        text += n + 1;
    }
}

void fa_page_base64(struct fa_page *page, const void *data, size_t n_bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *byte = data;

    for (size_t i = 0; i < n_bytes; i += 3) {
        const size_t left = n_bytes - i;
        const uint32_t group = (uint32_t)byte[i] << 16 | (left > 1 ? (uint32_t)byte[i + 1] << 8 : 0) |
                               (left > 2 ? byte[i + 2] : 0);
        const char four[4] = {digits[group >> 18], digits[group >> 12 & 63],
                              left > 1 ? digits[group >> 6 & 63] : '=', left > 2 ? digits[group & 63] : '='};

        append(page, four, sizeof four);
    }
}

void fa_page_count(struct fa_page *page, double value)
{
    char digits[32];
    int n;

    if (!isfinite(value) || fabs(value) >= 1e15) {
        fa_page_put(page, "none");
        return;
    }
    n = snprintf(digits, sizeof digits, "%.0f", value);
    for (int i = 0; i < n; i++) {
        append(page, digits + i, 1);
        if (digits[i] != '-' && i + 1 < n && (n - i - 1) % 3 == 0)
            fa_page_put(page, ",");
    }
}

void fa_page_share(struct fa_page *page, double value)
{
    if (value >= 0 && isfinite(value))
        fa_page_add(page, "%.3f", value);
    else
        fa_page_put(page, "none");
}
