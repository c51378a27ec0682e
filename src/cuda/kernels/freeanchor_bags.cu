/*
 * A block takes one segment of one object's work after another: it finds the segment's best predicted box,
 * and the anchors of largest IoU in it. Of anchors that do not overlap the object at all a bag needs some
 * only where others are too few; freeanchor_positive.cu finds them.
 */
#include "freeanchor_image.h"
#include "groups.cuh"
#include "head.cuh"
#include "ranking.cuh"

__device__ static void collect(const freeanchor_image &image, float4 object, unsigned segment, uint64_t *keys,
                               unsigned capacity, uint64_t *candidates)
{
    const grouped_boxes anchors = {reinterpret_cast<const float4 *>(image.head.anchors), image.anchor_bounds,
                                   image.n_anchors};
    ranking best = ranking_begin(keys, image.bag, capacity);

    visit_segment(anchors, object, segment, [&](unsigned i, bool is_one) {
        const float iou = is_one ? iou_of(object, anchors.boxes[i]) : 0;

        ranking_offer(best, iou > 0 ? key_of(iou, i) : NO_KEY);
    });
    ranking_finish(best);
    for (unsigned k = threadIdx.x; k < image.bag; k += SEGMENT_THREADS)
        candidates[k] = k < best.n ? keys[k] : NO_KEY;
}

__global__ static void __launch_bounds__(SEGMENT_THREADS)
    bags(const freeanchor_image image, unsigned capacity)
{
    FA_SHARED_DYNAMIC(uint64_t, keys);
    const grouped_boxes predicted = {image.predicted, image.predicted_bounds, image.n_anchors};
    const unsigned items = number_of(image.objects) * SEGMENTS;

    for (unsigned item = blockIdx.x; item < items; item += gridDim.x) {
        const unsigned i = item / SEGMENTS, segment = item % SEGMENTS;
        const float4 object = object_at(image.objects, i);

        raise_best(predicted, object, segment, image.best_iou + i);
        collect(image, object, segment, keys, capacity, image.candidates + (size_t)item * image.bag);
    }
}

int fa_cuda_freeanchor_bags(fa_cuda_stream stream, const freeanchor_image &image)
{
    const unsigned capacity = ranking_capacity(image.bag, SEGMENT_THREADS);

    return FA_LAUNCH(bags, segment_blocks(image.objects), SEGMENT_THREADS, capacity * sizeof(uint64_t),
                     stream, image, capacity);
}
