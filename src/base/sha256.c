#include "fa/sha256.h"

#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, N_ROUNDS = 64 };

/* The first 32 bits of the fractions of the cube roots of the first 64 primes. */
static const uint32_t round_constants[N_ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t word, int n)
{
    return word >> n | word << (32 - n);
}

/* Numbers are big-endian. */
static uint32_t load(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void store(uint64_t number, int n_bytes, unsigned char *bytes)
{
    for (int i = n_bytes - 1; i >= 0; i--, number >>= 8)
        bytes[i] = (unsigned char)number;
}

static void expand(const unsigned char *block, uint32_t *schedule)
{
    for (int t = 0; t < 16; t++)
        schedule[t] = load(block + 4 * t);
    for (int t = 16; t < N_ROUNDS; t++) {
        const uint32_t x = schedule[t - 15], y = schedule[t - 2];

        schedule[t] = schedule[t - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >> 3) + schedule[t - 7] +
                      (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
    }
}

/* a to h as the standard calls them. */
static void mix(uint32_t *state, const unsigned char *block)
{
    uint32_t schedule[N_ROUNDS];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    expand(block, schedule);
    for (int t = 0; t < N_ROUNDS; t++) {
        const uint32_t first = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) +
                               round_constants[t] + schedule[t];
        const uint32_t second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g, g = f, f = e, e = d + first;
        d = c, c = b, b = a, a = first + second;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void fa_sha256_init(struct fa_sha256 *hash)
{
    /* The first 32 bits of the fractions of the square roots of the first 8 primes. */
    *hash = (struct fa_sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                         0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void fa_sha256_add(struct fa_sha256 *hash, const void *data, size_t n_bytes)
{
    const unsigned char *bytes = data;
    size_t held = hash->n_bytes % BLOCK_BYTES;

    hash->n_bytes += n_bytes;
    while (n_bytes > 0) {
        const size_t room = BLOCK_BYTES - held, n = n_bytes < room ? n_bytes : room;

        memcpy(hash->block + held, bytes, n);
        if (n == room)
            mix(hash->state, hash->block);
        held = 0; /* or this was the last */
        bytes += n;
        n_bytes -= n;
    }
}

/* A bit that is set, zeros, and the length in bits, to the end of a block. */
void fa_sha256_finish(struct fa_sha256 *hash, unsigned char digest[FA_SHA256_BYTES])
{
    const uint64_t n_bits = hash->n_bytes * 8;
    const size_t held = hash->n_bytes % BLOCK_BYTES;
    const size_t end = held < BLOCK_BYTES - LENGTH_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    unsigned char padding[2 * BLOCK_BYTES] = {0x80};

    store(n_bits, LENGTH_BYTES, padding + end - held - LENGTH_BYTES);
    fa_sha256_add(hash, padding, end - held);
    for (int i = 0; i < 8; i++)
        store(hash->state[i], 4, digest + (ptrdiff_t)4 * i);
}
