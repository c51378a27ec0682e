/*
 * narrow.c - the loops for any instructions, in blocks of 8 channels.
 */
#define LANES     8
#define MOST_ROWS 6
#define TILE      4
#define BF16      0
#define KERNELS   winograd_narrow
#include "loops.h"
