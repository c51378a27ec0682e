/*
 * A block has one output channel of one layer. With sigma = sqrt(var + eps) and s = gamma / sigma the layer
 * is conv(x; W s) + (beta - mean s). From the gradients dW' and db' of these filters and bias: dW = dW' s
 * dbeta = db'       dgamma = (<dW', W> - mean db') / sigma Filters pass through a tile in which their order
 * changes, so that both sides are read and written in order.
 */
#include "fold.h"

#include "pack.cuh"

#define EPSILON 1e-5

enum { THREADS = 256, TILE = 2048, MOST_LAYERS = 24 }; /* of one launch: its arguments have four KiB */

/* The layers of one launch, and where the blocks of each begin. */
template <typename Work> struct batch {
    int n;
    unsigned first[MOST_LAYERS + 1];
    Work work[MOST_LAYERS];

    __device__ int of_block() const
    {
        int k = 0;

        while (blockIdx.x >= first[k + 1])
            k++;
        return k;
    }
};

/* What batch norm makes of one output channel. */
struct channel_scale {
    double sigma, scale;
};

__device__ static channel_scale scale_of(const fa_cuda_layer &layer, int o)
{
    if (layer.gamma == nullptr)
        return {1, 1};
    const double sigma = sqrt((double)layer.var[o] + EPSILON);

    return {sigma, (double)layer.gamma[o] / sigma};
}

/* A run of input channels whose filters fit into the tile. */
struct run_of_channels {
    int first, n;

    __device__ run_of_channels(int first_, int all, int taps) : first(first_), n(all - first_)
    {
        const int most = TILE / taps;

        n = n < most ? n : most;
    }
};

/* ---- folding ---- */

__device__ static float folded_bias(const fa_cuda_layer &layer, int o, double scale)
{
    const double bias = layer.bias != nullptr ? (double)layer.bias[o] : 0;

    return layer.mean == nullptr ? (float)bias : (float)(bias - (double)layer.mean[o] * scale);
}

/* Places e of the run in the convolution's order: tap by tap, channels within. */
template <typename T>
__device__ static void fold_run(const fa_cuda_layer &layer, const run_of_channels &run, const float *weight,
                                float scale, float *tile, T *filters)
{
    const int taps = layer.kernel * layer.kernel;
    const int real =
        layer.in - run.first < run.n ? layer.in - run.first : run.n; /* none or less in padding */

    for (int e = (int)threadIdx.x; e < real * taps; e += THREADS)
        tile[e] = weight[run.first * taps + e];
    __syncthreads();
    for (int e = (int)threadIdx.x; e < run.n * taps; e += THREADS) {
        const int tap = e / run.n, i = e % run.n;

        filters[tap * layer.in_padded + run.first + i] =
            from_float<T>(i < real ? tile[i * taps + tap] * scale : 0);
    }
    __syncthreads();
}

template <typename T> __global__ static void __launch_bounds__(THREADS) fold(batch<fa_cuda_folding> batch)
{
    const int k = batch.of_block(), o = (int)(blockIdx.x - batch.first[k]);
    const fa_cuda_folding &work = batch.work[k];
    const fa_cuda_layer &layer = work.layer;
    const int taps = layer.kernel * layer.kernel, in = o < layer.out ? layer.in_padded : 0;
    T *filters = static_cast<T *>(work.filters) + (size_t)o * (size_t)(taps * layer.in_padded);
    FA_SHARED(float[TILE], tile);
    const double scale = o < layer.out ? scale_of(layer, o).scale : 0;

    for (int first = 0; first < in; first += TILE / taps)
        fold_run(layer, run_of_channels(first, in, taps),
                 layer.weight + (size_t)o * (size_t)(taps * layer.in), (float)scale, tile, filters);
    for (int e = (int)threadIdx.x; in == 0 && e < taps * layer.in_padded; e += THREADS)
        filters[e] = from_float<T>(0);
    if (threadIdx.x == 0)
        static_cast<T *>(work.bias)[o] = from_float<T>(in == 0 ? 0 : folded_bias(layer, o, scale));
}

/* ---- unfolding ---- */

