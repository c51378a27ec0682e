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

struct composition {
    const struct fa_image_plan *plan;
    struct fa_canvas canvas;
    struct fa_window window; /* of the resized canvas */
};

static fa_status draw(const struct composition *c, struct fa_picture *part)
{
    FA_TRY(fa_canvas_resize(&c->canvas, c->plan->resized_w, c->plan->resized_h, &c->window, part));
    fa_picture_recolor(part, &c->plan->colors);
    return FA_OK;
}

/* Where the window is smaller than the frame, what is around it stays of one colour. */
static fa_status draw_within(const struct composition *c, struct fa_picture *frame)
{
    const struct fa_image_plan *plan = c->plan;
    struct fa_picture part;
    fa_status status;

    FA_TRY(fa_picture_alloc(c->window.w, c->window.h, &part));
    status = draw(c, &part);
    if (status == FA_OK) {
        fa_pixels_fill(frame->rgb, (size_t)frame->w * (size_t)frame->h, c->canvas.fill);
        paste(&part, plan->x > 0 ? plan->x : 0, plan->y > 0 ? plan->y : 0, frame);
    }
    fa_picture_free(&part);
    return status;
}

fa_status fa_picture_of_frame(const struct fa_frame *frame, struct fa_picture *out)
{
    FA_TRY(fa_picture_alloc(frame->w, frame->h, out));
    for (int y = 0; y < frame->h; y++) {
        const int v = frame->flip.vertical ? frame->h - 1 - y : y;
        const uint8_t *in = frame->rgb + 3 * (size_t)v * (size_t)frame->w;
        uint8_t *row = fa_picture_row(out, y);

        for (int x = 0; x < frame->w; x++)
            memcpy(row + 3 * (size_t)x, in + 3 * (size_t)(frame->flip.horizontal ? frame->w - 1 - x : x), 3);
    }
    return FA_OK;
}

fa_status fa_picture_compose(const struct fa_picture *picture, const struct fa_image_plan *plan,
                             const uint8_t fill[3], uint8_t *rgb)
{
    struct fa_picture frame = {.w = plan->frame_w, .h = plan->frame_h, .rgb = rgb};
    const struct composition composition = {.plan = plan,
                                            .canvas = {.picture = picture,
                                                       .w = plan->canvas_w,
                                                       .h = plan->canvas_h,
                                                       .left = plan->left,
                                                       .top = plan->top,
                                                       .fill = {fill[0], fill[1], fill[2]}},
                                            .window = visible(plan)};

    if (composition.window.w == frame.w && composition.window.h == frame.h)
        return draw(&composition, &frame);
    return draw_within(&composition, &frame);
}
