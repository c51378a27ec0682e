/*
 * avx512.c - the loops for AVX-512: pairs of 14 rows fill 28 of its 32 registers.
 */
#define LANES     16
#define MOST_ROWS 14
#define TILE      4
#define BF16      0
#define KERNELS   winograd_avx512
#include "loops.h"
