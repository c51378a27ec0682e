/*
 * philox.h - random numbers as a pure function (Philox 4x32-10, Salmon et al., SC 2011).
 *
 * There is no generator state: a number is computed from (seed, purpose, a, b, index), so any rank can
 * compute any sample's draw and a resumed run draws what the undisturbed one would have. Purposes keep the
 * draws of different uses independent. Callable from any thread.
 */
#ifndef FA_PHILOX_H
#define FA_PHILOX_H

#include <stdint.h>

#include "fa/declarations.h"

FA_BEGIN_DECLARATIONS

/* The numbers are part of what a seed means. */
enum fa_random_purpose {
    FA_RANDOM_ORDER = 1,   /* a = epoch */
    FA_RANDOM_FLIP = 2,    /* a = epoch, b = sample position in the epoch */
    FA_RANDOM_WEIGHTS = 4, /* a = hash of the parameter's name */
    FA_RANDOM_SCENE = 5,   /* a = image number */
    FA_RANDOM_TEST = 6,
    FA_RANDOM_BENCH = 7,   /* a = what for */
    FA_RANDOM_AUGMENT = 8, /* a = epoch, b = sample position in the epoch */
    FA_RANDOM_SPLIT = 9,   /* a = checksum of an image's file, b = its size */
    FA_RANDOM_SCALE = 10,  /* a = epoch, b = sample position in the epoch */
    FA_RANDOM_REPEAT = 11, /* a = epoch */
    FA_RANDOM_CROP = 12    /* a = epoch, b = sample position in the epoch */
};

/* A stream of draws: open struct, initialise with fa_random_init, copy freely. */
struct fa_random {
    uint32_t key[2];
    uint32_t counter[4]; /* counter[0] counts blocks of four draws */
    uint32_t block[4];
    unsigned used; /* draws of block already given out */
};

/* The raw function: ten rounds on counter under key. Matches the published test vectors. */
void fa_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The stream of (seed, purpose, a, b). a takes two counter words, the upper one folded with purpose;
   distinct (purpose, a, b) give distinct streams for a < 2^56. */
void fa_random_init(struct fa_random *random, uint64_t seed, enum fa_random_purpose purpose, uint64_t a,
                    uint32_t b);

uint32_t fa_random_u32(struct fa_random *random);

/* Uniform in [0, 1): 24 bits for float, 53 for double. */
float fa_random_float(struct fa_random *random);
double fa_random_double(struct fa_random *random);

/* Uniform in 0 .. n-1 without bias, n >= 1. */
uint32_t fa_random_below(struct fa_random *random, uint32_t n);

/* Standard normal (Box-Muller, in double). */
double fa_random_normal(struct fa_random *random);

FA_END_DECLARATIONS

#endif
