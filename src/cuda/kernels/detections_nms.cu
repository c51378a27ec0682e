/*
 * One block: candidates in the order of their scores over all levels, moved apart by class as the host does
 * (src/detect/nms.c); then the first that is alive is kept and what overlaps it dies, again and again. A warp
 * has 32 neighbouring candidates, whose lives are the bits of a word.
 */
#include "boxes.cuh"
#include "detection_image.h"

enum { THREADS = 1024, WARPS = THREADS / WARP, MOST_WORDS = FA_LEVELS * FA_CUDA_MOST_PRE_NMS / 32 };

/* ---- order ---- */

/* How many of a level's scores are greater; or equal, if that counts. */
__device__ static unsigned count_above(const detection_image &image, int level, float score, bool or_equal)
{
    const float *scores = image.scores + (size_t)level * image.pre_nms;
    unsigned begin = 0, end = image.n_candidates[level];

    while (begin < end) {
        const unsigned middle = (begin + end) / 2;

        if (scores[middle] > score || (or_equal && scores[middle] == score))
            begin = middle + 1;
        else
            end = middle;
    }
    return begin;
}

/* Calls visit(level, k, candidate) for the thread's candidates. */
template <typename Visit> __device__ static void visit_candidates(const detection_image &image, Visit visit)
{
    for (int level = 0; level < FA_LEVELS; level++)
        for (unsigned k = threadIdx.x; k < image.n_candidates[level]; k += THREADS)
            visit(level, k, (unsigned)level * image.pre_nms + k);
}

/* The largest coordinate of all candidates. */
__device__ static float largest_coordinate(const detection_image &image)
{
    FA_SHARED(float[WARPS], part);
    float most = -FLT_MAX;

    visit_candidates(image, [&](int, unsigned, unsigned candidate) {
        const float4 box = image.boxes[candidate];

        most = larger(larger(box.x, box.y), larger(larger(box.z, box.w), most));
    });
    for (int bit = 1; bit < WARP; bit *= 2)
        most = larger(__shfl_xor_sync(EVERY_LANE, most, bit), most);
    if (lane_of_warp() == 0)
        part[warp_of_block()] = most;
    __syncthreads();
    for (int warp = 0; warp < WARPS; warp++)
        most = larger(part[warp], most);
    return most;
}

/* Of equal scores the one of the earlier level goes first. */
__device__ static unsigned place_of(const detection_image &image, int level, unsigned k, float score)
{
    unsigned place = k;

    for (int other = 0; other < FA_LEVELS; other++)
        if (other != level)
            place += count_above(image, other, score, other < level);
    return place;
}

__device__ static void put_in_order(const detection_image &image, float most)
{
    visit_candidates(image, [&](int level, unsigned k, unsigned candidate) {
        const unsigned place = place_of(image, level, k, image.scores[candidate]);
        const float4 box = image.boxes[candidate];
        const float offset = (float)image.labels[candidate] * (most + 1.0f);

        image.source[place] = candidate;
        image.shifted[place] = make_float4(box.x + offset, box.y + offset, box.z + offset, box.w + offset);
    });
}

/* ---- suppression ---- */

__device__ static bool overlaps(float4 a, float4 b, float iou)
{
    const float inter = intersection(a, b);

    return inter > iou * (area_of(a) + area_of(b) - inter);
}

/* By one warp: the first candidate alive from a word on; words * 32 if there is none. */
__device__ static unsigned first_alive(const unsigned *alive, unsigned word, unsigned words)
{
    for (; word < words; word += WARP) {
        const unsigned own = word + lane_of_warp(), bits = own < words ? alive[own] : 0;
        const unsigned ballot = __ballot_sync(EVERY_LANE, bits != 0);

        if (ballot != 0) {
            const int lane = __ffs((int)ballot) - 1;

            return (word + (unsigned)lane) * 32 + (unsigned)__ffs((int)__shfl_sync(EVERY_LANE, bits, lane)) -
                   1;
        }
    }
    return words * 32;
}

/* What overlaps the kept candidate dies, and itself. */
__device__ static void suppress(const detection_image &image, unsigned kept, unsigned words, unsigned *alive)
{
    const float4 box = image.shifted[kept];

    for (unsigned word = kept / 32 + warp_of_block(); word < words; word += WARPS) {
        const unsigned i = word * 32 + lane_of_warp();
        const bool lives = (alive[word] >> lane_of_warp() & 1) && i != kept &&
                           !overlaps(box, image.shifted[i], image.nms_iou);
        const unsigned ballot = __ballot_sync(EVERY_LANE, lives);

        if (lane_of_warp() == 0)
            alive[word] = ballot;
    }
}

__device__ static void write(const detection_image &image, unsigned candidate, fa_detection *out)
{
    const float4 box = image.boxes[candidate];

    *out = {{box.x, box.y, box.z, box.w}, image.scores[candidate], image.labels[candidate]};
}

__device__ static unsigned keep_greedily(const detection_image &image, unsigned n)
{
    FA_SHARED(unsigned[MOST_WORDS], alive);
    FA_SHARED(unsigned, next);
    const unsigned words = (n + 31) / 32;
    unsigned kept = 0, from = 0;

    for (unsigned word = threadIdx.x; word < words; word += THREADS)
        alive[word] = n - word * 32 >= 32 ? 0xFFFFFFFFu : (1u << (n - word * 32)) - 1;
    for (; kept < image.most; kept++) {
        __syncthreads();
        if (warp_of_block() == 0) {
            const unsigned first = first_alive(alive, from, words);

            if (lane_of_warp() == 0)
                next = first;
        }
        __syncthreads();
        if (next == words * 32)
            break;
        from = next / 32;
        if (threadIdx.x == 0)
            write(image, image.source[next], image.out + kept);
        suppress(image, next, words, alive);
    }
    return kept;
}

__global__ static void __launch_bounds__(THREADS) nms(const detection_image image)
{
    unsigned n = 0, kept;

    for (int level = 0; level < FA_LEVELS; level++)
        n += image.n_candidates[level];
    put_in_order(image, largest_coordinate(image));
    kept = keep_greedily(image, n);
    if (threadIdx.x == 0)
        *image.n = (int32_t)kept;
}

int fa_cuda_detections_nms(fa_cuda_stream stream, const detection_image &image)
{
    return FA_LAUNCH(nms, 1, THREADS, 0, stream, image);
}
