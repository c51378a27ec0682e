#include "on_device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bits.h"

void *device_new(size_t n_bytes)
{
    void *memory;

    assert_int_equal(posix_memalign(&memory, 256, n_bytes > 0 ? n_bytes : 1), 0);
    memset(memory, 0xFF, n_bytes);
    return memory;
}

void *device_zero(size_t n_bytes)
{
    return memset(device_new(n_bytes), 0, n_bytes);
}

void device_free(void *memory)
{
    free(memory);
}

void *device_copy(const void *from, size_t n_bytes)
{
    return memcpy(device_new(n_bytes), from, n_bytes);
}

float rounded(enum fa_cuda_type type, float value)
{
    return type == FA_CUDA_F32 ? value : bits_to_float(bits_of_bfloat16(value));
}

double rounding_of(enum fa_cuda_type type)
{
    return type == FA_CUDA_F32 ? 0x1p-24 : 0x1p-8;
}

void *device_values(enum fa_cuda_type type, float *values, size_t n)
{
    uint16_t *halves = device_new(n * sizeof *halves);

    for (size_t i = 0; i < n; i++) {
        values[i] = rounded(type, values[i]);
        halves[i] = bits_of_bfloat16(values[i]);
    }
    if (type == FA_CUDA_BF16)
        return halves;
    device_free(halves);
    return device_copy(values, n * sizeof *values);
}

float *device_read(enum fa_cuda_type type, const void *memory, size_t n)
{
    const uint16_t *halves = memory;
    float *values = zeros(n);

    for (size_t i = 0; i < n; i++)
        values[i] = type == FA_CUDA_F32 ? ((const float *)memory)[i] : bits_to_float(halves[i]);
    return values;
}

float *zeros(size_t n)
{
    float *values;

    assert_ok(fa_alloc_zero(n, sizeof *values, &values));
    return values;
}

/* Knuth's 64-bit linear congruential generator: the upper 24 bits become the number. */
float *noise(size_t n, uint64_t seed)
{
    float *values = zeros(n);
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;

    for (size_t i = 0; i < n; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = (float)(state >> 40) * 0x1p-23f - 1;
    }
    return values;
}

void assert_all_near(const float *got, const float *want, size_t n, double relative, double absolute)
{
    for (size_t i = 0; i < n; i++) {
        const double off = fabs((double)got[i] - (double)want[i]);

        if (off <= absolute + relative * fabs((double)want[i]))
            continue;
        fail_msg("element %zu of %zu: got %.9g, want %.9g", i, n, (double)got[i], (double)want[i]);
    }
}

void assert_all_same(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(got + i, want + i, sizeof *got) != 0)
            fail_msg("element %zu of %zu: got %.9g, want %.9g", i, n, (double)got[i], (double)want[i]);
}

void for_each_type(void (*check)(enum fa_cuda_type type))
{
    check(FA_CUDA_F32);
    check(FA_CUDA_BF16);
}

bool is_slow(void)
{
#ifdef FA_EMULATOR_THREADS
    return true;
#else
    return false;
#endif
}
