/*
 * Two passes each way: sums over positions by channel (columns.cuh), whose last block of all makes of them
 * what the groups need; then the element-wise pass. With h = (x - mean) scale, g the gradient of y = gamma h
 * + beta and N values in a group:
 *
 *     dbeta = sum of g            dgamma = sum of g h                            over a channel
 *     dx = scale (gamma g - a - h b)
 *     a = sum of gamma g / N      b = sum of gamma g h / N                       over a group
 */
#include "norm.h"

#include "columns.cuh"

#define EPSILON 1e-5

enum { MOST_POSITIONS_OF_A_BLOCK = 4 * COLUMN_ROWS };

/* The gradient of the input is g * slope - (src - mean) * tilt - shift, slope being the channel's. */
struct group_slope {
    float tilt, shift;
};

/* Scratch: that of the sums; then two totals a channel; then a slope for each group. */
struct norm_scratch {
    column_scratch<double, 2> sums;
    double *total;
    group_slope *slope;

    norm_scratch(const columns &of, void *scratch)
        : sums(of, scratch), total(reinterpret_cast<double *>(static_cast<char *>(scratch) +
                                                              column_scratch<double, 2>::bytes(of))),
          slope(reinterpret_cast<group_slope *>(total + 2 * of.channels))
    {
    }
};

static columns columns_of(const struct fa_cuda_norm *norm)
{
    return columns_of(norm->type, norm->positions, norm->channels);
}

size_t fa_cuda_norm_scratch_bytes(const struct fa_cuda_norm *norm)
{
    return column_scratch<double, 2>::bytes(columns_of(norm)) + 2 * (size_t)norm->channels * sizeof(double) +
           (size_t)norm->groups * sizeof(group_slope);
}

/* The output before residual and ReLU is (src - mean) * slope + beta; every pass computes it by this one
   expression, so that all see the same bits. */
struct norm_channel {
    float mean, slope, beta;

    __device__ float output(float src) const
    {
        return (src - mean) * slope + beta;
    }
};

__device__ static norm_channel channel_of(const fa_cuda_norm &norm, const fa_cuda_group *group,
                                          const float *gamma, const float *beta, int c)
{
    const fa_cuda_group of = group[c / (norm.channels / norm.groups)];

    return {(float)of.mean, (float)((double)gamma[c] * of.scale), beta[c]};
}

/* Those of the thread's pack. */
template <typename T> struct pack_of_channels {
    norm_channel of[pack<T>::n];

    __device__ pack_of_channels(const fa_cuda_norm &norm, const fa_cuda_group *group, const float *gamma,
                                const float *beta, int c)
    {
        for (int i = 0; i < pack<T>::n; i++)
            of[i] = channel_of(norm, group, gamma, beta, c + i);
    }
};

/* ---- forward ---- */

/* By the last block of all: the totals of channels to mean and scale of each group. */
__device__ static void make_groups(const fa_cuda_norm &norm, const double *total, fa_cuda_group *group)
{
    const int n = norm.channels / norm.groups;
    const double elements = (double)n * (double)norm.positions;

    for (int k = thread_of_column(); k < norm.groups; k += COLUMN_THREADS) {
        double sum = 0, squares = 0;

        for (int c = k * n; c < (k + 1) * n; c++) {
            sum += __ldcg(total + c);
            squares += __ldcg(total + norm.channels + c);
        }
        const double mean = sum / elements, variance = squares / elements - mean * mean;

        group[k].mean = mean;
        group[k].scale = 1 / sqrt((variance < 0 ? 0 : variance) + EPSILON); /* NaN stays */
    }
}

template <typename T>
__global__ static void __launch_bounds__(COLUMN_THREADS)
    measure(fa_cuda_norm norm, const T *__restrict__ src, norm_scratch scratch, fa_cuda_group *group)
{
    const column_place<T> place(norm.channels);
    const slice_of_block slice(norm.positions);
    double own[2][pack<T>::n] = {}, total[2];

    for (size_t p = slice.begin + threadIdx.y; p < slice.end && place.inside(); p += COLUMN_ROWS) {
        const pack<T> values = load_pack(src + p * (size_t)norm.channels + place.channel());

        for (int i = 0; i < pack<T>::n; i++) {
            own[0][i] += (double)values.of[i];
            own[1][i] += (double)values.of[i] * (double)values.of[i];
        }
    }
    if (!sum_column<T>(norm.channels, own, scratch.sums, total))
        return;
    for (int term = 0; term < 2 && thread_of_column() < place.rest; term++)
        scratch.total[term * norm.channels + place.first + thread_of_column()] = total[term];
    if (is_last_block(scratch.sums.arrived + gridDim.x, gridDim.x))
        make_groups(norm, scratch.total, group);
}

