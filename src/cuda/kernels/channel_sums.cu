#include "channel_sums.h"

#include "columns.cuh"

template <typename T>
__global__ static void __launch_bounds__(COLUMN_THREADS)
    channel_sums(size_t positions, int channels, const T *__restrict__ activation, bool accumulate,
                 column_scratch<float, 1> scratch, float *sum)
{
    const column_place<T> place(channels);
    const slice_of_block slice(positions);
    float own[1][pack<T>::n] = {}, total[1];

    for (size_t p = slice.begin + threadIdx.y; p < slice.end && place.inside(); p += COLUMN_ROWS) {
        const pack<T> values = load_pack(activation + p * (size_t)channels + place.channel());

        for (int i = 0; i < pack<T>::n; i++)
            own[0][i] += values.of[i];
    }
    if (sum_column<T>(channels, own, scratch, total) && thread_of_column() < place.rest) {
        float *to = sum + place.first + thread_of_column();

        *to = accumulate ? *to + total[0] : total[0];
    }
}

template <typename T>
static int launch_sums(fa_cuda_stream stream, const columns &of, const void *activation, bool accumulate,
                       void *scratch, float *sum)
{
    return FA_LAUNCH(channel_sums<T>, column_grid(of), column_block(), 0, stream, of.positions, of.channels,
                     static_cast<const T *>(activation), accumulate, column_scratch<float, 1>(of, scratch),
                     sum);
}

size_t fa_cuda_channel_sums_scratch_bytes(enum fa_cuda_type type, size_t positions, int channels)
{
    return column_scratch<float, 1>::bytes(columns_of(type, positions, channels));
}

int fa_cuda_channel_sums(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                         const void *activation, bool accumulate, void *scratch, float *sum)
{
    const columns of = columns_of(type, positions, channels);

    if (!column_scratch<float, 1>::fits(of))
        return FA_CUDA_INVALID_VALUE;
    return type == FA_CUDA_F32 ? launch_sums<float>(stream, of, activation, accumulate, scratch, sum)
                               : launch_sums<__nv_bfloat16>(stream, of, activation, accumulate, scratch, sum);
}

/* ---- moments ---- */

template <typename T>
__global__ static void __launch_bounds__(COLUMN_THREADS)
    moments(size_t positions, int channels, const T *__restrict__ activation,
            column_scratch<double, 2> scratch, double *sum, double *sum_of_squares)
{
    const column_place<T> place(channels);
    const slice_of_block slice(positions);
    double own[2][pack<T>::n] = {}, total[2];

    for (size_t p = slice.begin + threadIdx.y; p < slice.end && place.inside(); p += COLUMN_ROWS) {
        const pack<T> values = load_pack(activation + p * (size_t)channels + place.channel());

        for (int i = 0; i < pack<T>::n; i++) {
            own[0][i] += (double)values.of[i];
            own[1][i] += (double)values.of[i] * (double)values.of[i];
        }
    }
    if (sum_column<T>(channels, own, scratch, total) && thread_of_column() < place.rest) {
        sum[place.first + thread_of_column()] = total[0];
        sum_of_squares[place.first + thread_of_column()] = total[1];
    }
}

template <typename T>
static int launch_moments(fa_cuda_stream stream, const columns &of, const void *activation, void *scratch,
                          double *sum, double *sum_of_squares)
{
    return FA_LAUNCH(moments<T>, column_grid(of), column_block(), 0, stream, of.positions, of.channels,
                     static_cast<const T *>(activation), column_scratch<double, 2>(of, scratch), sum,
                     sum_of_squares);
}

size_t fa_cuda_moments_scratch_bytes(enum fa_cuda_type type, size_t positions, int channels)
{
    return column_scratch<double, 2>::bytes(columns_of(type, positions, channels));
}

int fa_cuda_moments(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                    const void *activation, void *scratch, double *sum, double *sum_of_squares)
{
    const columns of = columns_of(type, positions, channels);

    if (!column_scratch<double, 2>::fits(of))
        return FA_CUDA_INVALID_VALUE;
    return type == FA_CUDA_F32
               ? launch_moments<float>(stream, of, activation, scratch, sum, sum_of_squares)
               : launch_moments<__nv_bfloat16>(stream, of, activation, scratch, sum, sum_of_squares);
}
