/*
 * winograd.c - the loops of this processor, and how many of their tiles a map has.
 */
#include "winograd.h"

#include "points.h"

const struct winograd_kernels *winograd_kernels_of(int lanes)
{
#ifdef __x86_64__
    if (lanes == 16 && __builtin_cpu_supports("avx512f"))
        return &winograd_avx512;
    if (lanes == 8 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &winograd_avx2;
#endif
    return lanes == 16 ? &winograd_wide : &winograd_narrow;
}

/* Those for maps of bf16 were compiled for AVX512-BF16 where the compiler knows it. */
const struct winograd_kernels *winograd_kernels_of_bf16(void)
{
#if defined(FA_HAVE_AVX512_BF16)
    if (__builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw"))
        return &winograd_avx512_bf16;
#elif defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return &winograd_avx512_bf16;
#endif
    return &winograd_narrow_bf16;
}

int winograd_tiles(const struct winograd_conv *conv)
{
    return (conv->height + conv->kernels->tile - 1) / conv->kernels->tile * tiles_across(conv);
}
