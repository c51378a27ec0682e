/*
 * sha256.h - SHA-256 (FIPS 180-4), by which published files are named. Callable from any thread.
 */
#ifndef FA_SHA256_H
#define FA_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

enum { FA_SHA256_BYTES = 32 };

/* A hash in the making. */
struct fa_sha256 {
    uint32_t state[8];
    uint64_t n_bytes; /* so far; those that fill no block yet are in block */
    unsigned char block[64];
};

void fa_sha256_init(struct fa_sha256 *hash);
void fa_sha256_add(struct fa_sha256 *hash, const void *data, size_t n_bytes);

/* The hash of all that was added. */
void fa_sha256_finish(struct fa_sha256 *hash, unsigned char digest[FA_SHA256_BYTES]);

FA_END_DECLARATIONS

#endif
