/*
 * narrow_bf16.c - the loops over maps of bf16 for any instructions, in blocks of 8 channels.
 */
#define LANES     8
#define MOST_ROWS 6
#define TILE      6
#define BF16      1
#define KERNELS   winograd_narrow_bf16
#include "loops.h"
