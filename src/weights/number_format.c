#include "number_format.h"

#include <string.h>

#include "fa/memory.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "weights are read as they lie in memory");

size_t fa_number_size(enum fa_number type)
{
    static const size_t sizes[] = {
        [FA_NUMBER_F32] = 4, [FA_NUMBER_F64] = 8, [FA_NUMBER_F16] = 2, [FA_NUMBER_BF16] = 2};

    return sizes[type];
}

static float from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Sign, 5 bits of exponent (bias 15), 10 of fraction. A subnormal is a multiple of 2^-24. */
static float from_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 0x1f,
                   fraction = half & 0x3ff;

    if (exponent == 0x1f)
        return from_bits(sign | 0x7f800000 | fraction << 13);
    if (exponent != 0)
        return from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13);
    return from_bits(sign) + (sign != 0 ? -1.0f : 1.0f) * 0x1p-24f * (float)fraction;
}

void fa_numbers_convert(enum fa_number type, const void *raw, size_t n, float *out)
{
    const char *bytes = raw;
    uint16_t narrow;
    double wide;

    switch (type) {
    case FA_NUMBER_F32:
        memcpy(out, raw, n * sizeof *out);
        break;
    case FA_NUMBER_F64:
        for (size_t i = 0; i < n; i++) {
            memcpy(&wide, bytes + i * sizeof wide, sizeof wide);
            out[i] = (float)wide;
        }
        break;
    case FA_NUMBER_F16:
        for (size_t i = 0; i < n; i++) {
            memcpy(&narrow, bytes + i * sizeof narrow, sizeof narrow);
            out[i] = from_half(narrow);
        }
        break;
    case FA_NUMBER_BF16:
        for (size_t i = 0; i < n; i++) {
            memcpy(&narrow, bytes + i * sizeof narrow, sizeof narrow);
            out[i] = from_bits((uint32_t)narrow << 16);
        }
        break;
    }
}
