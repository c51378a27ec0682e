/* A row of the grid is a row of the map that is written, a thread one pack of one of its positions. */
#include "maps.h"

#include "pack.cuh"

enum { THREADS = 256 };

struct place {
    int y, x, c;
};

/* The place of the thread's pack in a map of that width; x may lie outside. */
template <typename T> __device__ static place place_of_thread(int channels)
{
    const int packs = channels / pack<T>::n, i = (int)(blockIdx.x * THREADS + threadIdx.x);

    return {(int)blockIdx.y, i / packs, i % packs * pack<T>::n};
}

__device__ static size_t element(fa_cuda_map map, int channels, int y, int x, int c)
{
    return ((size_t)y * (size_t)map.w + (size_t)x) * (size_t)channels + (size_t)c;
}

template <typename T> static dim3 grid_of(fa_cuda_map map, int channels)
{
    return dim3(fa_blocks((size_t)map.w * (size_t)(channels / pack<T>::n), THREADS), (unsigned)map.h);
}

/* ---- nearest neighbour: source s is copied to the targets ceil(s * out / in) .. ceil((s + 1) * out / in) -
 * 1 ---- */

__device__ static int source_of(int target, int in, int out)
{
    return (int)((unsigned)target * (unsigned)in / (unsigned)out);
}

__device__ static int first_target(int source, int in, int out)
{
    return (int)(((unsigned)source * (unsigned)out + (unsigned)in - 1) / (unsigned)in);
}

template <typename T>
__global__ static void __launch_bounds__(THREADS)
    upsample(fa_cuda_map in, fa_cuda_map out, int channels, const T *__restrict__ src, T *__restrict__ dst)
{
    const place to = place_of_thread<T>(channels);

    if (to.x >= out.w)
        return;
    const int y = source_of(to.y, in.h, out.h), x = source_of(to.x, in.w, out.w);

    store_pack(dst + element(out, channels, to.y, to.x, to.c),
               load_pack(src + element(in, channels, y, x, to.c)));
}

template <typename T>
__global__ static void __launch_bounds__(THREADS, 4)
    upsample_backward(fa_cuda_map in, fa_cuda_map out, int channels, const T *__restrict__ diff_dst,
                      bool accumulate, T *__restrict__ diff_src)
{
    const place at = place_of_thread<T>(channels);

    if (at.x >= in.w)
        return;
    const int y = first_target(at.y, in.h, out.h), rows = first_target(at.y + 1, in.h, out.h) - y;
    const int x = first_target(at.x, in.w, out.w), n = (first_target(at.x + 1, in.w, out.w) - x) * channels;
    const T *from = diff_dst + element(out, channels, y, x, at.c);
    T *to = diff_src + element(in, channels, at.y, at.x, at.c);
    pack<T> sum = {};

    for (int row = 0; row < rows; row++, from += out.w * channels)
        for (int i = 0; i < n; i += channels)
            sum = sum_of(sum, load_pack(from + i));
    store_pack(to, accumulate ? sum_of(load_pack(to), sum) : sum);
}

template <typename T>
static int launch_upsample(fa_cuda_stream stream, fa_cuda_map in, fa_cuda_map out, int channels,
                           const void *src, void *dst)
{
    return FA_LAUNCH(upsample<T>, grid_of<T>(out, channels), THREADS, 0, stream, in, out, channels,
                     static_cast<const T *>(src), static_cast<T *>(dst));
}

template <typename T>
static int launch_upsample_backward(fa_cuda_stream stream, fa_cuda_map in, fa_cuda_map out, int channels,
                                    const void *diff_dst, bool accumulate, void *diff_src)
{
    return FA_LAUNCH(upsample_backward<T>, grid_of<T>(in, channels), THREADS, 0, stream, in, out, channels,
                     static_cast<const T *>(diff_dst), accumulate, static_cast<T *>(diff_src));
}

int fa_cuda_upsample(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in,
                     struct fa_cuda_map out, int channels, const void *src, void *dst)
{
    return type == FA_CUDA_F32 ? launch_upsample<float>(stream, in, out, channels, src, dst)
                               : launch_upsample<__nv_bfloat16>(stream, in, out, channels, src, dst);
}

int fa_cuda_upsample_backward(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in,
                              struct fa_cuda_map out, int channels, const void *diff_dst, bool accumulate,
                              void *diff_src)
{
    return type == FA_CUDA_F32
               ? launch_upsample_backward<float>(stream, in, out, channels, diff_dst, accumulate, diff_src)
               : launch_upsample_backward<__nv_bfloat16>(stream, in, out, channels, diff_dst, accumulate,
                                                         diff_src);
}

