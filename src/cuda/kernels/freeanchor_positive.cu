/*
 * A block takes one object after another: it puts the bag together from the segments' candidates, and
 * computes its loss and gradient in double as the host does (src/detect/positive.c).
 */
#include "freeanchor_image.h"
#include "groups.cuh"
#include "head.cuh"
#include "logistic.cuh"
#include "ranking.cuh"

enum { THREADS = 128, MOST_BLOCKS = 1024 };

/* ---- the bag ---- */

/* One warp adds the anchors of lowest index that do not overlap the object, after the n that do; they are
   found among the first 2 * bag. */
__device__ static void fill_up(const freeanchor_image &image, float4 object, unsigned n, uint64_t *keys)
{
    for (unsigned first = 0; n < image.bag; first += WARP) {
        const unsigned i = first + lane_of_warp();
        const bool is_apart = i < image.n_anchors && !(iou_of(object, anchor_at(image.head, i)) > 0);
        const unsigned apart = __ballot_sync(EVERY_LANE, is_apart);
        const unsigned place = n + (unsigned)__popc(apart & ((1u << lane_of_warp()) - 1));

        if (is_apart && place < image.bag)
            keys[place] = key_of(0, i);
        n += (unsigned)__popc(apart);
    }
}

/* Leaves the bag's anchors in the low halves of the first keys, in the order of the image. */
__device__ static void put_together(const freeanchor_image &image, unsigned i, uint64_t *keys,
                                    unsigned capacity)
{
    const uint64_t *candidates = image.candidates + (size_t)i * SEGMENTS * image.bag;
    const unsigned n = SEGMENTS * image.bag;
    ranking best = ranking_begin(keys, image.bag, capacity);

    for (unsigned first = 0; first < n; first += THREADS) {
        const unsigned at = first + threadIdx.x;

        ranking_offer(best, at < n ? candidates[at % SEGMENTS * image.bag + at / SEGMENTS] : NO_KEY);
    }
    ranking_finish(best);
    if (warp_of_block() == 0)
        fill_up(image, object_at(image.objects, i), best.n, keys);
    __syncthreads();
    for (unsigned k = threadIdx.x; k < image.bag; k += THREADS)
        keys[k] &= 0xFFFFFFFFu;
    sort_keys(keys, image.bag);
}

/* ---- its loss ---- */

/* As struct fa_bag_member of the host. */
struct member {
    probability of_class;
    double box_p;      /* exp(-localisation loss) */
    double likelihood; /* m = P exp(-localisation loss) */
    double rest;       /* 1 - m */
};

__device__ static double smooth_l1(const fa_freeanchor &config, double error)
{
    const double beta = config.smooth_l1_beta, weight = config.smooth_l1_weight, size = fabs(error);

    return size >= beta ? weight * (size - 0.5 * beta) : weight * 0.5 * error * error / beta;
}

__device__ static double smooth_l1_slope(const fa_freeanchor &config, double error)
{
    const double beta = config.smooth_l1_beta, weight = config.smooth_l1_weight;

    if (fabs(error) >= beta)
        return error > 0 ? weight : -weight;
    return weight * error / beta;
}

/* Four floats of each, whose differences are errors. */
struct prediction {
    float4 delta, target;
};

template <typename T>
__device__ static prediction prediction_of(const freeanchor_image &image, unsigned anchor, float4 object)
{
    return {delta_at(rows_of<T>(image.head, anchor).reg),
            encode(image.coder, anchor_at(image.head, anchor), object)};
}

__device__ static double localisation_loss(const fa_freeanchor &config, const prediction &of)
{
    return smooth_l1(config, (double)of.delta.x - (double)of.target.x) +
           smooth_l1(config, (double)of.delta.y - (double)of.target.y) +
           smooth_l1(config, (double)of.delta.z - (double)of.target.z) +
           smooth_l1(config, (double)of.delta.w - (double)of.target.w);
}

