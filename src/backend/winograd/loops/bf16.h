/*
 * bf16.h - maps of bf16.
 */

/* The first n lanes; of what is read, the others are zero. */
INLINE vector read(const void *map, size_t at, int n)
{
    const uint16_t *from = (const uint16_t *)map + at;
    halves value = {0};

    memcpy(&value, from, n == LANES ? sizeof value : (size_t)n * sizeof *from);
    return (vector)(__builtin_convertvector(value, words) << 16);
}

/* To the nearest, of two to the even one; NaN stays NaN. AVX512-BF16 takes numbers below 2^-126 for zero. */
#if defined(__AVX512BF16__) && LANES == 16
INLINE halves rounded(vector value)
{
    return (halves)_mm512_cvtneps_pbh((__m512)value);
}
#else
INLINE halves rounded(vector value)
{
    const words bits = (words)value, nan = (words)(value != value);
    const words nearest = bits + 0x7fff + (bits >> 16 & 1), quiet = bits | 0x400000;

    return __builtin_convertvector(((nearest & ~nan) | (quiet & nan)) >> 16, halves);
}
#endif

INLINE void write(vector value, void *map, size_t at, int n)
{
    const halves high = rounded(value);
    uint16_t *to = (uint16_t *)map + at;

    memcpy(to, &high, n == LANES ? sizeof high : (size_t)n * sizeof *to);
}
