/* flat_sum.cu - sums of gradients, and the square of their norm. */
#include "flat.h"

#include "last_block.cuh"
#include "quad.cuh"

__global__ static void __launch_bounds__(QUAD_THREADS) clear(size_t n, int offset, float *values)
{
    quad(n, offset).store(values, pack<float>{});
}

int fa_cuda_flat_clear(fa_cuda_stream stream, size_t n, float *values)
{
    return n == 0 ? 0
                  : FA_LAUNCH(clear, quad_blocks(n, values), QUAD_THREADS, 0, stream, n, quad_offset(values),
                              values);
}

/* ---- sums of two, and of a stack ---- */

__device__ static void add(const pack<float> &left, pack<float> &right)
{
    for (int i = 0; i < QUAD; i++)
        right.of[i] = left.of[i] + right.of[i];
}

__global__ static void __launch_bounds__(QUAD_THREADS)
    add_two(size_t n, int offset, const float *left, const float *right, float *sum)
{
    const quad own(n, offset);
    pack<float> values = own.load(right);

    add(own.load(left), values);
    own.store(sum, values);
}

int fa_cuda_flat_add(fa_cuda_stream stream, size_t n, const float *left, const float *right, float *sum)
{
    return n == 0 ? 0
                  : FA_LAUNCH(add_two, quad_blocks(n, sum), QUAD_THREADS, 0, stream, n, quad_offset(sum),
                              left, right, sum);
}

struct stack {
    const float *left[FA_CUDA_MOST_MERGES];
    int n;
};

__global__ static void __launch_bounds__(QUAD_THREADS)
    fold_stack(size_t n, int offset, stack stack, float *gradient, float *store)
{
    const quad own(n, offset);
    pack<float> values = own.load(gradient);

    for (int k = 0; k < stack.n; k++)
        add(own.load(stack.left[k]), values);
    if (store != nullptr) {
        own.store(store, values);
        values = pack<float>{};
    }
    own.store(gradient, values);
}

int fa_cuda_flat_fold(fa_cuda_stream stream, size_t n, const float *const left[], int n_left, float *gradient,
                      float *store)
{
    stack stack = {};

    stack.n = n_left;
    for (int k = 0; k < n_left; k++)
        stack.left[k] = left[k];
    return n == 0 ? 0
                  : FA_LAUNCH(fold_stack, quad_blocks(n, gradient), QUAD_THREADS, 0, stream, n,
                              quad_offset(gradient), stack, gradient, store);
}

/* ---- the sum of squares: threads, a tree over each block's, blocks ---- */

enum { MOST_BLOCKS = 1024 };

static unsigned square_blocks(size_t n)
{
    const unsigned wanted = fa_blocks(n, 4 * QUAD * QUAD_THREADS);

    return wanted < 1 ? 1 : wanted < MOST_BLOCKS ? wanted : (unsigned)MOST_BLOCKS;
}

/* Scratch: a counter, then a number for each block. */
size_t fa_cuda_flat_squares_scratch_bytes(size_t n)
{
    return FA_CUDA_COUNTER_BYTES + square_blocks(n) * sizeof(double);
}

/* Known to all threads. */
__device__ static double sum_of_block(double own)
{
    FA_SHARED(double[QUAD_THREADS], part);

    __syncthreads();
    part[threadIdx.x] = own;
    for (unsigned half = QUAD_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            part[threadIdx.x] += part[threadIdx.x + half];
    }
    __syncthreads();
    return part[0];
}

__global__ static void __launch_bounds__(QUAD_THREADS)
    squares(size_t n, int offset, const float *__restrict__ values, unsigned *arrived, double *partial,
            double *sum)
{
    const int64_t stride = (int64_t)gridDim.x * QUAD_THREADS * QUAD;
    double own = 0;

    for (quad quad(n, offset); quad.begin < quad.n; quad.begin += stride) {
        const pack<float> four = quad.load(values);

        for (int i = 0; i < QUAD; i++)
            own += (double)four.of[i] * (double)four.of[i];
    }
    own = sum_of_block(own);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = own;
    if (!is_last_block(arrived, gridDim.x))
        return;
    own = 0;
    for (unsigned b = threadIdx.x; b < gridDim.x; b += QUAD_THREADS)
        own += __ldcg(partial + b);
    own = sum_of_block(own);
    if (threadIdx.x == 0)
        *sum = own;
}

int fa_cuda_flat_squares(fa_cuda_stream stream, size_t n, const float *values, void *scratch, double *sum)
{
    return FA_LAUNCH(squares, square_blocks(n), QUAD_THREADS, 0, stream, n, quad_offset(values), values,
                     static_cast<unsigned *>(scratch),
                     reinterpret_cast<double *>(static_cast<char *>(scratch) + FA_CUDA_COUNTER_BYTES), sum);
}
