#include "fa/anchor_fit.h"

#include "anchor_cell.h"
#include "overlap.h"

void fa_anchor_shapes_make(const struct fa_anchor_design *design, struct fa_anchor_shapes *shapes)
{
    const int finest = fa_anchors_meant(design)->finest_level;

    for (int level = 0; level < FA_LEVELS; level++)
        fa_anchor_cell(1 << (finest + level), design, shapes->cell[level]);
}

/* The place on a grid of n points that is at or before the value. */
static int before(float value, int stride, int n)
{
    const float place = value / (float)stride;

    return place <= 0 ? 0 : place >= (float)(n - 1) ? n - 1 : (int)place;
}

/* Two points of a grid along one axis, of which one is nearest to a box's centre. */
struct points {
    float a, b;
};

static struct points nearest(float low, float high, int stride, int n)
{
    const int place = before(0.5f * (low + high), stride, n);

    return (struct points){(float)(place * stride), (float)((place + (place + 1 < n)) * stride)};
}

static float overlap_at(float point, float from, float to, float low, float high)
{
    return fa_smaller(point + to, high) - fa_larger(point + from, low);
}

/* Of an anchor that reaches from `from` to `to` about its point. */
static float overlap(struct points points, float from, float to, float low, float high)
{
    return fa_larger(
        fa_larger(overlap_at(points.a, from, to, low, high), overlap_at(points.b, from, to, low, high)), 0);
}

float fa_anchor_best_iou(const struct fa_anchor_shapes *shapes, const struct fa_pyramid *pyramid,
                         const float box[4])
{
    const float area = (box[2] - box[0]) * (box[3] - box[1]);
    float best = 0;

    for (int level = 0; level < FA_LEVELS; level++) {
        const struct points xs = nearest(box[0], box[2], pyramid->stride[level], pyramid->w[level]);
        const struct points ys = nearest(box[1], box[3], pyramid->stride[level], pyramid->h[level]);

        for (int k = 0; k < FA_CELL_ANCHORS; k++) {
            const float *anchor = shapes->cell[level][k];
            const float shared = overlap(xs, anchor[0], anchor[2], box[0], box[2]) *
                                 overlap(ys, anchor[1], anchor[3], box[1], box[3]);

            best = fa_larger(
                best, fa_iou_of_areas(shared, area, (anchor[2] - anchor[0]) * (anchor[3] - anchor[1])));
        }
    }
    return best;
}
