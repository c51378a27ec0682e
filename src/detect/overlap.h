/*
 * overlap.h - the intersection of two boxes in float32, one way for all who compare boxes.
 */
#ifndef FA_DETECT_OVERLAP_H
#define FA_DETECT_OVERLAP_H

static inline float fa_larger(float a, float b)
{
    return a > b ? a : b;
}

static inline float fa_smaller(float a, float b)
{
    return a < b ? a : b;
}

/* 0 for boxes that only touch. */
static inline float fa_intersection(float ax1, float ay1, float ax2, float ay2, float bx1, float by1,
                                    float bx2, float by2)
{
    float w = fa_larger(fa_smaller(ax2, bx2) - fa_larger(ax1, bx1), 0.0f);
    float h = fa_larger(fa_smaller(ay2, by2) - fa_larger(ay1, by1), 0.0f);

    return w * h;
}

static inline float fa_iou_of_areas(float intersection, float area_a, float area_b)
{
    return intersection / fa_larger(area_a + area_b - intersection, 1e-6f);
}

#endif
