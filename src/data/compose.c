/*
 * compose.c - a picture becomes its frame, as its plan says: 8-bit rows of the size that the network sees,
 * but for padding. Of what sticks out of the frame nothing is computed.
 */
#include <string.h>

#include "color.h"
#include "picture.h"

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Of the resized image, what is seen on the frame. */
static struct fa_window visible(const struct fa_image_plan *plan)
{
    const int x = plan->x < 0 ? -plan->x : 0, y = plan->y < 0 ? -plan->y : 0;
    const int w = smaller(plan->resized_w - x, plan->x < 0 ? plan->frame_w : plan->frame_w - plan->x);
    const int h = smaller(plan->resized_h - y, plan->y < 0 ? plan->frame_h : plan->frame_h - plan->y);

    return (struct fa_window){x, y, w, h};
}

static void paste(const struct fa_picture *part, int x, int y, const struct fa_picture *onto)
{
    for (int row = 0; row < part->h; row++)
        memcpy(fa_picture_row(onto, y + row) + 3 * (size_t)x, fa_picture_row(part, row),
               fa_picture_row_bytes(part));
}

static void place(const struct fa_picture *part, const struct fa_image_plan *plan, const uint8_t fill[3],
                  uint8_t *rgb)
{
    const struct fa_picture frame = {.w = plan->frame_w, .h = plan->frame_h, .rgb = rgb};

    if (part->w < frame.w || part->h < frame.h)
        fa_pixels_fill(rgb, (size_t)frame.w * (size_t)frame.h, fill);
    paste(part, plan->x > 0 ? plan->x : 0, plan->y > 0 ? plan->y : 0, &frame);
}

fa_status fa_picture_compose(const struct fa_picture *picture, const struct fa_image_plan *plan,
                             const uint8_t fill[3], uint8_t *rgb)
{
    const struct fa_canvas canvas = {.picture = picture,
                                     .w = plan->canvas_w,
                                     .h = plan->canvas_h,
                                     .left = plan->left,
                                     .top = plan->top,
                                     .fill = {fill[0], fill[1], fill[2]}};
    const struct fa_window window = visible(plan);
    struct fa_picture part;

    FA_TRY(fa_canvas_resize(&canvas, plan->resized_w, plan->resized_h, &window, &part));
    fa_picture_recolor(&part, &plan->colors);
    place(&part, plan, fill, rgb);
    fa_picture_free(&part);
    return FA_OK;
}