/* dst may be src or residual. */
template <typename T>
__global__ static void __launch_bounds__(COLUMN_THREADS)
    normalize(fa_cuda_norm norm, const fa_cuda_group *__restrict__ group, const float *__restrict__ gamma,
              const float *__restrict__ beta, const T *src, const T *residual, T *dst)
{
    const column_place<T> place(norm.channels);
    const slice_of_block slice(norm.positions);

    if (!place.inside())
        return;
    const pack_of_channels<T> channel(norm, group, gamma, beta, place.channel());

    for (size_t p = slice.begin + threadIdx.y; p < slice.end; p += COLUMN_ROWS) {
        const size_t at = p * (size_t)norm.channels + (size_t)place.channel();
        pack<T> values = load_pack(src + at);
        const pack<T> other = residual != nullptr ? load_pack(residual + at) : pack<T>{};

        for (int i = 0; i < pack<T>::n; i++) {
            float value = channel.of[i].output(values.of[i]);

            value = residual != nullptr ? value + other.of[i] : value;
            values.of[i] = norm.relu && value < 0 ? 0 : value; /* NaN stays */
        }
        store_pack(dst + at, values);
    }
}

/* Enough blocks for the element-wise passes. */
static dim3 pass_grid(const struct fa_cuda_norm *norm)
{
    const unsigned rows = fa_blocks(norm->positions, MOST_POSITIONS_OF_A_BLOCK);

    return dim3(columns_of(norm).n, rows < 65535 ? rows : 65535);
}

template <typename T>
static int launch_normalize(fa_cuda_stream stream, const struct fa_cuda_norm *norm, const float *gamma,
                            const float *beta, const void *src, const void *residual,
                            const struct fa_cuda_group *statistics, void *dst)
{
    return FA_LAUNCH(normalize<T>, pass_grid(norm), column_block(), 0, stream, *norm, statistics, gamma, beta,
                     static_cast<const T *>(src), static_cast<const T *>(residual), static_cast<T *>(dst));
}

template <typename T>
static int launch_measure(fa_cuda_stream stream, const struct fa_cuda_norm *norm, const void *src,
                          void *scratch, struct fa_cuda_group *statistics)
{
    const columns of = columns_of(norm);

    return FA_LAUNCH(measure<T>, column_grid(of), column_block(), 0, stream, *norm,
                     static_cast<const T *>(src), norm_scratch(of, scratch), statistics);
}

int fa_cuda_norm_repeat(fa_cuda_stream stream, const struct fa_cuda_norm *norm, const float *gamma,
                        const float *beta, const void *src, const void *residual,
                        const struct fa_cuda_group *statistics, void *dst)
{
    return norm->type == FA_CUDA_F32
               ? launch_normalize<float>(stream, norm, gamma, beta, src, residual, statistics, dst)
               : launch_normalize<__nv_bfloat16>(stream, norm, gamma, beta, src, residual, statistics, dst);
}

int fa_cuda_norm_forward(fa_cuda_stream stream, const struct fa_cuda_norm *norm, const float *gamma,
                         const float *beta, const void *src, const void *residual, void *scratch,
                         struct fa_cuda_group *statistics, void *dst)
{
    const int code = norm->type == FA_CUDA_F32
                         ? launch_measure<float>(stream, norm, src, scratch, statistics)
                         : launch_measure<__nv_bfloat16>(stream, norm, src, scratch, statistics);

    return code != 0 ? code : fa_cuda_norm_repeat(stream, norm, gamma, beta, src, residual, statistics, dst);
}

/* ---- backward ---- */

/* The gradient before the ReLU, of one value. */
__device__ static float before_relu(const fa_cuda_norm &norm, const norm_channel &channel, float src,
                                    float diff)
{
    return !norm.relu || norm.residual || channel.output(src) > 0 ? diff : 0;
}

/* By the last block of a column: the gradients of its gammas and betas. total: sums of g, and of g (src -
 * mean). */
__device__ static void learn(double *gamma_sum, double *beta_sum, bool accumulate, double scale, int c,
                             const double (&total)[2])
{
    beta_sum[c] = (accumulate ? beta_sum[c] : 0) + total[0];
    gamma_sum[c] = (accumulate ? gamma_sum[c] : 0) + total[1] * scale;
}

/* By the last block of all. */
__device__ static void make_slopes(const fa_cuda_norm &norm, const fa_cuda_group *group, const float *gamma,
                                   const double *total, group_slope *slope)
{
    const int n = norm.channels / norm.groups;

    for (int k = thread_of_column(); k < norm.groups; k += COLUMN_THREADS) {
        const double scale = group[k].scale, scale_of_mean = scale / ((double)n * (double)norm.positions);
        double gradients = 0, products = 0;

        for (int c = k * n; c < (k + 1) * n; c++) {
            gradients += (double)gamma[c] * __ldcg(total + c);
            products += (double)gamma[c] * (__ldcg(total + norm.channels + c) * scale);
        }
        slope[k] = {(float)(scale * scale_of_mean * products), (float)(scale_of_mean * gradients)};
    }
}

