/*
 * A block passes over a tile of logits. Those of anchors whose predicted box overlaps an object of the class
 * by more than the threshold are few and computed in double; all others have box probability 0. The last
 * block adds up the image's loss.
 */
#include "boxes.cuh"
#include "freeanchor_image.h"
#include "last_block.cuh"
#include "logistic.cuh"
#include "logit_tile.cuh"

/* ---- logits without box probability ---- */

template <bool is_square> struct plain_negative {
    float scale, gamma;

    /* p^gamma times the surprise, not scaled. Where p is below TINY, so is all. */
    __device__ float operator()(float logit, float *gradient) const
    {
        const logistic of = logistic_of(logit);
        const float loss = of.softplus > LOG_LIMIT ? LOG_LIMIT : of.softplus;
        const float power = is_square ? of.p : powf(of.p, gamma - 1);
        const float limited = of.p * of.q * (float)(1 / TINY), log_slope = limited > 1 ? 1 : limited;
        const float slope = fmaf((is_square ? 2 : gamma) * of.q, loss, of.p * log_slope);

        *gradient = of.p < (float)TINY ? 0 : scale * (power * of.p) * slope;
        return power * of.p * loss;
    }
};

/* ---- logits with box probability ---- */

/* The saturated linear function: 0 up to the threshold, 1 from the best on. */
__device__ static float saturated(float iou, float threshold, float best)
{
    const float value = (iou - threshold) / (best - threshold);

    return value < 1.0f ? value : 1.0f;
}

/* The largest of all objects of the class of object i, which is the first of them that the box meets. */
__device__ static float box_probability(const freeanchor_image &image, float4 box, unsigned i, unsigned n)
{
    const float threshold = (float)image.config.box_threshold;
    const int label = image.objects.labels[i];
    float most = 0;

    for (; i < n; i++) {
        if (image.objects.labels[i] != label || !(image.best_iou[i] > threshold))
            continue;
        const float iou = iou_of(object_at(image.objects, i), box);

        if (iou > threshold)
            most = larger(saturated(iou, threshold, image.best_iou[i]), most);
    }
    return most;
}

/* As fa_negative_element; not scaled. */
__device__ static double element(double gamma, double logit, double box_probability, double *slope_of_logit)
{
    const probability of = probability_of(logit);
    const double unclamped = of.p * (1 - box_probability), p = at_least_tiny(unclamped);
    const double rest = of.q + of.p * box_probability; /* 1 - unclamped */
    const double loss = surprise(rest, p), power = pow(p, gamma - 1);
    const double slope = gamma * power * loss + power * p * p / at_least_tiny(rest * p);

    *slope_of_logit = unclamped < TINY ? 0 : slope * (1 - box_probability) * of.p * of.q;
    return power * p * loss;
}

/* The loss of what the tile's k-th anchor says of the class of object i, unless an earlier object had it
 * counted. */
template <typename T>
__device__ static double meet(const freeanchor_image &image, const logit_tile<T> &tile, unsigned k,
                              float4 box, unsigned i, unsigned n, double scale)
{
    const unsigned logit = logit_of(tile, k, (unsigned)image.objects.labels[i]);
    double slope, loss;

    if (!mark(tile, logit))
        return 0;
    loss = element(image.config.gamma, (double)to_float(tile.cls[logit]),
                   (double)box_probability(image, box, i, n), &slope);
    tile.cls[logit] = from_float<T>((float)(scale * slope));
    return loss;
}

/* The loss of all logits with a box probability above 0; a warp looks at the objects near its anchors in
 * turn. */
template <typename T>
__device__ static double meet_objects(const freeanchor_image &image, const logit_tile<T> &tile, double scale)
{
    const float threshold = (float)image.config.box_threshold;
    const unsigned n = number_of(image.objects), k = threadIdx.x;
    const float4 box = k < tile.n_anchors ? image.predicted[tile.first_anchor + k] : no_box();
    const float4 bounds = bounds_of_warp(box);
    double sum = 0;

    for (unsigned first = 0; first < n; first += WARP) {
        const unsigned own = first + lane_of_warp();
        const bool is_near =
            own < n && image.best_iou[own] > threshold && meets(bounds, object_at(image.objects, own));

        for (unsigned near = __ballot_sync(EVERY_LANE, is_near); near != 0; near &= near - 1) {
            const unsigned i = first + (unsigned)__ffs((int)near) - 1;

            if (k < tile.n_anchors && iou_of(object_at(image.objects, i), box) > threshold)
                sum += meet(image, tile, k, box, i, n, scale);
        }
    }
    return sum;
}

/* ---- all ---- */

/* By the last block. */
__device__ static void add_up(const freeanchor_image &image, double scale)
{
    const unsigned n = number_of(image.objects);
    const double poison = are_too_many(image.objects) ? (double)NAN : 0;
    const double positive = block_sum_of(image.positive, n),
                 negative = block_sum_of(image.negative, gridDim.x);
    const double probability = block_sum_of(image.probability, n), matched = block_sum_of(image.best_iou, n);

    if (threadIdx.x == 0)
        *image.loss = {{positive + poison, scale * negative + poison}, probability, matched};
}

template <typename T, bool is_square>
__global__ static void __launch_bounds__(TILE_THREADS, 8) negative(const freeanchor_image image)
{
    FA_SHARED_DYNAMIC(unsigned, marks);
    const logit_tile<T> tile = tile_of_block<T>(image.head, marks);
    const double scale = (1 - image.config.alpha) / fmax(1.0, image.config.bag_size * *image.normalizer);
    const plain_negative<is_square> plain = {(float)scale, (float)image.config.gamma};
    double sum;

    clear_marks(tile);
    sum = meet_objects(image, tile, scale);
    __syncthreads();
    for (unsigned k = threadIdx.x; k < 4 * tile.n_anchors; k += TILE_THREADS)
        deltas_of(tile, k / 4)[k % 4] = from_float<T>(0);
    sum = block_sum(sum + pass_unmarked(tile, plain));
    if (threadIdx.x == 0)
        image.negative[blockIdx.x] = sum;
    if (is_last_block(image.arrived, gridDim.x))
        add_up(image, scale);
}

template <typename T> static int launch(fa_cuda_stream stream, const freeanchor_image &image)
{
    const unsigned tiles = logit_tiles(image.head);
    const size_t bytes = tile_bytes(image.head);

    return image.config.gamma == 2
               ? FA_LAUNCH((negative<T, true>), tiles, TILE_THREADS, bytes, stream, image)
               : FA_LAUNCH((negative<T, false>), tiles, TILE_THREADS, bytes, stream, image);
}

int fa_cuda_freeanchor_negative(fa_cuda_stream stream, const freeanchor_image &image)
{
    return image.head.type == FA_CUDA_F32 ? launch<float>(stream, image)
                                          : launch<__nv_bfloat16>(stream, image);
}
