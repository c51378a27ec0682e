/*
 * hash.h - FNV-1a in 64 bits: tells data sets and category tables apart. No defence against malice.
 *
 * Numbers are hashed by their bytes as they lie in memory, which on the little-endian machines that we run
 * on is the same everywhere.
 */
#ifndef FA_DATA_HASH_H
#define FA_DATA_HASH_H

#include <stddef.h>
#include <stdint.h>

#define FA_HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t fa_hash(uint64_t hash, const void *data, size_t n_bytes)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

#endif
