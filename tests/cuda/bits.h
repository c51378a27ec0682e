/*
 * bits.h - bfloat16 by its definition, for tests: the upper half of a float, rounded to nearest even.
 * Independent of the emulator's own.
 */
#ifndef FA_TESTS_BITS_H
#define FA_TESTS_BITS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float bits_to_float(uint16_t half)
{
    const uint32_t bits = (uint32_t)half << 16;
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Of the two neighbours the nearer one; of equally near ones the even one. */
static inline uint16_t bits_of_bfloat16(float value)
{
    uint32_t bits;
    uint16_t down, up;
    double below, above;

    memcpy(&bits, &value, sizeof bits);
    down = (uint16_t)(bits >> 16);
    if (isnan(value))
        return 0x7FFF;
    if ((bits & 0xFFFFu) == 0 || isinf(value))
        return down;
    up = (uint16_t)(down + 1);
    below = fabs((double)value - (double)bits_to_float(down));
    above = isinf(bits_to_float(up)) ? fabs(copysign(0x1p128, (double)value) - (double)value)
                                     : fabs((double)bits_to_float(up) - (double)value);
    if (below != above)
        return below < above ? down : up;
    return down % 2 == 0 ? down : up;
}

#endif
