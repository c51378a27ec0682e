/*
 * winograd.c - the loops of this processor.
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

/* What the loops for maps of bf16 were compiled for. */
#ifdef FA_HAVE_AVX512_BF16
#define AVX512 "avx512bf16"
#else
#define AVX512 "avx512f"
#endif

const struct winograd_kernels *winograd_kernels_of_bf16(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports(AVX512))
        return &winograd_avx512_bf16;
#endif
    return &winograd_narrow_bf16;
}

int winograd_tiles(const struct winograd_conv *conv)
{
    return (conv->height + conv->kernels->tile - 1) / conv->kernels->tile * tiles_across(conv);
}
