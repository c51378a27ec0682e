/* A thread moves one pack of the activation; rows are read and written four floats at a time where their
 * length allows. */
#include "rows.h"

#include "pack.cuh"

enum { THREADS = 256 };

/* Floats [c, c + n) of a row, as many as it has. */
template <bool fours, int n>
__device__ static void store_columns(float *row, int c, int columns, const float *values)
{
    for (int i = 0; i < n && c + i < columns; i += fours ? 4 : 1)
        if (fours)
            store_pack(row + c + i, pack<float>{values[i], values[i + 1], values[i + 2], values[i + 3]});
        else
            row[c + i] = values[i];
}

template <bool fours, int n>
__device__ static void load_columns(const float *row, int c, int columns, float *values)
{
    for (int i = 0; i < n; i += fours ? 4 : 1)
        if (fours) {
            const pack<float> four = c + i < columns ? load_pack(row + c + i) : pack<float>{};

            for (int k = 0; k < 4; k++)
                values[i + k] = four.of[k];
        } else {
            values[i] = c + i < columns ? row[c + i] : 0;
        }
}

/* The pack of a thread. */
template <typename T> struct own_pack {
    size_t position;
    int c;

    __device__ explicit own_pack(int channels)
    {
        const size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x, packs = (size_t)(channels / pack<T>::n);

        position = i / packs;
        c = (int)(i % packs) * pack<T>::n;
    }
};

template <typename T, bool fours>
__global__ static void __launch_bounds__(THREADS)
    rows_out(size_t positions, int channels, int columns, const T *__restrict__ activation,
             float *__restrict__ rows)
{
    const own_pack<T> own(channels);

    if (own.position >= positions)
        return;
    const pack<T> values = load_pack(activation + own.position * (size_t)channels + own.c);

    store_columns<fours, pack<T>::n>(rows + own.position * (size_t)columns, own.c, columns, values.of);
}

template <typename T, bool fours>
__global__ static void __launch_bounds__(THREADS)
    rows_in(size_t positions, int channels, int columns, const float *__restrict__ rows,
            T *__restrict__ activation)
{
    const own_pack<T> own(channels);
    pack<T> values;

    if (own.position >= positions)
        return;
    load_columns<fours, pack<T>::n>(rows + own.position * (size_t)columns, own.c, columns, values.of);
    store_pack(activation + own.position * (size_t)channels + own.c, values);
}

template <typename T> static unsigned blocks_of(size_t positions, int channels)
{
    return fa_blocks(positions * (size_t)(channels / pack<T>::n), THREADS);
}

template <typename T>
static int launch_out(fa_cuda_stream stream, size_t positions, int channels, int columns,
                      const void *activation, float *rows)
{
    const auto kernel = columns % 4 == 0 ? rows_out<T, true> : rows_out<T, false>;

    return FA_LAUNCH(kernel, blocks_of<T>(positions, channels), THREADS, 0, stream, positions, channels,
                     columns, static_cast<const T *>(activation), rows);
}

template <typename T>
static int launch_in(fa_cuda_stream stream, size_t positions, int channels, int columns, const float *rows,
                     void *activation)
{
    const auto kernel = columns % 4 == 0 ? rows_in<T, true> : rows_in<T, false>;

    return FA_LAUNCH(kernel, blocks_of<T>(positions, channels), THREADS, 0, stream, positions, channels,
                     columns, rows, static_cast<T *>(activation));
}

int fa_cuda_rows_out(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                     int columns, const void *activation, float *rows)
{
    return type == FA_CUDA_F32
               ? launch_out<float>(stream, positions, channels, columns, activation, rows)
               : launch_out<__nv_bfloat16>(stream, positions, channels, columns, activation, rows);
}

int fa_cuda_rows_in(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                    int columns, const float *rows, void *activation)
{
    return type == FA_CUDA_F32
               ? launch_in<float>(stream, positions, channels, columns, rows, activation)
               : launch_in<__nv_bfloat16>(stream, positions, channels, columns, rows, activation);
}
