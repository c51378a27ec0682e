/*
 * emulator.cpp - what fibres and threads share: launches, the memory of a block, values between lanes.
 */
#include <mutex>

#include "run.h"

/* Of the fake CUDA runtime; null where a test is linked without it. */
extern "C" __attribute__((weak)) int fake_launch(fa_cuda_stream stream, void (*run)(void *),
                                                 const void *argument, size_t n_bytes);

namespace emulator
{
thread_local const thread *self;

thread thread_of(const block &block, unsigned i)
{
    const unsigned x = i % block.size.x, y = i / block.size.x % block.size.y,
                   z = i / block.size.x / block.size.y;

    return {&block, {x, y, z}, i / warp_size, i % warp_size};
}

void fault(const block &block, const char *what)
{
    fprintf(stderr, "%s: block (%u, %u, %u): %s\n", block.call, block.index.x, block.index.y, block.index.z,
            what);
    _Exit(EXIT_FAILURE);
}

/* ---- between threads ---- */

static uint64_t given[most_threads];
static unsigned predicates;

void *shared_dynamic()
{
    return shared(&given, self->block->shared_bytes);
}

uint64_t exchange(unsigned mask, uint64_t value, unsigned from)
{
    uint64_t *of_warp = given + self->warp * warp_size;

    if ((mask >> from & 1) == 0)
        fault(*self->block, "a value is asked of a lane outside the mask");
    of_warp[self->lane] = value;
    meet_warp(mask);
    value = of_warp[from];
    meet_warp(mask);
    return value;
}

unsigned ballot(unsigned mask, bool predicate)
{
    uint64_t *of_warp = given + self->warp * warp_size;
    unsigned lanes = 0;

    of_warp[self->lane] = predicate;
    meet_warp(mask);
    for (unsigned lane = 0; lane < warp_size; lane++)
        if (mask >> lane & 1)
            lanes |= (unsigned)of_warp[lane] << lane;
    meet_warp(mask);
    return lanes;
}

/* ---- launches ---- */

static constexpr int invalid_value = 1, invalid_configuration = 9; /* cudaError_t */

static bool is_possible(dim3 grid, dim3 block)
{
    return grid.x > 0 && grid.y > 0 && grid.z > 0 && grid.x <= 0x7FFFFFFFu && grid.y <= 65535 &&
           grid.z <= 65535 && block.x > 0 && block.y > 0 && block.z > 0 && block.z <= 64 &&
           (size_t)block.x * block.y * block.z <= most_threads;
}

int check(dim3 grid, dim3 size, size_t shared_bytes)
{
    if (!is_possible(grid, size))
        return invalid_configuration;
    return shared_bytes > most_shared_bytes ? invalid_value : 0;
}

void run_launch(const char *call, dim3 grid, dim3 size, size_t shared_bytes,
                const std::function<void()> &kernel)
{
    static std::mutex one_at_a_time;
    const std::lock_guard<std::mutex> lock(one_at_a_time);

    run_blocks(block{call, grid, size, {0, 0, 0}, shared_bytes, &kernel});
}

int enqueue(fa_cuda_stream stream, void (*run)(void *), void *argument, size_t n_bytes)
{
    if (stream != nullptr && fake_launch != nullptr)
        return fake_launch(stream, run, argument, n_bytes);
    run(argument);
    return 0;
}

/* From the last one to the first: who counts on their order is wrong here. */
bool next_block(block &block, size_t &left)
{
    if (left == 0)
        return false;
    left--;
    block.index = {(unsigned)(left % block.grid.x), (unsigned)(left / block.grid.x % block.grid.y),
                   (unsigned)(left / block.grid.x / block.grid.y)};
    return true;
}

size_t number_of_blocks(const block &block)
{
    return (size_t)block.grid.x * block.grid.y * block.grid.z;
}
} // namespace emulator

int __syncthreads_count(int predicate)
{
    unsigned count;

    atomicAdd(&emulator::predicates, (unsigned)(predicate != 0));
    __syncthreads();
    count = atomicAdd(&emulator::predicates, 0u);
    __syncthreads();
    atomicExch(&emulator::predicates, 0u);
    __syncthreads();
    return (int)count;
}
