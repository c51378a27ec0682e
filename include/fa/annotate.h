/*
 * annotate.h - boxes with labels drawn into a picture so that people can read them.
 *
 * Text and lines follow the picture's size. Lines have a rim, and text an ink, that stand out from their
 * colour. Labels are UTF-8, of which the font has Latin letters and common punctuation; other characters, and
 * bytes that are no UTF-8, show as a hollow box. Callable from any thread.
 */
#ifndef FA_ANNOTATE_H
#define FA_ANNOTATE_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/image.h"

FA_BEGIN_DECLARATIONS

struct fa_annotation {
    float box[4];     /* x1 y1 x2 y2; what lies outside of the picture is cut off */
    const char *name; /* NULL: the box has no label; a name that is too long ends in an ellipsis */
    const char *note; /* follows the name; NULL: none */
    uint8_t rgb[3];
};

/* The first is the most important one: its label gets the best place, and its lines lie on top. */
fa_status fa_picture_annotate(struct fa_picture *picture, const struct fa_annotation *annotations,
                              size_t n) FA_CHECK_RESULT;

/* A line of text along the lower edge of a picture that grows by it. */
fa_status fa_picture_caption(struct fa_picture *picture, const char *text) FA_CHECK_RESULT;

struct fa_legend_entry {
    const char *text;
    uint8_t rgb[3];
};

/* A line along the lower edge of a picture that grows by it: each text on its colour, as labels have it; what
   has no room is left out. Without entries the picture stays as it is. */
fa_status fa_picture_legend(struct fa_picture *picture, const struct fa_legend_entry *entries,
                            size_t n) FA_CHECK_RESULT;

/* One of twelve well separated colours; classes beyond them share. */
void fa_class_color(int32_t label, uint8_t rgb[3]);

FA_END_DECLARATIONS

#endif
