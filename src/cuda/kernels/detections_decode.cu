/*
 * A block for each level puts the level's candidates together from its slices, a warp looking through one
 * slice's keys, and carries their anchors to boxes.
 */
#include "boxes.cuh"
#include "detection_image.h"
#include "head.cuh"
#include "ranking.cuh"

enum { THREADS = 512, WARPS = THREADS / WARP };

__device__ static void rank_level(const detection_image &image, unsigned first_slice, unsigned slices,
                                  ranking &best)
{
    for (unsigned first = 0; first < slices; first += WARPS) {
        const unsigned slice = first_slice + first + warp_of_block();
        const unsigned n = first + warp_of_block() < slices ? image.n_keys[slice] : 0;
        const uint64_t *keys = image.keys + (size_t)slice * image.pre_nms;

        for (unsigned k = 0; __syncthreads_or(k < n); k += WARP)
            ranking_offer(best, k + lane_of_warp() < n ? keys[k + lane_of_warp()] : NO_KEY);
    }
}

__device__ static float clip_and_scale(float coordinate, float limit, float factor)
{
    return smaller(larger(coordinate, 0.0f), limit) / factor;
}

template <typename T>
__device__ static void write_candidate(const detection_image &image, unsigned first_anchor, uint64_t key,
                                       unsigned to)
{
    const unsigned classes = (unsigned)image.head.num_classes,
                   anchor = first_anchor + index_of(key) / classes;
    const float4 delta = delta_at(rows_of<T>(image.head, anchor).reg);
    const float4 box = decode(image.coder, anchor_at(image.head, anchor), delta);
    const float w = image.image->clip_w, h = image.image->clip_h, *factor = image.image->scale_factor;

    image.boxes[to] = make_float4(clip_and_scale(box.x, w, factor[0]), clip_and_scale(box.y, h, factor[1]),
                                  clip_and_scale(box.z, w, factor[2]), clip_and_scale(box.w, h, factor[3]));
    image.scores[to] = value_of(key);
    image.labels[to] = (int)(index_of(key) % classes);
}

template <typename T>
__global__ static void __launch_bounds__(THREADS)
    decode_levels(const detection_image image, unsigned capacity)
{
    FA_SHARED_DYNAMIC(uint64_t, keys);
    const int level = (int)blockIdx.x;
    unsigned first_slice = 0, first_anchor = 0;
    ranking best = ranking_begin(keys, image.pre_nms, capacity);

    for (int before = 0; before < level; before++) {
        first_slice += slices_of_level(image, before);
        first_anchor += FA_CELL_ANCHORS * image.head.level[before].positions;
    }
    rank_level(image, first_slice, slices_of_level(image, level), best);
    ranking_finish(best);
    for (unsigned k = threadIdx.x; k < best.n; k += THREADS)
        write_candidate<T>(image, first_anchor, keys[k], blockIdx.x * image.pre_nms + k);
    if (threadIdx.x == 0)
        image.n_candidates[level] = best.n;
}

int fa_cuda_detections_decode(fa_cuda_stream stream, const detection_image &image)
{
    const auto kernel = image.head.type == FA_CUDA_F32 ? decode_levels<float> : decode_levels<__nv_bfloat16>;
    const unsigned capacity = ranking_capacity(image.pre_nms, THREADS);

    return FA_LAUNCH(kernel, FA_LEVELS, THREADS, capacity * sizeof(uint64_t), stream, image, capacity);
}
