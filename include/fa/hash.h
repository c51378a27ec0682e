/*
 * hash.h - FNV-1a in 64 bits: tells names, models and datasets apart. No defence against malice. Callable
 * from any thread.
 *
 * Numbers are hashed by their bytes as they lie in memory, which on the little-endian machines that we run
 * on is the same everywhere.
 */
#ifndef FA_HASH_H
#define FA_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

#define FA_HASH_START UINT64_C(0xcbf29ce484222325)

/* The hash of data appended to what gave hash; start with FA_HASH_START. */
uint64_t fa_hash(uint64_t hash, const void *data, size_t n_bytes);

FA_END_DECLARATIONS

#endif
