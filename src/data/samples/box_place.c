/*
 * box_place.c - a box goes the way of its image: onto the canvas, resized, onto the frame, flipped. Every
 * step rounds to float32, as the reference has it.
 */
#include "sample.h"

void fa_image_plan_factor(const struct fa_image_plan *plan, float factor[4])
{
    factor[0] = factor[2] = (float)((double)plan->resized_w / plan->canvas_w);
    factor[1] = factor[3] = (float)((double)plan->resized_h / plan->canvas_h);
}

static float clip(float value, int limit)
{
    return value < 0 ? 0 : value > (float)limit ? (float)limit : value;
}

static void clip_box(float box[4], int w, int h)
{
    for (int k = 0; k < 4; k++)
        box[k] = clip(box[k], k % 2 == 0 ? w : h);
}

static float area(const float box[4])
{
    return (box[2] - box[0]) * (box[3] - box[1]);
}

/* The two ends of an interval, seen from the other side. */
static void mirror(float *low, float *high, int length)
{
    const float was = *low;

    *low = (float)length - *high;
    *high = (float)length - was;
}

void fa_bbox_corners(const double bbox[4], float corners[4])
{
    corners[0] = (float)bbox[0];
    corners[1] = (float)bbox[1];
    corners[2] = (float)(bbox[0] + bbox[2]);
    corners[3] = (float)(bbox[1] + bbox[3]);
}

void fa_box_on_canvas(const float corners[4], const struct fa_image_plan *plan, float box[4])
{
    for (int k = 0; k < 4; k++)
        box[k] = corners[k] + (float)(k % 2 == 0 ? plan->left : plan->top);
}

bool fa_centre_on_canvas(const float box[4], const struct fa_image_plan *plan)
{
    const float x = (box[0] + box[2]) / 2, y = (box[1] + box[3]) / 2;

    return x > 0 && y > 0 && x < (float)plan->canvas_w && y < (float)plan->canvas_h;
}

bool fa_box_place(const double bbox[4], const struct fa_image_plan *plan, double min_visible, float box[4])
{
    float corners[4], factor[4], whole, left;

    fa_bbox_corners(bbox, corners);
    fa_box_on_canvas(corners, plan, box);
    if (plan->cropped && !fa_centre_on_canvas(box, plan))
        return false;
    fa_image_plan_factor(plan, factor);
    for (int k = 0; k < 4; k++)
        box[k] *= factor[k];
    clip_box(box, plan->resized_w, plan->resized_h);
    for (int k = 0; k < 4; k++)
        box[k] += (float)(k % 2 == 0 ? plan->x : plan->y);
    whole = area(box);
    clip_box(box, plan->frame_w, plan->frame_h);
    left = area(box); /* before mirroring, which rounds: a box wholly in sight keeps all of its area */
    if (plan->flip.horizontal)
        mirror(&box[0], &box[2], plan->frame_w);
    if (plan->flip.vertical)
        mirror(&box[1], &box[3], plan->frame_h);
    return box[2] > box[0] && box[3] > box[1] && (double)left >= min_visible * (double)whole;
}
