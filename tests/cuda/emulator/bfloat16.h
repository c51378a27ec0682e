/*
 * bfloat16.h - CUDA's bfloat16 on the host: the upper half of a float.
 */
#ifndef FA_EMULATOR_BFLOAT16_H
#define FA_EMULATOR_BFLOAT16_H

#include <stdint.h>
#include <string.h>

struct __nv_bfloat16 {
    uint16_t bits;
};

struct __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

inline float __bfloat162float(__nv_bfloat16 value)
{
    const uint32_t bits = (uint32_t)value.bits << 16;
    float number;

    memcpy(&number, &bits, sizeof number);
    return number;
}

/* To nearest even; every NaN becomes the one that CUDA makes. */
inline __nv_bfloat16 __float2bfloat16(float number)
{
    uint32_t bits;

    memcpy(&bits, &number, sizeof bits);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u)
        return {0x7FFF};
    return {(uint16_t)((bits + 0x7FFFu + (bits >> 16 & 1)) >> 16)};
}

inline __nv_bfloat16 __float2bfloat16_rn(float number)
{
    return __float2bfloat16(number);
}

inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits)
{
    return {bits};
}

inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value)
{
    return value.bits;
}

#endif
