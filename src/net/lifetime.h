/*
 * lifetime.h - packs blocks that live for a time into one arena.
 */
#ifndef FA_NET_LIFETIME_H
#define FA_NET_LIFETIME_H

#include <stddef.h>

#include "fa/status.h"

/* A block is in use from step `first` to step `last`, both included. */
struct fa_lifetime {
    size_t bytes;
    int first, last;
    size_t offset; /* result */
};

/* Gives each block an offset such that no two that are in use at the same step overlap. Offsets are multiples
   of every power of two that divides all sizes. *arena_bytes is the end of the farthest block. The result is
   a function of the input alone. */
fa_status fa_lifetime_pack(struct fa_lifetime *block, size_t n, size_t *arena_bytes) FA_CHECK_RESULT;

#endif
