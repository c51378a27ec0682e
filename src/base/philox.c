#include "fa/philox.h"

#include <math.h>
#include <string.h>

/* Multipliers and key increments of the paper; the latter are the golden ratio and sqrt(3) - 1. */
static const uint32_t multiplier[2] = {0xD2511F53u, 0xCD9E8D57u};
static const uint32_t weyl[2] = {0x9E3779B9u, 0xBB67AE85u};

void fa_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t x[4], k[2];

    memcpy(x, counter, sizeof x);
    memcpy(k, key, sizeof k);
    for (int round = 0; round < 10; round++) {
        uint64_t product0 = (uint64_t)multiplier[0] * x[0];
        uint64_t product1 = (uint64_t)multiplier[1] * x[2];

        x[0] = (uint32_t)(product1 >> 32) ^ x[1] ^ k[0];
        x[2] = (uint32_t)(product0 >> 32) ^ x[3] ^ k[1];
        x[1] = (uint32_t)product1;
        x[3] = (uint32_t)product0;
        k[0] += weyl[0];
        k[1] += weyl[1];
    }
    memcpy(out, x, sizeof x);
}

void fa_random_init(struct fa_random *random, uint64_t seed, enum fa_random_purpose purpose, uint64_t a,
                    uint32_t b)
{
    *random = (struct fa_random){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, b, (uint32_t)a, (uint32_t)(a >> 32) ^ (uint32_t)purpose << 24},
        .used = 4,
    };
}

uint32_t fa_random_u32(struct fa_random *random)
{
    if (random->used == 4) {
        fa_philox4x32(random->counter, random->key, random->block);
        random->counter[0]++;
        random->used = 0;
    }
    return random->block[random->used++];
}

float fa_random_float(struct fa_random *random)
{
    return (float)(fa_random_u32(random) >> 8) * 0x1p-24f;
}

double fa_random_double(struct fa_random *random)
{
    uint64_t high = fa_random_u32(random) >> 5;
    uint64_t low = fa_random_u32(random) >> 6;

    return (double)(high << 26 | low) * 0x1p-53;
}

/* Lemire's method: the high word of draw * n, drawing again where the low word shows an overfull bucket. */
uint32_t fa_random_below(struct fa_random *random, uint32_t n)
{
    uint32_t overfull = -n % n; /* 2^32 mod n */
    uint64_t product;

    do
        product = (uint64_t)fa_random_u32(random) * n;
    while ((uint32_t)product < overfull);
    return (uint32_t)(product >> 32);
}

double fa_random_normal(struct fa_random *random)
{
    const double two_pi = 6.283185307179586;
    double radius = sqrt(-2 * log(1 - fa_random_double(random))); /* 1 - u is never 0 */

    return radius * cos(two_pi * fa_random_double(random));
}
