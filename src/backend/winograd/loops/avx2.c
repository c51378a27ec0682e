/*
 * avx2.c - the loops for AVX2 and FMA: pairs of 6 rows fill 12 of their 16 registers.
 */
#define LANES     8
#define MOST_ROWS 6
#define TILE      4
#define BF16      0
#define KERNELS   winograd_avx2
#include "loops.h"
