/*
 * emulator.h - the words of CUDA that our kernels use, for a C++ compiler on the host; a launch has run its
 * kernel when it returns.
 *
 * Blocks run one after another, the last one first; what orders the memory that blocks of one launch share is
 * not tried. The threads of a block are fibres (fibres.cpp), or real threads (threads.cpp) so that
 * ThreadSanitizer finds what no __syncthreads orders; which of the two is linked decides. Memory of a block
 * is its own, filled with NaN, and gone after it, so that AddressSanitizer knows its bounds.
 *
 * What a device would answer with a hang or with nonsense ends the process with a sentence: a thread that
 * ends while others wait for it, lanes of a mask that never come, a value asked of a lane that gives none.
 */
#ifndef FA_EMULATOR_H
#define FA_EMULATOR_H

#include <functional>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <type_traits>

#include "bfloat16.h"

/* ---- vectors ---- */

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x, y, z;

    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
    {
    }
};

/* A kernel reads memory of another type through these. */
#define FA_EMULATOR_VECTORS(type, name)                                                                      \
    struct alignas(2 * sizeof(type)) [[gnu::may_alias]] name##2                                              \
    {                                                                                                        \
        type x, y;                                                                                           \
    };                                                                                                       \
    struct alignas(4 * sizeof(type)) [[gnu::may_alias]] name##4                                              \
    {                                                                                                        \
        type x, y, z, w;                                                                                     \
    };                                                                                                       \
    inline name##2 make_##name##2(type x, type y)                                                            \
    {                                                                                                        \
        return {x, y};                                                                                       \
    }                                                                                                        \
    inline name##4 make_##name##4(type x, type y, type z, type w)                                            \
    {                                                                                                        \
        return {x, y, z, w};                                                                                 \
    }

FA_EMULATOR_VECTORS(float, float)
FA_EMULATOR_VECTORS(int, int)
FA_EMULATOR_VECTORS(unsigned, uint)

/* ---- where a thread stands ---- */

namespace emulator
{
constexpr unsigned warp_size = 32, every_lane = 0xFFFFFFFFu;

struct block {
    const char *call; /* for messages */
    dim3 grid, size;
    uint3 index;
    size_t shared_bytes;
    const std::function<void()> *kernel;

    unsigned n_threads() const
    {
        return size.x * size.y * size.z;
    }
};

struct thread {
    const emulator::block *block;
    uint3 index;
    unsigned warp, lane;
};

extern thread_local const thread *self;

/* All threads of the block meet; the lanes of a mask in the caller's warp meet. */
void meet_block();
void meet_warp(unsigned mask);

/* What `from` of the mask gave, by its own call. */
uint64_t exchange(unsigned mask, uint64_t value, unsigned from);

/* The lanes of the mask whose predicate holds. */
unsigned ballot(unsigned mask, bool predicate);

/* The block's memory that this place in the source declares; its first caller makes it. */
void *shared(const void *place, size_t n_bytes);
void *shared_dynamic();

/* 0, or the cudaError_t of a launch that no device would take. */
int check(dim3 grid, dim3 block, size_t shared_bytes);

/* Runs all blocks of a launch that is possible; launches of several streams one after the other. */
void run_launch(const char *call, dim3 grid, dim3 block, size_t shared_bytes,
                const std::function<void()> &kernel);

/* Has run(argument) done now; or when its turn comes in a stream of the fake CUDA runtime (tests/cuda/fake),
   if the test is linked with that, from a copy of the argument. */
int enqueue(fa_cuda_stream stream, void (*run)(void *argument), void *argument, size_t n_bytes);

template <typename... Parameters, typename... Arguments>
int launch(const char *call, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
           fa_cuda_stream stream, Arguments... arguments)
{
    auto job = [=] { run_launch(call, grid, block, shared_bytes, [=] { kernel(arguments...); }); };
    const int error = check(grid, block, shared_bytes);

    static_assert(std::is_trivially_copyable_v<decltype(job)>,
                  "arguments of kernels are copied byte by byte");
    if (error != 0)
        return error;
    return enqueue(
        stream, [](void *argument) { (*static_cast<decltype(job) *>(argument))(); }, &job, sizeof job);
}
} // namespace emulator

