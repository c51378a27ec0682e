/*
 * flat_crc32c.cu - CRC32C in parallel.
 *
 * A CRC is a remainder of polynomials over one bit: of n words w[i], from the register r,
 *
 *     (r x^(32 n) + the sum of w[i] x^(32 (n - i))) mod P
 *
 * so words may be summed in any grouping, each group multiplied by the power of x that its place has. Words
 * are counted from the end: zeros in front of the first change nothing, so all groups have the same length.
 * Within a block a thread takes every THREADS-th word by Horner's rule; a tree adds up the threads, and
 * another the blocks.
 */
#include "flat.h"

#include "last_block.cuh"

enum { THREADS = 256, MOST_BLOCKS = THREADS };

/* Reflected, as in the CRC's register: the highest bit is x^0. */
static constexpr uint32_t polynomial = 0x82F63B78u, one = 0x80000000u;

__host__ __device__ static constexpr uint32_t times(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (int i = 0; i < 32; i++) {
        product ^= a & one >> i ? b : 0;
        b = b >> 1 ^ (b & 1 ? polynomial : 0);
    }
    return product;
}

/* x^(32 n) */
static constexpr uint32_t shift_of_words(uint64_t n)
{
    uint32_t power = one >> 1, product = one;

    for (int i = 0; i < 5; i++)
        power = times(power, power);
    for (; n > 0; n /= 2, power = times(power, power))
        product = n % 2 == 1 ? times(product, power) : product;
    return product;
}

/* Multiplies by one number, by look-up of each of the other's bytes. */
struct multiplier {
    uint32_t of[4][256];
};

__device__ static void make_multiplier(uint32_t number, multiplier &table)
{
    for (int k = 0; k < 4; k++)
        table.of[k][threadIdx.x] = times(threadIdx.x << 8 * k, number);
    __syncthreads();
}

__device__ static uint32_t look_up(const multiplier &table, uint32_t a)
{
    return table.of[0][a & 0xFF] ^ table.of[1][a >> 8 & 0xFF] ^ table.of[2][a >> 16 & 0xFF] ^
           table.of[3][a >> 24];
}

/* The sum of what the threads have, of which each is `shift` (a power of x) before the next; known to the
 * first. */
__device__ static uint32_t join_threads(uint32_t own, uint32_t shift)
{
    FA_SHARED(uint32_t[THREADS], part);

    part[threadIdx.x] = own;
    for (unsigned n = 1; n < THREADS; n *= 2, shift = times(shift, shift)) {
        __syncthreads();
        if (threadIdx.x % (2 * n) == 0)
            part[threadIdx.x] = times(part[threadIdx.x], shift) ^ part[threadIdx.x + n];
    }
    return part[threadIdx.x];
}

/* Powers of x: from a thread's word to its next, from a thread to its neighbour, from a block to the next;
   and what the register at the start becomes. */
struct shifts {
    uint32_t round, word, block, start;
};

/* Of the block's words, which begin `begin` words after the first, maybe before it. */
__device__ static uint32_t sum_of_words(const uint32_t *words, int64_t begin, int64_t rounds,
                                        const multiplier &round)
{
    uint32_t sum = 0;

    for (int64_t k = 0, i = begin + threadIdx.x; k < rounds; k++, i += THREADS)
        sum = look_up(round, sum) ^ (i >= 0 ? words[i] : 0);
    return sum;
}

__global__ static void __launch_bounds__(THREADS)
    crc32c(const uint32_t *__restrict__ words, int64_t front, int64_t rounds, shifts shifts,
           unsigned *arrived, uint32_t *partial, uint32_t *crc)
{
    FA_SHARED(multiplier, round);

    make_multiplier(shifts.round, round);
    uint32_t sum = sum_of_words(words, (int64_t)blockIdx.x * rounds * THREADS - front, rounds, round);

    sum = times(join_threads(sum, shifts.word), shifts.word);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = sum;
    if (!is_last_block(arrived, gridDim.x))
        return;
    const unsigned empty = THREADS - gridDim.x; /* groups of zeros in front */

    sum = join_threads(threadIdx.x < empty ? 0 : __ldcg(partial + threadIdx.x - empty), shifts.block);
    if (threadIdx.x == 0)
        *crc = ~(sum ^ shifts.start);
}

size_t fa_cuda_flat_crc32c_scratch_bytes(void)
{
    return FA_CUDA_COUNTER_BYTES + MOST_BLOCKS * sizeof(uint32_t);
}

int fa_cuda_flat_crc32c(fa_cuda_stream stream, size_t n, const float *values, void *scratch, uint32_t *crc)
{
    const unsigned wanted = fa_blocks(n, 8 * THREADS), blocks = wanted < 1 ? 1
                                                                : wanted < MOST_BLOCKS
                                                                    ? wanted
                                                                    : (unsigned)MOST_BLOCKS;
    const uint64_t rounds = (n + (uint64_t)blocks * THREADS - 1) / ((uint64_t)blocks * THREADS);
    const shifts shifts = {shift_of_words(THREADS), shift_of_words(1), shift_of_words(rounds * THREADS),
                           times(~0u, shift_of_words(n))};

    return FA_LAUNCH(crc32c, blocks, THREADS, 0, stream, reinterpret_cast<const uint32_t *>(values),
                     (int64_t)(blocks * rounds * THREADS - n), (int64_t)rounds, shifts,
                     static_cast<unsigned *>(scratch),
                     reinterpret_cast<uint32_t *>(static_cast<char *>(scratch) + FA_CUDA_COUNTER_BYTES), crc);
}
