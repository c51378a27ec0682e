/*
 * flat_average.cu - a moving average follows the values.
 */
#include "device.h"
#include "flat.h"

static const unsigned THREADS = 256;

__global__ static void average_kernel(size_t n, float keep, float take, const float *values, float *average)
{
    const size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;

    if (i < n)
        average[i] = keep * average[i] + take * values[i];
}

int fa_cuda_flat_average(fa_cuda_stream stream, size_t n, double decay, const float *values, float *average)
{
    if (n == 0)
        return 0;
    return FA_LAUNCH(average_kernel, fa_blocks(n, THREADS), THREADS, 0, stream, n, (float)decay, (float)(1 - decay),
                     values, average);
}
