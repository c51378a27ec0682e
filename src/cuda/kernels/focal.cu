/*
 * A block passes over a tile of logits: ignored anchors' rows and the logit of each object's class are seen
 * to first, all others are negatives. The last block adds up the image's loss.
 */
#include "focal.h"

#include <float.h>

#include "last_block.cuh"
#include "logistic.cuh"
#include "logit_tile.cuh"
#include "match.h"
#include "take.h"

#define SURPRISE_LIMIT 87.336544750553102 /* -log(FLT_MIN) */

enum { IGNORED = -2 };

struct focal_image {
    fa_focal config;
    fa_box_coder coder;
    fa_cuda_head head;
    matching matched; /* objects; best_iou is that of predicted boxes */
    const int32_t *assigned;
    const double *normalizer;
    fa_loss *loss;
    unsigned n_anchors;
    /* Scratch. */
    unsigned *arrived;
    float4 *predicted, *predicted_bounds;
    double *partial[FA_LOSS_PARTS]; /* (tiles) */
};

/* ---- logits ---- */

template <bool is_square> struct plain_focal {
    float scale, gamma;

    /* p^gamma times the surprise, not scaled. */
    __device__ float operator()(float logit, float *gradient) const
    {
        const logistic of = logistic_of(logit);
        const float loss = of.softplus > (float)SURPRISE_LIMIT ? (float)SURPRISE_LIMIT : of.softplus;
        const float power = is_square ? of.p * of.p : powf(of.p, gamma);

        *gradient = scale * (power * fmaf((is_square ? 2 : gamma) * of.q, loss, of.p));
        return power * loss;
    }
};

/* The same in double, with the derivative. An object's class has that of the logit with its sign turned. */
__device__ static double element(double gamma, double logit, double *slope)
{
    const probability of = probability_of(logit);
    const double softplus = (logit > 0 ? logit : 0) + log1p(exp(-fabs(logit)));
    const double loss = softplus > SURPRISE_LIMIT ? SURPRISE_LIMIT : softplus;
    const double power = pow(of.p, gamma);

    *slope = power * (gamma * of.q * loss + of.p);
    return power * loss;
}

template <typename T>
__device__ static double learn_class(const focal_image &image, const logit_tile<T> &tile, unsigned k,
                                     int label, double scale)
{
    const unsigned logit = logit_of(tile, k, (unsigned)label);
    double slope;
    const double loss = element(image.config.gamma, -(double)to_float(tile.cls[logit]), &slope);

    mark(tile, logit);
    tile.cls[logit] = from_float<T>((float)(-scale * slope));
    return scale * loss;
}

/* No loss and no gradient, but a NaN is not hidden. A warp takes the rows of its ignored anchors in turn. */
template <typename T> __device__ static double ignore_rows(const logit_tile<T> &tile, bool is_ignored)
{
    double sum = 0;

    for (unsigned rows = __ballot_sync(EVERY_LANE, is_ignored); rows != 0; rows &= rows - 1) {
        const unsigned k = warp_of_block() * WARP + (unsigned)__ffs((int)rows) - 1;

        for (unsigned label = lane_of_warp(); label < tile.num_classes; label += WARP) {
            const unsigned logit = logit_of(tile, k, label);

            if (isnan(to_float(tile.cls[logit])))
                sum = (double)NAN;
            mark(tile, logit);
            tile.cls[logit] = from_float<T>(0);
        }
    }
    return sum;
}

/* ---- deltas ---- */

__device__ static float l1(float delta, float target, double scale, double *sum)
{
    const double error = (double)delta - (double)target;

    *sum += fabs(error);
    return (float)(scale * ((error > 0) - (error < 0)));
}

/* The gradient takes the place of the tile's k-th anchor's deltas; returns their loss. */
template <typename T>
__device__ static double learn_deltas(const focal_image &image, const logit_tile<T> &tile, unsigned k,
                                      int object, double scale)
{
    T *deltas = deltas_of(tile, k);
    float4 gradient = make_float4(0, 0, 0, 0);
    double sum = 0;

    if (object >= 0) {
        const float4 target = encode(image.coder, anchor_at(image.head, tile.first_anchor + k),
                                     object_at(image.matched.objects, (unsigned)object));
        const float4 delta = delta_at(deltas);

        gradient = make_float4(l1(delta.x, target.x, scale, &sum), l1(delta.y, target.y, scale, &sum),
                               l1(delta.z, target.z, scale, &sum), l1(delta.w, target.w, scale, &sum));
    }
    deltas[0] = from_float<T>(gradient.x);
    deltas[1] = from_float<T>(gradient.y);
    deltas[2] = from_float<T>(gradient.z);
    deltas[3] = from_float<T>(gradient.w);
    return scale * sum;
}

