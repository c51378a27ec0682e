/*
 * groups.cuh - boxes in groups of 32 with the bounds of each group, so that an object is compared with few of
 * them.
 *
 * The work on one object is cut into segments, one a block: a segment has every 16th group, so that the
 * groups around an object are spread over all.
 */
#ifndef FA_CUDA_GROUPS_CUH
#define FA_CUDA_GROUPS_CUH

#include "boxes.cuh"
#include "head.h"

enum { SEGMENTS = 16, SEGMENT_THREADS = 256, MOST_SEGMENT_BLOCKS = 2048 };

/* Blocks that take segments of objects in turn. */
static inline unsigned segment_blocks(const fa_cuda_objects &objects)
{
    const size_t items = (size_t)objects.most * SEGMENTS;

    return items < 1 ? 1 : items < MOST_SEGMENT_BLOCKS ? (unsigned)items : (unsigned)MOST_SEGMENT_BLOCKS;
}

struct grouped_boxes {
    const float4 *boxes, *bounds;
    unsigned n;
};

/* Shows the boxes of a segment that may meet the object: visit(index, is_one) is called by all threads of a
   block of SEGMENT_THREADS together. */
template <typename Visit>
__device__ inline void visit_segment(const grouped_boxes &of, float4 object, unsigned segment, Visit visit)
{
    FA_SHARED(unsigned[SEGMENT_THREADS], meeting);
    FA_SHARED(unsigned, n_meeting);
    const unsigned groups = (of.n + WARP - 1) / WARP, warps = SEGMENT_THREADS / WARP;

    for (unsigned first = segment; first < groups; first += SEGMENTS * SEGMENT_THREADS) {
        const unsigned group = first + SEGMENTS * threadIdx.x;

        __syncthreads();
        if (threadIdx.x == 0)
            n_meeting = 0;
        __syncthreads();
        if (group < groups && meets(of.bounds[group], object))
            meeting[atomicAdd(&n_meeting, 1u)] = group;
        __syncthreads();
        for (unsigned n = n_meeting, k = warp_of_block(); k < (n + warps - 1) / warps * warps; k += warps) {
            const unsigned i = k < n ? meeting[k] * WARP + lane_of_warp() : of.n;

            visit(i, i < of.n);
        }
    }
}

/* The best IoU of the object with any box of the segment raises *best, which is at least 0: as integers such
   floats have the same order, and the largest does not depend on who comes first. */
__device__ inline void raise_best(const grouped_boxes &of, float4 object, unsigned segment, float *best)
{
    float own = 0;

    visit_segment(of, object, segment, [&](unsigned i, bool is_one) {
        if (is_one)
            own = larger(iou_of(object, of.boxes[i]), own);
    });
    for (int bit = 1; bit < WARP; bit *= 2)
        own = larger(__shfl_xor_sync(EVERY_LANE, own, bit), own);
    if (lane_of_warp() == 0 && own > 0)
        atomicMax(reinterpret_cast<int *>(best), __float_as_int(own));
}

#endif
