/*
 * A thread an anchor, after the best anchor of each object is known; a warp looks at the objects near its
 * anchors in turn (src/detect/assign.c).
 */
#include "focal.h"

#include "head.cuh"
#include "match.h"
#include "take.h"

enum { THREADS = 256, NEGATIVE = -1, IGNORED = -2 };

namespace
{
/* What is known of an anchor while objects go by. */
struct candidate {
    float largest;        /* IoU with any object so far */
    int nearest, claimed; /* the first object of that IoU; the last one whose best anchor this is */

    __device__ void offer(int object, float iou, float best, float least)
    {
        if (iou > largest) {
            largest = iou;
            nearest = object;
        }
        if (best >= least && iou == best)
            claimed = object;
    }

    __device__ int verdict(const fa_focal &config) const
    {
        if (claimed >= 0)
            return claimed;
        if (largest >= (float)config.positive_iou)
            return nearest;
        return largest < (float)config.negative_iou ? NEGATIVE : IGNORED;
    }
};

struct scratch {
    float4 *bounds;
    float *best_iou;
};
} // namespace

/* An object whose best IoU is 0 may claim any anchor. */
__device__ static candidate meet_objects(const fa_focal &config, const matching &matching, float4 anchor)
{
    const float4 bounds = bounds_of_warp(anchor);
    const unsigned n = number_of(matching.objects);
    candidate own = {0, NEGATIVE, NEGATIVE};

    for (unsigned first = 0; first < n; first += WARP) {
        const unsigned at = first + lane_of_warp();
        const bool is_near =
            at < n && (!(matching.best_iou[at] > 0) || meets(bounds, object_at(matching.objects, at)));

        for (unsigned near = __ballot_sync(EVERY_LANE, is_near); near != 0; near &= near - 1) {
            const unsigned i = first + (unsigned)__ffs((int)near) - 1;

            own.offer((int)i, iou_of(object_at(matching.objects, i), anchor), matching.best_iou[i],
                      (float)config.min_positive_iou);
        }
    }
    return own;
}

__global__ static void __launch_bounds__(THREADS)
    assign(const fa_focal config, unsigned n, const float4 *anchors, const matching matching,
           int32_t *assigned, int32_t *positives)
{
    const unsigned i = blockIdx.x * THREADS + threadIdx.x;
    const int verdict = meet_objects(config, matching, i < n ? anchors[i] : no_box()).verdict(config);
    int count;

    if (i < n)
        assigned[i] = verdict;
    count = __syncthreads_count(i < n && verdict >= 0);
    if (threadIdx.x == 0)
        atomicAdd(positives, count);
}

static size_t lay_out(size_t n_anchors, int most_objects, void *memory, struct scratch *scratch)
{
    size_t n = 0;

    take_counters(memory, &n);
    scratch->bounds = take<float4>(memory, &n, fa_blocks(n_anchors, WARP));
    scratch->best_iou = take<float>(memory, &n, (size_t)most_objects);
    return n;
}

size_t fa_cuda_focal_assign_scratch_bytes(size_t n_anchors, int most_objects)
{
    struct scratch scratch;

    return lay_out(n_anchors, most_objects, nullptr, &scratch);
}

int fa_cuda_focal_assign(fa_cuda_stream stream, const struct fa_focal *config, size_t n_anchors,
                         const float *anchors, const struct fa_cuda_objects *objects, void *memory,
                         int32_t *assigned, int32_t *positives)
{
    const unsigned n = (unsigned)n_anchors;
    const float4 *boxes = reinterpret_cast<const float4 *>(anchors);
    struct scratch scratch;
    int error;

    lay_out(n_anchors, objects->most, memory, &scratch);
    const matching matching = {*objects, scratch.best_iou};

    error = fa_cuda_match_bound(stream, n, boxes, scratch.bounds, matching, positives);
    if (error == 0)
        error = fa_cuda_match(stream, {boxes, scratch.bounds, n}, matching);
    if (error == 0)
        error = FA_LAUNCH(assign, fa_blocks(n, THREADS), THREADS, 0, stream, *config, n, boxes, matching,
                          assigned, positives);
    return error;
}