/* ---- all ---- */

/* By the last block. */
__device__ static void add_up(const focal_image &image)
{
    const fa_cuda_objects &objects = image.matched.objects;
    const double poison = are_too_many(objects) ? (double)NAN : 0;
    const double cls = block_sum_of(image.partial[FA_PART_CLS], gridDim.x);
    const double bbox = block_sum_of(image.partial[FA_PART_BBOX], gridDim.x);
    const double matched = block_sum_of(image.matched.best_iou, number_of(objects));

    if (threadIdx.x == 0)
        *image.loss = {{cls + poison, bbox + poison}, 0, matched};
}

template <typename T, bool is_square>
__global__ static void __launch_bounds__(TILE_THREADS, 8) learn(const focal_image image)
{
    FA_SHARED_DYNAMIC(unsigned, marks);
    const logit_tile<T> tile = tile_of_block<T>(image.head, marks);
    const double divisor = *image.normalizer + (double)FLT_EPSILON;
    const double positive = image.config.alpha / divisor, negative = (1 - image.config.alpha) / divisor;
    const plain_focal<is_square> plain = {(float)negative, (float)image.config.gamma};
    const unsigned k = threadIdx.x;
    const int object = k < tile.n_anchors ? image.assigned[tile.first_anchor + k] : IGNORED;
    double cls, bbox = 0;

    clear_marks(tile);
    cls = ignore_rows(tile, k < tile.n_anchors && object == IGNORED);
    if (object >= 0)
        cls += learn_class(image, tile, k, image.matched.objects.labels[object], positive);
    if (k < tile.n_anchors)
        bbox = learn_deltas(image, tile, k, object, 1 / divisor);
    __syncthreads();
    cls = block_sum(cls + negative * pass_unmarked(tile, plain));
    bbox = block_sum(bbox);
    if (threadIdx.x == 0) {
        image.partial[FA_PART_CLS][blockIdx.x] = cls;
        image.partial[FA_PART_BBOX][blockIdx.x] = bbox;
    }
    if (is_last_block(image.arrived, gridDim.x))
        add_up(image);
}

template <typename T> static int launch(fa_cuda_stream stream, const focal_image &image)
{
    const unsigned tiles = logit_tiles(image.head);
    const size_t bytes = tile_bytes(image.head);

    return image.config.gamma == 2 ? FA_LAUNCH((learn<T, true>), tiles, TILE_THREADS, bytes, stream, image)
                                   : FA_LAUNCH((learn<T, false>), tiles, TILE_THREADS, bytes, stream, image);
}

static size_t lay_out(focal_image *image, void *scratch)
{
    size_t n = 0;

    image->arrived = take_counters(scratch, &n);
    image->predicted = take<float4>(scratch, &n, image->n_anchors);
    image->predicted_bounds = take<float4>(scratch, &n, fa_blocks(image->n_anchors, WARP));
    image->matched.best_iou = take<float>(scratch, &n, (size_t)image->matched.objects.most);
    for (double *&partial : image->partial)
        partial = take<double>(scratch, &n, logit_tiles(image->head));
    return n;
}

size_t fa_cuda_focal_scratch_bytes(const struct fa_cuda_head *head, int most_objects)
{
    focal_image image = {};

    image.head = *head;
    image.matched.objects.most = most_objects;
    image.n_anchors = (unsigned)fa_cuda_head_anchors(head);
    return lay_out(&image, nullptr);
}

int fa_cuda_focal(fa_cuda_stream stream, const struct fa_loss_config *config, const struct fa_cuda_head *head,
                  const struct fa_cuda_objects *objects, const int32_t *assigned, const double *normalizer,
                  void *scratch, struct fa_loss *loss)
{
    focal_image image = {};
    int error;

    if (!is_possible_tile(*head))
        return FA_CUDA_INVALID_VALUE;
    image.config = config->focal;
    image.coder = config->coder;
    image.head = *head;
    image.matched.objects = *objects;
    image.assigned = assigned;
    image.normalizer = normalizer;
    image.loss = loss;
    image.n_anchors = (unsigned)fa_cuda_head_anchors(head);
    lay_out(&image, scratch);
    error = fa_cuda_match_predict(stream, image.coder, image.head, image.predicted, image.predicted_bounds,
                                  nullptr, image.matched);
    if (error == 0)
        error =
            fa_cuda_match(stream, {image.predicted, image.predicted_bounds, image.n_anchors}, image.matched);
    if (error == 0)
        error =
            head->type == FA_CUDA_F32 ? launch<float>(stream, image) : launch<__nv_bfloat16>(stream, image);
    return error;
}
