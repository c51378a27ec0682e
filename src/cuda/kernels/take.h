/*
 * take.h - arrays one behind another in a caller's scratch.
 */
#ifndef FA_CUDA_TAKE_H
#define FA_CUDA_TAKE_H

#include "types.h"

/* The next n of T at *used bytes of scratch, aligned to 16 bytes; *used moves on behind them. Without a
   scratch only that. */
template <typename T> T *take(void *scratch, size_t *used, size_t n)
{
    T *const taken =
        scratch == nullptr ? nullptr : reinterpret_cast<T *>(static_cast<char *>(scratch) + *used);

    *used += (n * sizeof(T) + 15) / 16 * 16;
    return taken;
}

/* The counters, which come first in every function's scratch. */
static inline unsigned *take_counters(void *scratch, size_t *used)
{
    return take<unsigned>(scratch, used, FA_CUDA_COUNTER_BYTES / sizeof(unsigned));
}

#endif