/* Adds the run's gradient; gives the thread's part of <dW', W>. */
template <typename T>
__device__ static double unfold_run(const fa_cuda_layer &layer, const run_of_channels &run, const T *filters,
                                    const float *weight, float scale, float *tile, float *gradient)
{
    const int taps = layer.kernel * layer.kernel, begin = run.first * taps;
    double product = 0;

    for (int e = (int)threadIdx.x; e < run.n * taps; e += THREADS) {
        const int tap = e / run.n, i = e % run.n;

        tile[i * taps + tap] = to_float(filters[tap * layer.in_padded + run.first + i]);
    }
    __syncthreads();
    for (int e = (int)threadIdx.x; e < run.n * taps; e += THREADS) {
        product += (double)tile[e] * (double)weight[begin + e];
        gradient[begin + e] += tile[e] * scale;
    }
    __syncthreads();
    return product;
}

/* Of all threads; known to the first. */
__device__ static double sum_of_block(double own)
{
    FA_SHARED(double[THREADS], part);

    part[threadIdx.x] = own;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            part[threadIdx.x] += part[threadIdx.x + half];
    }
    return part[threadIdx.x];
}

template <typename T> __global__ static void __launch_bounds__(THREADS) unfold(batch<fa_cuda_unfolding> batch)
{
    const int k = batch.of_block(), o = (int)(blockIdx.x - batch.first[k]);
    const fa_cuda_unfolding &work = batch.work[k];
    const fa_cuda_layer &layer = work.layer;
    const int taps = layer.kernel * layer.kernel;
    const size_t row = (size_t)o * (size_t)(taps * layer.in);
    const T *filters = static_cast<const T *>(work.filters) + (size_t)o * (size_t)(taps * layer.in_padded);
    const channel_scale scale = scale_of(layer, o);
    FA_SHARED(float[TILE], tile);
    double product = 0;

    for (int first = 0; first < layer.in; first += TILE / taps)
        product += unfold_run(layer, run_of_channels(first, layer.in, taps), filters, layer.weight + row,
                              (float)scale.scale, tile, work.weight_gradient + row);
    if (work.gamma_gradient != nullptr)
        product = sum_of_block(product);
    if (threadIdx.x == 0 && work.bias_gradient != nullptr)
        work.bias_gradient[o] += work.bias[o];
    if (threadIdx.x == 0 && work.gamma_gradient != nullptr)
        work.gamma_gradient[o] +=
            (float)((product - (double)layer.mean[o] * (double)work.bias[o]) / scale.sigma);
}

/* ---- launches: as many layers at a time as the arguments have room for ---- */

template <typename Work, typename Blocks>
static int launch(fa_cuda_stream stream, void (*kernel)(batch<Work>), const Work *works, int n,
                  Blocks blocks_of)
{
    int code = 0;

    for (int first = 0; first < n && code == 0; first += MOST_LAYERS) {
        batch<Work> batch = {};

        batch.n = n - first < MOST_LAYERS ? n - first : MOST_LAYERS;
        for (int k = 0; k < batch.n; k++) {
            batch.work[k] = works[first + k];
            batch.first[k + 1] = batch.first[k] + (unsigned)blocks_of(works[first + k].layer);
        }
        code = FA_LAUNCH(kernel, batch.first[batch.n], THREADS, 0, stream, batch);
    }
    return code;
}

int fa_cuda_fold(fa_cuda_stream stream, enum fa_cuda_type type, const struct fa_cuda_folding *foldings, int n)
{
    return launch(stream, type == FA_CUDA_F32 ? fold<float> : fold<__nv_bfloat16>, foldings, n,
                  [](const fa_cuda_layer &layer) { return layer.out_padded; });
}

int fa_cuda_unfold(fa_cuda_stream stream, enum fa_cuda_type type, const struct fa_cuda_unfolding *unfoldings,
                   int n)
{
    return launch(stream, type == FA_CUDA_F32 ? unfold<float> : unfold<__nv_bfloat16>, unfoldings, n,
                  [](const fa_cuda_layer &layer) { return layer.out; });
}
