#include "overlay.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/printable.h"

enum { MOST_NAMES = 60, LETTERS = 24, TEXT_ROOM = 128 };

static const double tag_height = 16, tag_margin = 3;

struct tag {
    double x, y, w;
};

/* ---- how wide a text is ---- */

/* Of a letter whose first byte this is, in units of the drawing: wide scripts take about a whole height. The
   drawing then gives the text just that width. */
static double letter_width(unsigned char first)
{
    if (first < 0x80)
        return strchr("ijlIt.,:;'|! ", first) != NULL ? 4 : strchr("mwMW", first) != NULL ? 10 : 7;
    return first < 0xe0 ? 7.5 : 12;
}

static bool is_first_byte(char byte)
{
    return ((unsigned char)byte & 0xc0) != 0x80;
}

static double text_width(const char *text)
{
    double width = 0;

    for (; *text != '\0'; text++)
        width += is_first_byte(*text) ? letter_width((unsigned char)*text) : 0;
    return width;
}

/* The first letters of a long name. */
static void shorten(char *name)
{
    int n = 0;

    for (char *at = name; *at != '\0'; at++)
        if (is_first_byte(*at) && n++ == LETTERS) {
            snprintf(at, 4, "\xe2\x80\xa6"); /* an ellipsis */
            return;
        }
}

static void print_label(const struct fa_overlay_box *box, char text[TEXT_ROOM + 16])
{
    size_t n;

    fa_printable(box->name, strlen(box->name), text, TEXT_ROOM);
    shorten(text);
    n = strlen(text);
    if (box->score >= 0)
        snprintf(text + n, 16, " %.2f", box->score);
}

/* ---- where it goes ---- */

struct drawing {
    double width, height;
    const struct fa_overlay_box *boxes;
    size_t n_boxes, n_taken;
    struct tag taken[MOST_NAMES];
};

static bool overlaps(const struct tag *a, const struct tag *b)
{
    return a->x < b->x + b->w + 1 && b->x < a->x + a->w + 1 && a->y < b->y + tag_height + 1 &&
           b->y < a->y + tag_height + 1;
}

static bool is_free(const struct drawing *drawing, const struct tag *tag)
{
    if (tag->x < 0 || tag->y < 0 || tag->x + tag->w > drawing->width || tag->y + tag_height > drawing->height)
        return false;
    for (size_t i = 0; i < drawing->n_taken; i++)
        if (overlaps(tag, &drawing->taken[i]))
            return false;
    return true;
}

/* Of a box this small a name would leave little to see. */
static bool hides_one(const struct drawing *drawing, const struct tag *tag)
{
    for (size_t i = 0; i < drawing->n_boxes; i++) {
        const struct fa_overlay_box *box = &drawing->boxes[i];

        if ((box->w < 2 * tag_height || box->h < 2 * tag_height) && tag->x < box->x + box->w &&
            box->x < tag->x + tag->w && tag->y < box->y + box->h && box->y < tag->y + tag_height)
            return true;
    }
    return false;
}

/* Above the box, inside it, below it; from its left edge or to its right one. */
static bool place(const struct drawing *drawing, const struct fa_overlay_box *box, bool may_hide,
                  struct tag *tag)
{
    const double left = box->x, right = box->x + box->w - tag->w;
    const double above = box->y - tag_height, below = box->y + box->h;
    const double tries[][2] = {{left, above},   {left, box->y}, {right, above},
                               {right, box->y}, {left, below},  {left, below - tag_height},
                               {right, below},  {0, above},     {drawing->width - tag->w, above}};

    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        tag->x = tries[i][0];
        tag->y = tries[i][1];
        if (is_free(drawing, tag) && (may_hide || !hides_one(drawing, tag)))
            return true;
    }
    return false;
}

static void draw_tag(struct fa_page *page, const struct tag *tag, const char *text)
{
    fa_page_add(page,
                "<rect class=tag x=%.1f y=%.1f width=%.1f height=%.0f /><text x=%.1f y=%.1f textLength=%.1f "
                "lengthAdjust=spacingAndGlyphs>",
                tag->x, tag->y, tag->w, tag_height, tag->x + tag_margin, tag->y + 12,
                tag->w - 2 * tag_margin);
    fa_page_text(page, text);
    fa_page_put(page, "</text>");
}

/* ---- the whole ---- */

static int by_rank(const void *x, const void *y)
{
    const struct fa_overlay_box *a = x, *b = y;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return (a->score < b->score) - (a->score > b->score);
}

/* The most important on top. */
static void draw_boxes(struct fa_page *page, const struct fa_overlay_box *boxes, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        const struct fa_overlay_box *box = &boxes[i];
        const char *looks[2] = {box->name != NULL ? "halo" : "\"halo of-right\"", box->look};

        for (int k = 0; k < 2; k++)
            fa_page_add(page, "<rect class=%s x=%.1f y=%.1f width=%.1f height=%.1f />", looks[k], box->x,
                        box->y, box->w > 0 ? box->w : 0, box->h > 0 ? box->h : 0);
    }
}

size_t fa_overlay_draw(struct fa_page *page, double width, double height, struct fa_overlay_box *boxes,
                       size_t n)
{
    struct drawing drawing = {.width = width, .height = height, .boxes = boxes, .n_boxes = n};
    size_t n_left_out = 0;
    char text[TEXT_ROOM + 16];

    qsort(boxes, n, sizeof *boxes, by_rank);
    draw_boxes(page, boxes, n);
    for (size_t i = 0; i < n; i++) {
        struct tag tag;

        if (boxes[i].name == NULL)
            continue;
        print_label(&boxes[i], text);
        tag.w = text_width(text) + 2 * tag_margin;
        if (drawing.n_taken == MOST_NAMES ||
            (!place(&drawing, &boxes[i], false, &tag) && !place(&drawing, &boxes[i], true, &tag))) {
            n_left_out++;
            continue;
        }
        draw_tag(page, &tag, text);
        drawing.taken[drawing.n_taken++] = tag;
    }
    return n_left_out;
}