template <typename T>
__global__ static void __launch_bounds__(COLUMN_THREADS)
    sum_gradients(fa_cuda_norm norm, const fa_cuda_group *__restrict__ group, const float *__restrict__ gamma,
                  const float *__restrict__ beta, const T *__restrict__ src, const T *__restrict__ diff_dst,
                  norm_scratch scratch, bool accumulate, double *gamma_sum, double *beta_sum)
{
    const column_place<T> place(norm.channels);
    const slice_of_block slice(norm.positions);
    double own[2][pack<T>::n] = {}, total[2];

    if (place.inside()) {
        const pack_of_channels<T> channel(norm, group, gamma, beta, place.channel());

        for (size_t p = slice.begin + threadIdx.y; p < slice.end; p += COLUMN_ROWS) {
            const size_t at = p * (size_t)norm.channels + (size_t)place.channel();
            const pack<T> values = load_pack(src + at), diffs = load_pack(diff_dst + at);

            for (int i = 0; i < pack<T>::n; i++) {
                const float g = before_relu(norm, channel.of[i], values.of[i], diffs.of[i]);

                own[0][i] += (double)g;
                own[1][i] += (double)g * (double)(values.of[i] - channel.of[i].mean);
            }
        }
    }
    if (!sum_column<T>(norm.channels, own, scratch.sums, total))
        return;
    if (thread_of_column() < place.rest) {
        const int c = place.first + thread_of_column();

        learn(gamma_sum, beta_sum, accumulate, group[c / (norm.channels / norm.groups)].scale, c, total);
        scratch.total[c] = total[0];
        scratch.total[norm.channels + c] = total[1];
    }
    if (is_last_block(scratch.sums.arrived + gridDim.x, gridDim.x))
        make_slopes(norm, group, gamma, scratch.total, scratch.slope);
}

/* diff_src may be diff_dst or src. */
template <typename T>
__global__ static void __launch_bounds__(COLUMN_THREADS)
    differentiate(fa_cuda_norm norm, const fa_cuda_group *__restrict__ group,
                  const group_slope *__restrict__ slopes, const float *__restrict__ gamma,
                  const float *__restrict__ beta, const T *src, const T *diff_dst, T *diff_src)
{
    const column_place<T> place(norm.channels);
    const slice_of_block slice(norm.positions);
    group_slope slope[pack<T>::n];

    if (!place.inside())
        return;
    const pack_of_channels<T> channel(norm, group, gamma, beta, place.channel());

    for (int i = 0; i < pack<T>::n; i++)
        slope[i] = slopes[(place.channel() + i) / (norm.channels / norm.groups)];
    for (size_t p = slice.begin + threadIdx.y; p < slice.end; p += COLUMN_ROWS) {
        const size_t at = p * (size_t)norm.channels + (size_t)place.channel();
        const pack<T> values = load_pack(src + at);
        pack<T> diffs = load_pack(diff_dst + at);

        for (int i = 0; i < pack<T>::n; i++)
            diffs.of[i] = before_relu(norm, channel.of[i], values.of[i], diffs.of[i]) * channel.of[i].slope -
                          (values.of[i] - channel.of[i].mean) * slope[i].tilt - slope[i].shift;
        store_pack(diff_src + at, diffs);
    }
}

template <typename T>
static int launch_backward(fa_cuda_stream stream, const struct fa_cuda_norm *norm, const float *gamma,
                           const float *beta, const void *src, const struct fa_cuda_group *statistics,
                           const void *diff_dst, void *scratch, bool accumulate, double *gamma_sum,
                           double *beta_sum, void *diff_src)
{
    const columns of = columns_of(norm);
    const norm_scratch parts(of, scratch);
    const T *values = static_cast<const T *>(src), *diffs = static_cast<const T *>(diff_dst);
    const int code =
        FA_LAUNCH(sum_gradients<T>, column_grid(of), column_block(), 0, stream, *norm, statistics, gamma,
                  beta, values, diffs, parts, accumulate, gamma_sum, beta_sum);

    if (code != 0)
        return code;
    return FA_LAUNCH(differentiate<T>, pass_grid(norm), column_block(), 0, stream, *norm, statistics,
                     parts.slope, gamma, beta, values, diffs, static_cast<T *>(diff_src));
}

int fa_cuda_norm_backward(fa_cuda_stream stream, const struct fa_cuda_norm *norm, const float *gamma,
                          const float *beta, const void *src, const struct fa_cuda_group *statistics,
                          const void *diff_dst, void *scratch, bool accumulate, double *gamma_sum,
                          double *beta_sum, void *diff_src)
{
    return norm->type == FA_CUDA_F32
               ? launch_backward<float>(stream, norm, gamma, beta, src, statistics, diff_dst, scratch,
                                        accumulate, gamma_sum, beta_sum, diff_src)
               : launch_backward<__nv_bfloat16>(stream, norm, gamma, beta, src, statistics, diff_dst, scratch,
                                                accumulate, gamma_sum, beta_sum, diff_src);
}

__global__ static void add_rounded(int channels, const double *__restrict__ sum, float *__restrict__ gradient)
{
    const int c = (int)(blockIdx.x * blockDim.x + threadIdx.x);

    if (c < channels)
        gradient[c] += (float)sum[c];
}

int fa_cuda_norm_unfold(fa_cuda_stream stream, int channels, const double *sum, float *gradient)
{
    const unsigned threads = 256;

    return FA_LAUNCH(add_rounded, fa_blocks((size_t)channels, threads), threads, 0, stream, channels, sum,
                     gradient);
}
