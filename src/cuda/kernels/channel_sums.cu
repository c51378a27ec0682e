/*
 * A block adds up one slice of the positions for a column of eight packs, which is 128 bytes of each
 * position; a thread takes every 32nd position of the slice, and a tree adds up the threads. The last block
 * of a column adds up its slices the same way.
 */
#include "channel_sums.h"

#include "last_block.cuh"
#include "pack.cuh"

enum { PACKS = 8, ROWS = 32, THREADS = PACKS * ROWS, MOST_SLICES = 64, POSITIONS_OF_A_SLICE = 4 * ROWS };

static unsigned slices_of(size_t positions)
{
    const unsigned n = fa_blocks(positions, POSITIONS_OF_A_SLICE);

    return n < MOST_SLICES ? n : (unsigned)MOST_SLICES;
}

static unsigned columns_of(enum fa_cuda_type type, int channels)
{
    return fa_blocks((size_t)channels * fa_cuda_type_bytes(type), PACKS * 16);
}

/* Scratch: one counter for each column, then one row of all channels for each slice. */
static size_t counter_bytes(unsigned columns)
{
    return (columns * sizeof(unsigned) + 15) / 16 * 16;
}

size_t fa_cuda_channel_sums_scratch_bytes(enum fa_cuda_type type, size_t positions, int channels)
{
    return counter_bytes(columns_of(type, channels)) +
           (size_t)slices_of(positions) * (size_t)channels * sizeof(float);
}

__device__ static int thread_of_block()
{
    return (int)(threadIdx.y * PACKS + threadIdx.x);
}

/* Adds the rows, a power of two of them, into row 0. */
template <int n> __device__ static void add_rows(float (*of)[n], int rows)
{
    for (int half = rows / 2; half > 0; half /= 2) {
        __syncthreads();
        for (int e = thread_of_block(); e < half * n; e += THREADS)
            of[e / n][e % n] += of[e / n + half][e % n];
    }
    __syncthreads();
}

template <typename T>
__device__ static pack<T> sum_of_slice(size_t positions, int channels, const T *column, unsigned slice,
                                       unsigned slices)
{
    const size_t begin = positions * slice / slices, end = positions * (slice + 1) / slices;
    pack<T> sum = {};

    for (size_t p = begin + threadIdx.y; p < end; p += ROWS) {
        const pack<T> values = load_pack(column + p * (size_t)channels);

        for (int i = 0; i < pack<T>::n; i++)
            sum.of[i] += values.of[i];
    }
    return sum;
}

/* Of the block's column, by the last block: parts of the slices side by side, then the parts. */
template <int n>
__device__ static void add_slices(float (*part)[n], int first, int channels, const float *partial,
                                  unsigned slices, bool accumulate, float *sum)
{
    const int row = thread_of_block() / n, i = thread_of_block() % n, c = first + i;
    float total = 0;

    for (unsigned s = (unsigned)row; s < slices && c < channels; s += THREADS / n)
        total += __ldcg(partial + s * (size_t)channels + c);
    part[row][i] = total;
    add_rows(part, THREADS / n);
    if (row == 0 && c < channels)
        sum[c] = (accumulate ? sum[c] : 0) + part[0][i];
}

template <typename T>
__global__ static void __launch_bounds__(THREADS)
    channel_sums(size_t positions, int channels, const T *__restrict__ activation, bool accumulate,
                 unsigned *arrived, float *partial, float *sum)
{
    constexpr int n = PACKS * pack<T>::n; /* channels of a column */
    const int first = (int)blockIdx.x * n, at = (int)threadIdx.x * pack<T>::n;
    const int rest = channels - first < n ? channels - first : n;
    FA_SHARED(float[ROWS][n], part);
    pack<T> own = {};

    if (at < rest)
        own = sum_of_slice(positions, channels, activation + first + at, blockIdx.y, gridDim.y);
    for (int i = 0; i < pack<T>::n; i++)
        part[threadIdx.y][at + i] = own.of[i];
    add_rows(part, ROWS);
    for (int i = thread_of_block(); i < rest; i += THREADS)
        partial[blockIdx.y * (size_t)channels + first + i] = part[0][i];
    if (is_last_block(arrived + blockIdx.x, gridDim.y))
        add_slices(part, first, channels, partial, gridDim.y, accumulate, sum);
}

template <typename T>
static int launch(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                  const void *activation, bool accumulate, void *scratch, float *sum)
{
    const unsigned columns = columns_of(type, channels);
    float *partial = reinterpret_cast<float *>(static_cast<char *>(scratch) + counter_bytes(columns));

    return FA_LAUNCH(channel_sums<T>, dim3(columns, slices_of(positions)), dim3(PACKS, ROWS), 0, stream,
                     positions, channels, static_cast<const T *>(activation), accumulate,
                     static_cast<unsigned *>(scratch), partial, sum);
}

int fa_cuda_channel_sums(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                         const void *activation, bool accumulate, void *scratch, float *sum)
{
    return type == FA_CUDA_F32
               ? launch<float>(stream, type, positions, channels, activation, accumulate, scratch, sum)
               : launch<__nv_bfloat16>(stream, type, positions, channels, activation, accumulate, scratch,
                                       sum);
}
