/*
 * A value is one of 256 for its channel, rounded twice as the host rounds; each block makes the table for
 * itself.
 */
#include "image.h"

#include "pack.cuh"

enum { THREADS = 256, LEVELS = 256 };

__device__ static void make_table(const fa_cuda_normalize &normalize, float (*table)[LEVELS])
{
    for (int c = 0; c < 3; c++) {
        const double inverse = 1.0 / (double)normalize.std[c];

        for (int p = (int)threadIdx.x; p < LEVELS; p += THREADS)
            table[c][p] = (float)((double)((float)p - normalize.mean[c]) * inverse);
    }
    __syncthreads();
}

__device__ static const uint8_t *pixel_of(const uint8_t *rgb, const fa_cuda_frame &frame, int y, int x)
{
    const int from_y = frame.flip_vertical ? frame.h - 1 - y : y;
    const int from_x = frame.flip_horizontal ? frame.w - 1 - x : x;

    return rgb + 3 * ((size_t)from_y * (size_t)frame.w + (size_t)from_x);
}

/* A row of the grid is a row of the image, a thread one position. */
template <typename T>
__global__ static void __launch_bounds__(THREADS)
    fill_image(const uint8_t *__restrict__ rgb, const fa_cuda_frame *__restrict__ at,
               fa_cuda_normalize normalize, int padded_w, int channels, T *__restrict__ image)
{
    const int x = (int)(blockIdx.x * THREADS + threadIdx.x), y = (int)blockIdx.y;
    const fa_cuda_frame frame = *at;
    T *position = image + ((size_t)y * (size_t)padded_w + (size_t)x) * (size_t)channels;
    FA_SHARED(float[3][LEVELS], table);
    pack<T> values = {};

    make_table(normalize, table);
    if (x >= padded_w)
        return;
    if (x < frame.w && y < frame.h) {
        const uint8_t *pixel = pixel_of(rgb, frame, y, x);

        for (int c = 0; c < 3; c++)
            values.of[c] = table[c][pixel[normalize.to_rgb ? c : 2 - c]];
    }
    store_pack(position, values);
    for (int c = pack<T>::n; c < channels; c += pack<T>::n)
        store_pack(position + c, pack<T>{});
}

template <typename T>
static int launch(fa_cuda_stream stream, const uint8_t *rgb, const fa_cuda_frame *frame,
                  const fa_cuda_normalize *normalize, int padded_h, int padded_w, int channels, void *image)
{
    const dim3 grid(fa_blocks((size_t)padded_w, THREADS), (unsigned)padded_h);

    return FA_LAUNCH(fill_image<T>, grid, THREADS, 0, stream, rgb, frame, *normalize, padded_w, channels,
                     static_cast<T *>(image));
}

int fa_cuda_image(fa_cuda_stream stream, enum fa_cuda_type type, const uint8_t *rgb,
                  const struct fa_cuda_frame *frame, const struct fa_cuda_normalize *normalize, int padded_h,
                  int padded_w, int channels, void *image)
{
    return type == FA_CUDA_F32
               ? launch<float>(stream, rgb, frame, normalize, padded_h, padded_w, channels, image)
               : launch<__nv_bfloat16>(stream, rgb, frame, normalize, padded_h, padded_w, channels, image);
}
