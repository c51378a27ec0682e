/* One thread, one pack. */
#include "elementwise.h"

#include "pack.cuh"

enum { THREADS = 256 };

template <typename T> static unsigned blocks_of(size_t n)
{
    return fa_blocks(n, THREADS * pack<T>::n);
}

/* Where the thread's pack begins. */
template <typename T> __device__ static size_t pack_of_thread()
{
    return ((size_t)blockIdx.x * THREADS + threadIdx.x) * pack<T>::n;
}

template <typename T, bool adds, bool masks>
__global__ static void __launch_bounds__(THREADS)
    add_masked(size_t n, const T *__restrict__ src, const T *__restrict__ relu_output, T *__restrict__ dst)
{
    const size_t at = pack_of_thread<T>();

    if (at >= n)
        return;
    pack<T> sum = load_pack(dst + at);

    if (adds)
        sum = sum_of(sum, load_pack(src + at));
    if (masks)
        sum = masked(sum, load_pack(relu_output + at));
    store_pack(dst + at, sum);
}

template <typename T>
static int launch_add_masked(fa_cuda_stream stream, size_t n, const void *src, const void *relu_output,
                             void *dst)
{
    const auto kernel = src == nullptr           ? add_masked<T, false, true>
                        : relu_output == nullptr ? add_masked<T, true, false>
                                                 : add_masked<T, true, true>;

    if (src == nullptr && relu_output == nullptr)
        return 0;
    return FA_LAUNCH(kernel, blocks_of<T>(n), THREADS, 0, stream, n, static_cast<const T *>(src),
                     static_cast<const T *>(relu_output), static_cast<T *>(dst));
}

int fa_cuda_add_masked(fa_cuda_stream stream, enum fa_cuda_type type, size_t n, const void *src,
                       const void *relu_output, void *dst)
{
    return type == FA_CUDA_F32 ? launch_add_masked<float>(stream, n, src, relu_output, dst)
                               : launch_add_masked<__nv_bfloat16>(stream, n, src, relu_output, dst);
}

template <typename T>
__global__ static void __launch_bounds__(THREADS)
    sum_gradients(size_t n, const T *__restrict__ gradient, bool accumulate, float *__restrict__ sum)
{
    const size_t at = pack_of_thread<T>();

    if (at >= n)
        return;
    const pack<T> values = load_pack(gradient + at);

    for (int i = 0; i < pack<T>::n; i += pack<float>::n) {
        pack<float> part = accumulate ? load_pack(sum + at + i) : pack<float>{};

        for (int k = 0; k < pack<float>::n; k++)
            part.of[k] = accumulate ? part.of[k] + values.of[i + k] : values.of[i + k];
        store_pack(sum + at + i, part);
    }
}

template <typename T>
static int launch_sum_gradients(fa_cuda_stream stream, size_t n, const void *gradient, bool accumulate,
                                float *sum)
{
    return FA_LAUNCH(sum_gradients<T>, blocks_of<T>(n), THREADS, 0, stream, n,
                     static_cast<const T *>(gradient), accumulate, sum);
}

int fa_cuda_sum_gradients(fa_cuda_stream stream, enum fa_cuda_type type, size_t n, const void *gradient,
                          bool accumulate, float *sum)
{
    return type == FA_CUDA_F32 ? launch_sum_gradients<float>(stream, n, gradient, accumulate, sum)
                               : launch_sum_gradients<__nv_bfloat16>(stream, n, gradient, accumulate, sum);
}