/* ---- max-pool ---- */

/* The bytes of a pack's index, stored at once. */
template <int n> struct alignas(n) places {
    uint8_t of[n];
};

template <typename T>
__global__ static void __launch_bounds__(THREADS)
    pool(fa_cuda_map in, fa_cuda_map out, int channels, const T *__restrict__ src, T *__restrict__ dst,
         uint8_t *__restrict__ index)
{
    constexpr int n = pack<T>::n;
    const place to = place_of_thread<T>(channels);
    const size_t at = element(out, channels, to.y, to.x, to.c);
    pack<T> best = {};
    places<n> where = {};
    bool found = false;

    if (to.x >= out.w)
        return;
    for (int k = 0; k < 9; k++) {
        const int y = 2 * to.y - 1 + k / 3, x = 2 * to.x - 1 + k % 3;

        if (y < 0 || y >= in.h || x < 0 || x >= in.w)
            continue;
        const pack<T> values = load_pack(src + element(in, channels, y, x, to.c));

        for (int i = 0; i < n; i++)
            if (!found || values.of[i] > best.of[i] || isnan(values.of[i])) {
                best.of[i] = values.of[i];
                where.of[i] = (uint8_t)k;
            }
        found = true;
    }
    store_pack(dst + at, best);
    if (index != nullptr)
        *reinterpret_cast<places<n> *>(index + at) = where;
}

/* What the windows that contain a position send to it, in their order: an even row lies in the middle of one
   window, an odd one in the last row of one and in the first of the next; columns alike. */
template <typename T>
__global__ static void __launch_bounds__(THREADS)
    pool_backward(fa_cuda_map in, fa_cuda_map out, int channels, const uint8_t *__restrict__ index,
                  const T *__restrict__ diff_dst, const T *__restrict__ relu_output, T *__restrict__ diff_src)
{
    constexpr int n = pack<T>::n;
    const place at = place_of_thread<T>(channels);
    const size_t to = element(in, channels, at.y, at.x, at.c);
    pack<T> sum = {};

    if (at.x >= in.w)
        return;
    for (int y = at.y / 2; y <= (at.y + 1) / 2 && y < out.h; y++)
        for (int x = at.x / 2; x <= (at.x + 1) / 2 && x < out.w; x++) {
            const size_t from = element(out, channels, y, x, at.c);
            const int k = 3 * (at.y - 2 * y + 1) + at.x - 2 * x + 1;
            const pack<T> values = load_pack(diff_dst + from);
            const places<n> where = *reinterpret_cast<const places<n> *>(index + from);

            for (int i = 0; i < n; i++)
                sum.of[i] += where.of[i] == k ? values.of[i] : 0;
        }
    store_pack(diff_src + to, relu_output != nullptr ? masked(sum, load_pack(relu_output + to)) : sum);
}

template <typename T>
static int launch_pool(fa_cuda_stream stream, fa_cuda_map in, int channels, const void *src, void *dst,
                       uint8_t *index)
{
    const fa_cuda_map out = fa_cuda_pool_output(in);

    return FA_LAUNCH(pool<T>, grid_of<T>(out, channels), THREADS, 0, stream, in, out, channels,
                     static_cast<const T *>(src), static_cast<T *>(dst), index);
}

template <typename T>
static int launch_pool_backward(fa_cuda_stream stream, fa_cuda_map in, int channels, const uint8_t *index,
                                const void *diff_dst, const void *relu_output, void *diff_src)
{
    return FA_LAUNCH(pool_backward<T>, grid_of<T>(in, channels), THREADS, 0, stream, in,
                     fa_cuda_pool_output(in), channels, index, static_cast<const T *>(diff_dst),
                     static_cast<const T *>(relu_output), static_cast<T *>(diff_src));
}

int fa_cuda_pool(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in, int channels,
                 const void *src, void *dst, uint8_t *index)
{
    return type == FA_CUDA_F32 ? launch_pool<float>(stream, in, channels, src, dst, index)
                               : launch_pool<__nv_bfloat16>(stream, in, channels, src, dst, index);
}

int fa_cuda_pool_backward(fa_cuda_stream stream, enum fa_cuda_type type, struct fa_cuda_map in, int channels,
                          const uint8_t *index, const void *diff_dst, const void *relu_output, void *diff_src)
{
    return type == FA_CUDA_F32
               ? launch_pool_backward<float>(stream, in, channels, index, diff_dst, relu_output, diff_src)
               : launch_pool_backward<__nv_bfloat16>(stream, in, channels, index, diff_dst, relu_output,
                                                     diff_src);
}
