/* font.h - a small bitmap font: printable ASCII in cells of 5 by 8 pixels. */
#ifndef FA_DATA_FONT_H
#define FA_DATA_FONT_H

#include <stdbool.h>

#define FA_GLYPH_W 5
#define FA_GLYPH_H 8 /* the lowest row holds descenders */

/* Whether the pixel is inked; any byte that is not printable ASCII looks like '?'. */
bool fa_glyph_pixel(char character, int x, int y);

#endif
