/*
 * page.h - the text of a page in the making. Memory that runs out is remembered, so that nobody who adds has
 * to look; whoever takes the page does.
 */
#ifndef FA_REPORT_PAGE_H
#define FA_REPORT_PAGE_H

#include <stddef.h>
#include <stdint.h>

#include "fa/status.h"

struct fa_page {
    char *text; /* n bytes, terminated; fa_free. NULL: nothing was added */
    size_t n, size;
    fa_status status; /* of all that was added so far */
};

void fa_page_put(struct fa_page *page, const char *markup); /* as it is */
void fa_page_add(struct fa_page *page, const char *format, ...) FA_PRINTF(2, 3);

/* Text that came from a file, as text: neither markup nor control characters nor what is no UTF-8 get
 * through. */
void fa_page_text(struct fa_page *page, const char *text);
void fa_page_base64(struct fa_page *page, const void *data, size_t n_bytes);

/* "12,345", and "0.573" or "none" where value is below 0 or no number. */
void fa_page_count(struct fa_page *page, double value);
void fa_page_share(struct fa_page *page, double value);

#endif
