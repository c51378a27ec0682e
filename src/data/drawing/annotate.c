#include "fa/annotate.h"

#include <math.h>
#include <string.h>

#include "draw.h"
#include "fa/memory.h"
#include "label_place.h"

static const uint8_t black[3] = {0, 0, 0}, white[3] = {255, 255, 255};

void fa_class_color(int32_t label, uint8_t rgb[3])
{
    static const uint8_t palette[12][3] = {{230, 25, 75},  {60, 180, 75},   {255, 225, 25}, {0, 130, 200},
                                           {245, 130, 48}, {145, 30, 180},  {70, 240, 240}, {240, 50, 230},
                                           {210, 245, 60}, {250, 190, 212}, {0, 128, 128},  {170, 110, 40}};

    memcpy(rgb, palette[label % 12], 3);
}

/* ---- contrast ---- */

static double linear(uint8_t level)
{
    const double v = level / 255.0;

    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Black or white, whichever stands out more: the contrast ratio of WCAG 2, (brighter + 0.05) / (darker +
   0.05), is the same for both at a luminance of 0.179. */
static const uint8_t *contrast(const uint8_t rgb[3])
{
    const double luminance = 0.2126 * linear(rgb[0]) + 0.7152 * linear(rgb[1]) + 0.0722 * linear(rgb[2]);

    return luminance > 0.179 ? black : white;
}

/* ---- sizes ---- */

static int shorter_side(const struct fa_picture *picture)
{
    return picture->w < picture->h ? picture->w : picture->h;
}

/* Pixels of a font pixel: capitals are about a fortieth of the picture high. */
static int text_scale(const struct fa_picture *picture)
{
    const int scale = (shorter_side(picture) + 150) / 300;

    return scale > 1 ? scale : 1;
}

/* About. */
static double label_area(const struct fa_annotation *annotation, int scale)
{
    int w, h, note_w;

    if (annotation->name == NULL)
        return 0;
    fa_text_size(scale, annotation->name, &w, &h);
    fa_text_size(scale, annotation->note != NULL ? annotation->note : "", &note_w, &h);
    return (double)(w + note_w) * h;
}

/* Labels do not take more of a picture than a tenth, as long as they can be smaller. */
static int label_scale(const struct fa_picture *picture, const struct fa_annotation *annotations, size_t n)
{
    const double most = (double)picture->w * picture->h / 10;

    for (int scale = text_scale(picture); scale > 1; scale--) {
        double taken = 0;

        for (size_t i = 0; i < n; i++)
            taken += label_area(&annotations[i], scale);
        if (taken <= most)
            return scale;
    }
    return 1;
}

/* Of a line; small boxes get thinner ones, so that something is left to see in them. */
static int line_width(const struct fa_picture *picture, const float box[4])
{
    const float shorter = fminf(box[2] - box[0], box[3] - box[1]);
    const int most = 1 + (text_scale(picture) + 1) / 2, width = shorter < 1e6f ? (int)(shorter / 8) : most;

    return width < 1 ? 1 : width > most ? most : width;
}

/* ---- boxes ---- */

static void grow(const float box[4], float by, float grown[4])
{
    for (int k = 0; k < 4; k++)
        grown[k] = box[k] + (k < 2 ? -by : by);
}

/* The coloured line, and around it a rim of one pixel. */
static void draw_box(struct fa_picture *picture, const struct fa_annotation *annotation)
{
    float rim[4];

    grow(annotation->box, 1, rim);
    fa_picture_draw_box(picture, rim, 1, contrast(annotation->rgb));
    fa_picture_draw_box(picture, annotation->box, line_width(picture, annotation->box), annotation->rgb);
}

/* ---- labels ---- */

/* n_bytes of the name, an ellipsis if that is not all of it, and the note. */
static fa_status compose(const struct fa_annotation *annotation, size_t n_bytes, char **text)
{
    const char *note = annotation->note != NULL ? annotation->note : "";

    return fa_asprintf(text, "%.*s%s%s%s", (int)n_bytes, annotation->name,
                       annotation->name[n_bytes] != '\0' ? "\xE2\x80\xA6" : "", note[0] != '\0' ? " " : "",
                       note);
}

/* n, or where the character begins that would be cut there. */
static size_t whole_characters(const char *text, size_t n)
{
    while (n > 0 && ((uint8_t)text[n] & 0xC0) == 0x80)
        n--;
    return n;
}

/* As much of the label as fits into w pixels; its size. */
static fa_status fit_label(const struct fa_annotation *annotation, int scale, int most_w, char **text, int *w,
                           int *h)
{
    enum { MOST_BYTES = 256 };
    size_t n = whole_characters(annotation->name, strnlen(annotation->name, MOST_BYTES));

    for (;;) {
        FA_TRY(compose(annotation, n, text));
        fa_text_size(scale, *text, w, h);
        if (*w <= most_w || n == 0)
            return FA_OK;
        fa_free(*text);
        n = whole_characters(annotation->name, n - 1);
    }
}

static void box_in_pixels(const struct fa_picture *picture, const float box[4], int out[4])
{
    for (int k = 0; k < 4; k++)
        out[k] = (int)lrintf(fminf(fmaxf(box[k], 0), (float)(k % 2 == 0 ? picture->w : picture->h)));
}

/* What is larger than the picture, as in one of a few pixels, begins at its corner. */
static struct fa_window find_place(struct fa_label_map *map, const struct fa_picture *picture,
                                   const float box[4], int w, int h)
{
    int pixels[4];

    if (w > picture->w || h > picture->h)
        return (struct fa_window){0, 0, w, h};
    box_in_pixels(picture, box, pixels);
    return fa_label_place(map, pixels, w, h);
}

/* Coarse on large pictures, whatever the labels' size: on those are many. */
static int map_cell(const struct fa_picture *picture)
{
    return (text_scale(picture) + 3) / 4;
}

/* One in which a label would leave little to see. */
static void avoid_small(struct fa_label_map *map, const struct fa_picture *picture, int scale,
                        const struct fa_annotation *annotation)
{
    const float *box = annotation->box;
    int pixels[4], w, h;

    fa_text_size(scale, "", &w, &h);
    box_in_pixels(picture, box, pixels);
    if (fminf(box[2] - box[0], box[3] - box[1]) < (float)(3 * h))
        fa_label_map_avoid(map, pixels);
}

static fa_status draw_label(struct fa_picture *picture, struct fa_label_map *map, int scale,
                            const struct fa_annotation *annotation)
{
    struct fa_window place;
    char *text;
    int w, h;

    if (annotation->name == NULL)
        return FA_OK;
    FA_TRY(fit_label(annotation, scale, picture->w, &text, &w, &h));
    place = find_place(map, picture, annotation->box, w, h);
    fa_picture_draw_text(picture, place.x, place.y, scale, contrast(annotation->rgb), annotation->rgb, text);
    fa_free(text);
    return FA_OK;
}

fa_status fa_picture_annotate(struct fa_picture *picture, const struct fa_annotation *annotations, size_t n)
{
    const int scale = label_scale(picture, annotations, n);
    struct fa_label_map map;
    fa_status status = FA_OK;

    FA_TRY(fa_label_map_create(picture->w, picture->h, map_cell(picture), &map));
    for (size_t i = n; i-- > 0;) {
        draw_box(picture, &annotations[i]);
        avoid_small(&map, picture, scale, &annotations[i]);
    }
    for (size_t i = 0; i < n && status == FA_OK; i++)
        status = draw_label(picture, &map, scale, &annotations[i]);
    fa_label_map_clear(&map);
    return status;
}

/* White below it, h pixels high. */
static fa_status grow_down(struct fa_picture *picture, int h)
{
    struct fa_picture taller;

    FA_TRY(fa_picture_alloc(picture->w, picture->h + h, &taller));
    memcpy(taller.rgb, picture->rgb, fa_picture_row_bytes(picture) * (size_t)picture->h);
    fa_picture_fill(&taller, 0, picture->h, taller.w, taller.h, white);
    fa_picture_free(picture);
    *picture = taller;
    return FA_OK;
}

fa_status fa_picture_caption(struct fa_picture *picture, const char *text)
{
    const struct fa_annotation caption = {.name = text};
    const int scale = text_scale(picture), top = picture->h;
    char *shown;
    int w, h;
    fa_status status;

    FA_TRY(fit_label(&caption, scale, picture->w, &shown, &w, &h));
    status = grow_down(picture, h);
    if (status == FA_OK)
        fa_picture_draw_text(picture, 0, top, scale, black, white, shown);
    fa_free(shown);
    return status;
}

fa_status fa_picture_legend(struct fa_picture *picture, const struct fa_legend_entry *entries, size_t n)
{
    const int scale = text_scale(picture), top = picture->h;
    int x = 0, w, h;

    if (n == 0)
        return FA_OK;
    fa_text_size(scale, entries[0].text, &w, &h);
    FA_TRY(grow_down(picture, h));
    for (size_t i = 0; i < n; i++, x += w + h / 2) {
        fa_text_size(scale, entries[i].text, &w, &h);
        if (x + w > picture->w)
            return FA_OK;
        fa_picture_draw_text(picture, x, top, scale, contrast(entries[i].rgb), entries[i].rgb,
                             entries[i].text);
    }
    return FA_OK;
}
