/*
 * wide.c - the loops for any instructions, in blocks of 16 channels.
 */
#define LANES     16
#define MOST_ROWS 8
#define TILE      4
#define BF16      0
#define KERNELS   winograd_wide
#include "loops.h"
