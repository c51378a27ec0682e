/*
 * match.h - the best overlap of every object with some boxes, predictions or anchors; two launches.
 */
#ifndef FA_CUDA_MATCH_H
#define FA_CUDA_MATCH_H

#include "groups.cuh"

/* What is found of an image's objects: best_iou has room for the most of them. */
struct matching {
    fa_cuda_objects objects;
    float *best_iou;
};

/* Carries anchors to predicted boxes, bounds them in groups, and sets best_iou to 0. anchor_bounds: also of
   anchors, unless NULL. */
int fa_cuda_match_predict(fa_cuda_stream stream, const fa_box_coder &coder, const fa_cuda_head &head,
                          float4 *predicted, float4 *predicted_bounds, float4 *anchor_bounds,
                          const matching &matching);

/* Bounds boxes in groups, and sets best_iou and *count to 0. */
int fa_cuda_match_bound(fa_cuda_stream stream, unsigned n, const float4 *boxes, float4 *bounds,
                        const matching &matching, int32_t *count);

/* Then finds best_iou. */
int fa_cuda_match(fa_cuda_stream stream, const grouped_boxes &boxes, const matching &matching);

#endif
