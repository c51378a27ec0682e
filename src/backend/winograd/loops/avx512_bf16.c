/*
 * avx512_bf16.c - the loops over maps of bf16 for AVX-512: pairs of 14 rows fill 28 of its 32 registers.
 */
#define LANES     16
#define MOST_ROWS 14
#define TILE      6
#define BF16      1
#define KERNELS   winograd_avx512_bf16
#include "loops.h"
