/*
 * boxes.cuh - boxes as the host computes them (src/detect/box.c, overlap.h), bit for bit as far as expf
 * agrees. A box is a float4 of x1 y1 x2 y2.
 */
#ifndef FA_CUDA_BOXES_CUH
#define FA_CUDA_BOXES_CUH

#include <float.h>

#include "fa/box.h"
#include "warp.cuh"

/* b where either is NaN. */
__device__ inline float larger(float a, float b)
{
    return a > b ? a : b;
}

__device__ inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

__device__ inline float area_of(float4 box)
{
    return (box.z - box.x) * (box.w - box.y);
}

/* Of an object and a box, in this order where one has NaN: then it is 0. */
__device__ inline float intersection(float4 object, float4 box)
{
    const float w = larger(smaller(object.z, box.z) - larger(object.x, box.x), 0.0f);
    const float h = larger(smaller(object.w, box.w) - larger(object.y, box.y), 0.0f);

    return w * h;
}

__device__ inline float iou_of(float4 object, float4 box)
{
    const float inter = intersection(object, box);

    return inter / larger(area_of(object) + area_of(box) - inter, 1e-6f);
}

/* ---- bounds of the boxes of a warp, for leaving out objects that meet none of them ---- */

/* A box that no object meets. */
__device__ inline float4 no_box()
{
    return make_float4(FLT_MAX, FLT_MAX, -FLT_MAX, -FLT_MAX);
}

__device__ inline float4 bounds_of_warp(float4 box)
{
    const float4 none = no_box();
    float4 bounds = make_float4(smaller(box.x, none.x), smaller(box.y, none.y), larger(box.z, none.z),
                                larger(box.w, none.w));

    for (int bit = 1; bit < WARP; bit *= 2) {
        bounds.x = smaller(__shfl_xor_sync(EVERY_LANE, bounds.x, bit), bounds.x);
        bounds.y = smaller(__shfl_xor_sync(EVERY_LANE, bounds.y, bit), bounds.y);
        bounds.z = larger(__shfl_xor_sync(EVERY_LANE, bounds.z, bit), bounds.z);
        bounds.w = larger(__shfl_xor_sync(EVERY_LANE, bounds.w, bit), bounds.w);
    }
    return bounds;
}

/* If not, every IoU of the object with a box within the bounds is 0. */
__device__ inline bool meets(float4 bounds, float4 object)
{
    return bounds.x < object.z && bounds.z > object.x && bounds.y < object.w && bounds.w > object.y;
}

/* ---- the coder ---- */

struct span {
    float begin, end;
};

__device__ inline span decode_span(float std_centre, float std_size, span anchor, float d_centre,
                                   float d_size)
{
    const float anchor_centre = (anchor.begin + anchor.end) * 0.5f, anchor_size = anchor.end - anchor.begin;
    const float log_size = smaller(larger(d_size * std_size, -FA_BOX_LOG_CLIP), FA_BOX_LOG_CLIP);
    const float centre = anchor_centre + anchor_size * (d_centre * std_centre);
    const float size = anchor_size * expf(log_size);

    return {centre - size * 0.5f, centre + size * 0.5f};
}

__device__ inline float4 decode(const fa_box_coder &coder, float4 anchor, float4 delta)
{
    const span x = decode_span(coder.std[0], coder.std[2], {anchor.x, anchor.z}, delta.x, delta.z);
    const span y = decode_span(coder.std[1], coder.std[3], {anchor.y, anchor.w}, delta.y, delta.w);

    return make_float4(x.begin, y.begin, x.end, y.end);
}

__device__ inline float encode_centre(float std, span anchor, span object)
{
    const float anchor_centre = (anchor.begin + anchor.end) * 0.5f,
                centre = (object.begin + object.end) * 0.5f;

    return (centre - anchor_centre) / (anchor.end - anchor.begin) / std;
}

__device__ inline float encode_size(float std, span anchor, span object)
{
    return logf((object.end - object.begin) / (anchor.end - anchor.begin)) / std;
}

__device__ inline float4 encode(const fa_box_coder &coder, float4 anchor, float4 object)
{
    const span anchor_x = {anchor.x, anchor.z}, anchor_y = {anchor.y, anchor.w};
    const span x = {object.x, object.z}, y = {object.y, object.w};

    return make_float4(encode_centre(coder.std[0], anchor_x, x), encode_centre(coder.std[1], anchor_y, y),
                       encode_size(coder.std[2], anchor_x, x), encode_size(coder.std[3], anchor_y, y));
}

#endif
