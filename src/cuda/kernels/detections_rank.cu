/*
 * A block passes over one slice of a level's logits and keeps the best pairs of anchor and class. Few logits
 * are worth a second look.
 */
#include "detection_image.h"
#include "head.cuh"
#include "ranking.cuh"

enum { THREADS = 256 };

/* The key of the part's i-th logit, whose index is (anchor in the level) * classes + class. */
__device__ static uint64_t key_of_logit(const detection_image &image, const level_part &part, unsigned i,
                                        float logit)
{
    const unsigned channels = (unsigned)image.head.cls_channels;
    const unsigned used = FA_CELL_ANCHORS * (unsigned)image.head.num_classes;
    const float score = 1.0f / (1.0f + expf(-logit));

    return score > image.threshold ? key_of(score, (part.first + i / channels) * used + i % channels)
                                   : NO_KEY;
}

template <typename T>
__device__ static void rank_part(const detection_image &image, const level_part &part, ranking &best)
{
    constexpr unsigned n = pack<T>::n;
    const unsigned channels = (unsigned)image.head.cls_channels, n_logits = part.n * channels;
    const unsigned used = FA_CELL_ANCHORS * (unsigned)image.head.num_classes;
    const T *logits =
        static_cast<const T *>(image.head.level[part.level].cls) + (size_t)part.first * channels;

    for (unsigned first = 0; first < n_logits; first += n * THREADS) {
        const unsigned at = first + n * threadIdx.x;
        pack<T> values = {};
        unsigned hopeful = 0;

        if (at < n_logits)
            values = load_pack(logits + at);
        for (unsigned i = 0; i < n && at < n_logits; i++)
            if (values.of[i] > image.hopeless && (at + i) % channels < used)
                hopeful |= 1u << i;
        if (!__syncthreads_or(hopeful != 0))
            continue;
        for (unsigned i = 0; i < n; i++)
            ranking_offer(best, hopeful >> i & 1 ? key_of_logit(image, part, at + i, values.of[i]) : NO_KEY);
    }
}

template <typename T>
__global__ static void __launch_bounds__(THREADS) rank_slices(const detection_image image, unsigned capacity)
{
    FA_SHARED_DYNAMIC(uint64_t, keys);
    const level_part part = part_of_block(image.head, image.slice_positions);
    ranking best = ranking_begin(keys, image.pre_nms, capacity);

    rank_part<T>(image, part, best);
    ranking_finish(best);
    for (unsigned k = threadIdx.x; k < best.n; k += THREADS)
        image.keys[(size_t)blockIdx.x * image.pre_nms + k] = keys[k];
    if (threadIdx.x == 0)
        image.n_keys[blockIdx.x] = best.n;
}

int fa_cuda_detections_rank(fa_cuda_stream stream, const detection_image &image)
{
    const auto kernel = image.head.type == FA_CUDA_F32 ? rank_slices<float> : rank_slices<__nv_bfloat16>;
    const unsigned capacity = ranking_capacity(image.pre_nms, THREADS);
    unsigned slices = 0;

    for (int level = 0; level < FA_LEVELS; level++)
        slices += slices_of_level(image, level);
    return FA_LAUNCH(kernel, slices, THREADS, capacity * sizeof(uint64_t), stream, image, capacity);
}
