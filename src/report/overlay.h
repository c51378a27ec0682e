/*
 * overlay.h - boxes and names over a picture, as SVG. Names are text, so any script can be read that the
 * reader's system can show; one that would cover another is left away, and none covers a small box where
 * there is room elsewhere.
 */
#ifndef FA_REPORT_OVERLAY_H
#define FA_REPORT_OVERLAY_H

#include <stddef.h>

#include "page.h"

struct fa_overlay_box {
    double x, y, w, h; /* in units of the drawing */
    const char *look;  /* a class of the page's style */
    const char *name;  /* NULL: none */
    double score;      /* behind the name; below 0: none */
    int rank;          /* names of a lower one are placed first */
};

/* In a drawing of width by height. boxes are put in order of rank. Returns how many names had no room. */
size_t fa_overlay_draw(struct fa_page *page, double width, double height, struct fa_overlay_box *boxes,
                       size_t n);

#endif
