/* flat_update.cu - clipping, SGD with momentum and weight decay, and the moving average, in one pass. */
#include "flat.h"

#include "quad.cuh"

/* What the update takes of its arguments, rounded as the host rounds them. */
struct rates {
    float scale, lr, keep, average_keep, average_take;
    bool finite;
};

__device__ static rates rates_of(const fa_cuda_update &update, double squares)
{
    const double norm = update.share * sqrt(squares), factor = update.clip_norm / (norm + 1e-6);
    const double clip = update.clip_norm > 0 && factor < 1 ? factor : 1;

    return {(float)(update.share * clip),
            (float)update.lr,
            (float)update.momentum,
            (float)update.average_decay,
            (float)(1 - update.average_decay),
            isfinite(norm) != 0};
}

/* The decay that element i has. */
__device__ static int decay_of(const fa_cuda_decay *decays, int n, uint64_t i)
{
    int first = 0;

    while (first < n - 1) {
        const int middle = (first + n - 1) / 2;

        if (i < decays[middle].end)
            n = middle + 1;
        else
            first = middle + 1;
    }
    return first;
}

/* The weight decays of a thread's elements. */
__device__ static pack<float> decays_of(const quad &own, const fa_cuda_decay *decays, int n)
{
    const uint64_t begin = own.begin < 0 ? 0 : (uint64_t)own.begin;
    int k = decay_of(decays, n, begin);
    pack<float> decay;

    for (int i = 0; i < QUAD; i++) {
        while (k < n - 1 && own.begin + i >= (int64_t)decays[k].end)
            k++;
        decay.of[i] = decays[k].weight_decay;
    }
    return decay;
}

__global__ static void __launch_bounds__(QUAD_THREADS)
    update_all(size_t n, int offset, const fa_cuda_update *__restrict__ update,
               const double *__restrict__ squares, const fa_cuda_decay *__restrict__ decays, int n_decays,
               const float *__restrict__ gradient, float *__restrict__ momentum, float *__restrict__ value,
               float *__restrict__ average)
{
    const quad own(n, offset);
    FA_SHARED(rates, rate);

    if (threadIdx.x == 0)
        rate = rates_of(*update, *squares);
    __syncthreads();
    if (!rate.finite || own.begin >= own.n)
        return;
    const pack<float> decay = decays_of(own, decays, n_decays), gradients = own.load(gradient);
    pack<float> velocities = own.load(momentum), values = own.load(value);

    for (int i = 0; i < QUAD; i++) {
        const float g = gradients.of[i] * rate.scale + decay.of[i] * values.of[i];

        velocities.of[i] = rate.keep * velocities.of[i] + g;
        values.of[i] -= rate.lr * velocities.of[i];
    }
    own.store(momentum, velocities);
    own.store(value, values);
    if (average == nullptr)
        return;
    pack<float> averages = own.load(average);

    for (int i = 0; i < QUAD; i++)
        averages.of[i] = rate.average_keep * averages.of[i] + rate.average_take * values.of[i];
    own.store(average, averages);
}

int fa_cuda_flat_update(fa_cuda_stream stream, size_t n, const struct fa_cuda_update *update,
                        const double *squares, const struct fa_cuda_decay *decays, int n_decays,
                        const float *gradient, float *momentum, float *value, float *average)
{
    return n == 0
               ? 0
               : FA_LAUNCH(update_all, quad_blocks(n, value), QUAD_THREADS, 0, stream, n, quad_offset(value),
                           update, squares, decays, n_decays, gradient, momentum, value, average);
}

__global__ static void __launch_bounds__(QUAD_THREADS) swap(size_t n, int offset, float *a, float *b)
{
    const quad own(n, offset);
    const pack<float> was = own.load(a);

    own.store(a, own.load(b));
    own.store(b, was);
}

int fa_cuda_flat_swap(fa_cuda_stream stream, size_t n, float *a, float *b)
{
    return n == 0 ? 0 : FA_LAUNCH(swap, quad_blocks(n, a), QUAD_THREADS, 0, stream, n, quad_offset(a), a, b);
}
