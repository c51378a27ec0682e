/*
 * sheet.h - a contact sheet: many small pictures in rows on one large one.
 */
#ifndef FA_CLI_BROWSE_SHEET_H
#define FA_CLI_BROWSE_SHEET_H

#include "fa/image.h"
#include "fa/status.h"

enum { FA_SHEET_MOST = 400 /* pictures */ };

struct fa_sheet {
    size_t n; /* pictures that it has room for */
    int group, columns;
    int tile_w, tile_h; /* the most that a picture may have, without its caption */
    int row_h;          /* with it, and the space between rows */
    struct fa_picture picture;
};

/* White. Pictures stand in groups of so many (1, or 2 for pairs), which no row tears apart. */
fa_status fa_sheet_create(size_t n, int group, struct fa_sheet *out) FA_CHECK_RESULT;
void fa_sheet_clear(struct fa_sheet *sheet);

/* The i-th picture; what of it is too large is cut off. */
void fa_sheet_put(struct fa_sheet *sheet, size_t i, const struct fa_picture *picture);

#endif
