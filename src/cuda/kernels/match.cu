/*
 * Of boxes a thread has one, and a warp a group; of objects a block takes one segment after another.
 */
#include "match.h"

#include "head.cuh"

enum { THREADS = 256 };

__device__ static void write_bounds(float4 box, unsigned i, unsigned n, float4 *bounds)
{
    box = bounds_of_warp(box);
    if (i < n && lane_of_warp() == 0)
        bounds[i / WARP] = box;
}

__device__ static void begin(const matching &matching, unsigned i)
{
    if (i < (unsigned)matching.objects.most)
        matching.best_iou[i] = 0;
}

template <typename T>
__global__ static void __launch_bounds__(THREADS)
    predict(const fa_box_coder coder, const fa_cuda_head head, unsigned n, float4 *predicted,
            float4 *predicted_bounds, float4 *anchor_bounds, const matching matching)
{
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    float4 anchor = no_box(), box = no_box();

    if (i < n) {
        anchor = anchor_at(head, i);
        box = decode(coder, anchor, delta_at(rows_of<T>(head, i).reg));
        predicted[i] = box;
    }
    write_bounds(box, i, n, predicted_bounds);
    if (anchor_bounds != nullptr)
        write_bounds(anchor, i, n, anchor_bounds);
    begin(matching, i);
}

__global__ static void __launch_bounds__(THREADS)
    bound(unsigned n, const float4 *boxes, float4 *bounds, const matching matching, int32_t *count)
{
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;

    write_bounds(i < n ? boxes[i] : no_box(), i, n, bounds);
    begin(matching, i);
    if (i == 0)
        *count = 0;
}

__global__ static void __launch_bounds__(SEGMENT_THREADS)
    match(const grouped_boxes boxes, const matching matching)
{
    const unsigned items = number_of(matching.objects) * SEGMENTS;

    for (unsigned item = blockIdx.x; item < items; item += gridDim.x)
        raise_best(boxes, object_at(matching.objects, item / SEGMENTS), item % SEGMENTS,
                   matching.best_iou + item / SEGMENTS);
}

/* A thread for each box and each object. */
static unsigned blocks_of(unsigned n, const matching &matching)
{
    return fa_blocks(max(n, (unsigned)matching.objects.most), THREADS);
}

int fa_cuda_match_predict(fa_cuda_stream stream, const fa_box_coder &coder, const fa_cuda_head &head,
                          float4 *predicted, float4 *predicted_bounds, float4 *anchor_bounds,
                          const matching &matching)
{
    const unsigned n = (unsigned)fa_cuda_head_anchors(&head);
    const auto kernel = head.type == FA_CUDA_F32 ? predict<float> : predict<__nv_bfloat16>;

    return FA_LAUNCH(kernel, blocks_of(n, matching), THREADS, 0, stream, coder, head, n, predicted,
                     predicted_bounds, anchor_bounds, matching);
}

int fa_cuda_match_bound(fa_cuda_stream stream, unsigned n, const float4 *boxes, float4 *bounds,
                        const matching &matching, int32_t *count)
{
    return FA_LAUNCH(bound, blocks_of(n, matching), THREADS, 0, stream, n, boxes, bounds, matching, count);
}

int fa_cuda_match(fa_cuda_stream stream, const grouped_boxes &boxes, const matching &matching)
{
    return FA_LAUNCH(match, segment_blocks(matching.objects), SEGMENT_THREADS, 0, stream, boxes, matching);
}