template <typename T>
__device__ static member describe(const freeanchor_image &image, unsigned anchor, float4 object, int label)
{
    const double loss = localisation_loss(image.config, prediction_of<T>(image, anchor, object));
    member of;

    of.of_class = probability_of((double)to_float(rows_of<T>(image.head, anchor).cls[label]));
    of.box_p = exp(-loss);
    of.likelihood = of.of_class.p * of.box_p;
    of.rest = of.of_class.q - of.of_class.p * expm1(-loss);
    return of;
}

__device__ static double mean_max_weight(const member &of)
{
    return 1 / at_least_tiny(of.rest);
}

__device__ static double mean_max_slope(const member &of, double bag, double sum_weights)
{
    const double u = mean_max_weight(of), w = u / sum_weights;

    return of.rest < TINY ? w : w + w * u * (of.likelihood - bag);
}

/* slope: derivative of the loss by the member's likelihood. */
__device__ static bag_member gradient_of(const fa_freeanchor &config, unsigned anchor, const member &of,
                                         const prediction &box, double slope)
{
    const double by_box = -slope * of.likelihood;

    return {anchor,
            (float)(slope * of.box_p * of.of_class.p * of.of_class.q),
            {(float)(by_box * smooth_l1_slope(config, (double)box.delta.x - (double)box.target.x)),
             (float)(by_box * smooth_l1_slope(config, (double)box.delta.y - (double)box.target.y)),
             (float)(by_box * smooth_l1_slope(config, (double)box.delta.z - (double)box.target.z)),
             (float)(by_box * smooth_l1_slope(config, (double)box.delta.w - (double)box.target.w))}};
}

template <typename T>
__device__ static void learn_bag(const freeanchor_image &image, unsigned i, const uint64_t *keys)
{
    const float4 object = object_at(image.objects, i);
    const int label = image.objects.labels[i];
    const double scale = image.config.alpha / fmax(1.0, *image.normalizer);
    double weights = 0, hit = 0, miss = 0;

    for (unsigned k = threadIdx.x; k < image.bag; k += THREADS) {
        const member of = describe<T>(image, index_of(keys[k]), object, label);
        const double weight = mean_max_weight(of);

        weights += weight;
        hit += weight * of.likelihood;
        miss += weight * of.rest; /* 1 - hit, without cancellation */
    }
    weights = block_sum(weights);
    hit = block_sum(hit) / weights;
    miss = block_sum(miss) / weights;
    hit = hit > 1 ? 1 : hit;
    const double slope = -scale * miss / at_least_tiny(miss * hit);

    for (unsigned k = threadIdx.x; k < image.bag; k += THREADS) {
        const unsigned anchor = index_of(keys[k]);
        const member of = describe<T>(image, anchor, object, label);

        image.members[(size_t)i * image.bag + k] =
            gradient_of(image.config, anchor, of, prediction_of<T>(image, anchor, object),
                        slope * mean_max_slope(of, hit, weights));
    }
    if (threadIdx.x == 0) {
        image.positive[i] = scale * surprise(hit, miss);
        image.probability[i] = hit;
    }
}

template <typename T>
__global__ static void __launch_bounds__(THREADS, 4) positive(const freeanchor_image image, unsigned capacity)
{
    FA_SHARED_DYNAMIC(uint64_t, keys);
    const unsigned n = number_of(image.objects);

    for (unsigned i = blockIdx.x; i < n; i += gridDim.x) {
        put_together(image, i, keys, capacity);
        learn_bag<T>(image, i, keys);
    }
}

int fa_cuda_freeanchor_positive(fa_cuda_stream stream, const freeanchor_image &image)
{
    const unsigned capacity = ranking_capacity(image.bag, THREADS);
    const unsigned blocks = (unsigned)min(max(image.objects.most, 1), (int)MOST_BLOCKS);
    const size_t bytes = capacity * sizeof(uint64_t);

    return image.head.type == FA_CUDA_F32
               ? FA_LAUNCH(positive<float>, blocks, THREADS, bytes, stream, image, capacity)
               : FA_LAUNCH(positive<__nv_bfloat16>, blocks, THREADS, bytes, stream, image, capacity);
}
