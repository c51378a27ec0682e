/*
 * types.h - what the headers of kernels share. They are C11 and need no header of CUDA.
 *
 * An activation is one image's, NHWC: position (y * w + x) has `channels` elements, padded so that a position
 * fills whole packs of 16 bytes, from an address that is a multiple of 16; padding channels hold zero.
 *
 * A function that launches returns the cudaError_t of its launches, 0 if all is well. It allocates nothing,
 * waits for nothing, uses the given stream alone, and may be captured into a graph. Memory is the device's
 * and the caller's. Where a function has scratch, `..._scratch_bytes` says how much; it is aligned to 16
 * bytes, zero before its first use, and serves one call at a time, of whatever function: all have their
 * counters in its first FA_CUDA_COUNTER_BYTES, and leave them zero.
 *
 * Sums are added up in an order that depends on shapes alone.
 */
#ifndef FA_CUDA_TYPES_H
#define FA_CUDA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define FA_CUDA_API extern "C"
#else
#define FA_CUDA_API
#endif

typedef struct CUstream_st *fa_cuda_stream;

enum { FA_CUDA_COUNTER_BYTES = 16384 };

/* cudaErrorInvalidValue: a shape that the function cannot take. */
#define FA_CUDA_INVALID_VALUE 1

/* Of an activation's elements. Arithmetic is in float in any case. */
enum fa_cuda_type { FA_CUDA_F32, FA_CUDA_BF16 };

static inline size_t fa_cuda_type_bytes(enum fa_cuda_type type)
{
    return type == FA_CUDA_F32 ? 4 : 2;
}

#endif