#define FA_LAUNCH(...) emulator::launch(#__VA_ARGS__, __VA_ARGS__)
#define FA_SHARED(type, name)                                                                                \
    static const char name##_place = 0;                                                                      \
    fa_same<type> &name =                                                                                    \
        *static_cast<fa_same<type> *>(emulator::shared(&name##_place, sizeof(fa_same<type>)))
#define FA_SHARED_DYNAMIC(type, name) type *name = static_cast<type *>(emulator::shared_dynamic())
#define FA_RECIPROCAL(value)          (1.0f / (value))

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define threadIdx (emulator::self->index)
#define blockIdx  (emulator::self->block->index)
#define blockDim  (emulator::self->block->size)
#define gridDim   (emulator::self->block->grid)
#define warpSize  ((int)emulator::warp_size)

/* ---- meeting ---- */

inline void __syncthreads()
{
    emulator::meet_block();
}

inline void __syncwarp(unsigned mask = emulator::every_lane)
{
    emulator::meet_warp(mask);
}

/* Blocks run one after another, and those who meet see each other's memory. */
inline void __threadfence()
{
}

inline void __threadfence_block()
{
}

namespace emulator
{
template <typename T> T take(unsigned mask, T value, unsigned from)
{
    static_assert(sizeof value <= sizeof(uint64_t), "a lane gives at most eight bytes");
    uint64_t bits = 0;

    memcpy(&bits, &value, sizeof value);
    bits = exchange(mask, bits, from);
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The lane itself where the other one would lie outside its segment of `width` lanes. */
inline unsigned lane_beside(int distance, int width)
{
    const int lane = (int)self->lane, first = lane / width * width, other = lane + distance;

    return (unsigned)(other < first || other >= first + width ? lane : other);
}
} // namespace emulator

template <typename T> T __shfl_sync(unsigned mask, T value, int lane, int width = 32)
{
    const unsigned first = emulator::self->lane / (unsigned)width * (unsigned)width;

    return emulator::take(mask, value, first + (unsigned)lane % (unsigned)width);
}

template <typename T> T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32)
{
    return emulator::take(mask, value, emulator::lane_beside((int)distance, width));
}

template <typename T> T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32)
{
    return emulator::take(mask, value, emulator::lane_beside(-(int)distance, width));
}

template <typename T> T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32)
{
    const int distance = ((int)emulator::self->lane ^ bits) - (int)emulator::self->lane;

    return emulator::take(mask, value, emulator::lane_beside(distance, width));
}

inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    return emulator::ballot(mask, predicate != 0);
}

inline int __any_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) != 0;
}

inline int __all_sync(unsigned mask, int predicate)
{
    return __ballot_sync(mask, predicate) == mask;
}

/* Counts the block's threads for which the predicate holds. */
int __syncthreads_count(int predicate);

inline int __syncthreads_or(int predicate)
{
    return __syncthreads_count(predicate) > 0;
}

/* ---- memory ---- */

template <typename T> T __ldg(const T *from)
{
    return *from;
}

template <typename T> T __ldcg(const T *from)
{
    return *from;
}

template <typename T> T __ldcs(const T *from)
{
    return *from;
}

template <typename T> void __stcs(T *to, T value)
{
    *to = value;
}

template <typename T> T atomicAdd(T *at, T value)
{
    return __atomic_fetch_add(at, value, __ATOMIC_SEQ_CST);
}

template <typename T> T atomicOr(T *at, T value)
{
    return __atomic_fetch_or(at, value, __ATOMIC_SEQ_CST);
}

template <typename T> T atomicAnd(T *at, T value)
{
    return __atomic_fetch_and(at, value, __ATOMIC_SEQ_CST);
}

template <typename T> T atomicExch(T *at, T value)
{
    return __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST);
}

template <typename T> T atomicCAS(T *at, T expected, T value)
{
    __atomic_compare_exchange_n(at, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    return expected;
}

namespace emulator
{
template <typename T, typename Change> T change(T *at, Change changed)
{
    T was = __atomic_load_n(at, __ATOMIC_SEQ_CST);

    while (!__atomic_compare_exchange_n(at, &was, changed(was), false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    return was;
}
} // namespace emulator

template <typename T> T atomicMax(T *at, T value)
{
    return emulator::change(at, [=](T was) { return was > value ? was : value; });
}

template <typename T> T atomicMin(T *at, T value)
{
    return emulator::change(at, [=](T was) { return was < value ? was : value; });
}

inline unsigned atomicInc(unsigned *at, unsigned most)
{
    return emulator::change(at, [=](unsigned was) { return was >= most ? 0 : was + 1; });
}

/* ---- numbers ---- */

template <typename T> T min(T a, T b)
{
    return b < a ? b : a;
}

template <typename T> T max(T a, T b)
{
    return a < b ? b : a;
}

inline int __popc(unsigned bits)
{
    return __builtin_popcount(bits);
}

inline int __ffs(int bits)
{
    return __builtin_ffs(bits);
}

inline int __clz(int bits)
{
    return bits == 0 ? 32 : __builtin_clz((unsigned)bits);
}

inline unsigned __brev(unsigned bits)
{
    unsigned reversed = 0;

    for (int i = 0; i < 32; i++)
        reversed |= (bits >> i & 1) << (31 - i);
    return reversed;
}

template <typename To, typename From> To emulator_same_bits(From value)
{
    static_assert(sizeof(To) == sizeof(From), "bits are kept");
    To bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline unsigned __float_as_uint(float value)
{
    return emulator_same_bits<unsigned>(value);
}

inline int __float_as_int(float value)
{
    return emulator_same_bits<int>(value);
}

inline float __uint_as_float(unsigned value)
{
    return emulator_same_bits<float>(value);
}

inline float __int_as_float(int value)
{
    return emulator_same_bits<float>(value);
}

inline float rsqrtf(float value)
{
    return 1 / sqrtf(value);
}

#endif
