/*
 * columns.cuh - sums over the positions of an activation, channel by channel, of whatever is to be summed.
 *
 * A column is eight packs of channels, 128 bytes of each position. A block adds up one slice of the positions
 * for one column: a thread takes every 32nd position for one pack, and a tree adds up the threads. What a
 * block has goes to memory; the last block of a column adds up the slices the same way. All of it depends on
 * shapes alone.
 */
#ifndef FA_CUDA_COLUMNS_CUH
#define FA_CUDA_COLUMNS_CUH

#include "last_block.cuh"
#include "pack.cuh"

enum { COLUMN_PACKS = 8, COLUMN_ROWS = 32, COLUMN_THREADS = COLUMN_PACKS * COLUMN_ROWS };

/* How an activation is cut. */
struct columns {
    size_t positions;
    int channels;
    unsigned n, slices;
};

static inline columns columns_of(enum fa_cuda_type type, size_t positions, int channels)
{
    const unsigned most_slices = 64, wanted = fa_blocks(positions, 4 * COLUMN_ROWS);

    return {positions, channels, fa_blocks((size_t)channels * fa_cuda_type_bytes(type), COLUMN_PACKS * 16),
            wanted < most_slices ? wanted : most_slices};
}

static inline dim3 column_grid(const columns &of)
{
    return dim3(of.n, of.slices);
}

static inline dim3 column_block()
{
    return dim3(COLUMN_PACKS, COLUMN_ROWS);
}

/* The memory of sums of `terms` numbers a channel: a counter for each column and one more, then, behind the room for counters, for each
   slice and term a row of all channels. */
template <typename Sum, int terms> struct column_scratch {
    unsigned *arrived;
    Sum *partial;

    static bool fits(const columns &of)
    {
        return (of.n + 1) * sizeof(unsigned) <= FA_CUDA_COUNTER_BYTES;
    }

    static size_t bytes(const columns &of)
    {
        return FA_CUDA_COUNTER_BYTES + (size_t)of.slices * terms * (size_t)of.channels * sizeof(Sum);
    }

    column_scratch(const columns &, void *scratch)
        : arrived(static_cast<unsigned *>(scratch)),
          partial(reinterpret_cast<Sum *>(static_cast<char *>(scratch) + FA_CUDA_COUNTER_BYTES))
    {
    }
};

__device__ inline int thread_of_column()
{
    return (int)(threadIdx.y * COLUMN_PACKS + threadIdx.x);
}

/* Where the thread is at work. */
template <typename T> struct column_place {
    static constexpr int n = COLUMN_PACKS * pack<T>::n; /* channels of a column */
    int first, rest;                                    /* the column's first channel; how many it has */
    int at;                                             /* the thread's first channel within it */

    __device__ explicit column_place(int channels)
        : first((int)blockIdx.x * n), rest(channels - first < n ? channels - first : n),
          at((int)threadIdx.x * pack<T>::n)
    {
    }

    __device__ bool inside() const
    {
        return at < rest;
    }

    __device__ int channel() const
    {
        return first + at;
    }
};

/* The positions of the block's slice, one for each row of its threads at a time. */
struct slice_of_block {
    size_t begin, end;

    __device__ explicit slice_of_block(size_t positions)
        : begin(positions * blockIdx.y / gridDim.y), end(positions * (blockIdx.y + 1) / gridDim.y)
    {
    }
};

/* Adds the rows, a power of two of them, into row 0. */
template <typename Sum, int n> __device__ void add_rows(Sum (*of)[n], int rows)
{
    for (int half = rows / 2; half > 0; half /= 2) {
        __syncthreads();
        for (int e = thread_of_column(); e < half * n; e += COLUMN_THREADS)
            of[e / n][e % n] += of[e / n + half][e % n];
    }
    __syncthreads();
}

/* Of one term, the sum over the slices for the thread's channel of the column; known to the first n threads.
 */
template <typename Sum, int n>
__device__ Sum add_slices(Sum (*part)[n], int rest, size_t stride, const Sum *partial)
{
    const int row = thread_of_column() / n, i = thread_of_column() % n;
    Sum total = 0;

    for (unsigned s = (unsigned)row; s < gridDim.y && i < rest; s += COLUMN_THREADS / n)
        total += __ldcg(partial + s * stride + i);
    part[row][i] = total;
    add_rows(part, COLUMN_THREADS / n);
    total = part[0][i];
    __syncthreads();
    return total;
}

/* own: what the thread has added up for its pack. True in the last block of a column: there total[term] is,
   for each of the first n threads, that of channel first + thread. */
template <typename T, typename Sum, int terms>
__device__ bool sum_column(int channels, const Sum (&own)[terms][pack<T>::n],
                           const column_scratch<Sum, terms> &scratch, Sum (&total)[terms])
{
    constexpr int n = column_place<T>::n;
    const column_place<T> place(channels);
    const size_t stride = (size_t)terms * (size_t)channels;
    FA_SHARED(Sum[COLUMN_ROWS][n], part);

    for (int term = 0; term < terms; term++) {
        for (int i = 0; i < pack<T>::n; i++)
            part[threadIdx.y][place.at + i] = own[term][i];
        add_rows(part, COLUMN_ROWS);
        for (int i = thread_of_column(); i < place.rest; i += COLUMN_THREADS)
            scratch.partial[blockIdx.y * stride + (size_t)(term * channels + place.first + i)] = part[0][i];
        __syncthreads();
    }
    if (!is_last_block(scratch.arrived + blockIdx.x, gridDim.y))
        return false;
    for (int term = 0; term < terms; term++)
        total[term] =
            add_slices(part, place.rest, stride, scratch.partial + (size_t)(term * channels + place.first));
    return true;
}

#endif
