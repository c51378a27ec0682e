#include "crop.h"

#include <math.h>

#include "sample.h"

enum { TRIES = 50 }; /* for one bound, before another is drawn */

/* The bound of a part that may overlap its objects as it likes; that of the whole canvas is drawn beside it.
 */
#define ANY 0.0f

/* ---- what a part is like ---- */

static float overlap(float a_low, float a_high, float b_low, float b_high)
{
    return fmaxf(fminf(a_high, b_high) - fmaxf(a_low, b_low), 0);
}

/* Of a box on the canvas with all of the canvas. */
static float iou_with_canvas(const float box[4], const struct fa_image_plan *plan)
{
    const float w = (float)plan->canvas_w, h = (float)plan->canvas_h;
    const float inter = overlap(0, w, box[0], box[2]) * overlap(0, h, box[1], box[3]);

    return inter / fmaxf(w * h + (box[2] - box[0]) * (box[3] - box[1]) - inter, 1e-6f);
}

/* Every object overlaps it enough, and of one at least the centre is on it; without objects any will do. */
static bool suits(const struct fa_image_plan *part, const struct fa_objects *objects, float bound)
{
    bool shows_one = objects->n == 0;

    for (size_t i = 0; i < objects->n; i++) {
        float box[4];

        fa_box_on_canvas(objects->boxes + 4 * i, part, box);
        if (iou_with_canvas(box, part) < bound)
            return false;
        shows_one = shows_one || fa_centre_on_canvas(box, part);
    }
    return shows_one;
}

/* ---- the draw ---- */

static double draw_side(struct fa_random *random, double least, int side)
{
    return least * side + fa_random_double(random) * (side - least * side);
}

/* false if the part is no picture, or more than twice as long as wide. */
static bool draw_part(const struct fa_crops *crops, struct fa_random *random,
                      const struct fa_image_plan *whole, struct fa_image_plan *part)
{
    const double w = draw_side(random, crops->least_side, whole->canvas_w);
    const double h = draw_side(random, crops->least_side, whole->canvas_h);
    const double x = fa_random_double(random) * (whole->canvas_w - w);
    const double y = fa_random_double(random) * (whole->canvas_h - h);

    *part = *whole;
    part->cropped = true;
    part->canvas_w = (int)(x + w) - (int)x;
    part->canvas_h = (int)(y + h) - (int)y;
    part->left -= (int)x;
    part->top -= (int)y;
    return part->canvas_w > 0 && part->canvas_h > 0 && h >= 0.5 * w && h <= 2 * w;
}

/* The whole canvas is one of the choices, so this ends. */
void fa_crop_draw(const struct fa_crops *crops, const struct fa_objects *objects, struct fa_random *random,
                  struct fa_image_plan *plan)
{
    const struct fa_image_plan whole = *plan;

    for (;;) {
        const int choice = (int)fa_random_below(random, (uint32_t)crops->n + 2);
        const float bound = choice < crops->n ? crops->min_iou[choice] : ANY;

        if (choice == crops->n + 1)
            return;
        for (int i = 0; i < TRIES; i++) {
            struct fa_image_plan part;

            if (draw_part(crops, random, &whole, &part) && suits(&part, objects, bound)) {
                *plan = part;
                return;
            }
        }
    }
}
