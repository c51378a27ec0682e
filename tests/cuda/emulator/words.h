/*
 * words.h - kernels that try the words of the emulator.
 */
#ifndef FA_EMULATOR_WORDS_H
#define FA_EMULATOR_WORDS_H

#include "types.h"

/* to[i] = 1000 * block + thread, of blocks of 2 x 3 x 4 threads in a grid of 5 x 2 x 3. */
FA_CUDA_API int words_places(int *to);

/* Of each warp, one of n of 32 lanes: the sum of its elements by shuffles, at the warp's place in to. Only
   even warps take part; the others leave to alone. */
FA_CUDA_API int words_even_warps(const float *from, int n_warps, float *to);

/* The two halves of a warp shuffle apart: to[lane] is the greatest of the lane's half. */
FA_CUDA_API int words_halves(const int *from, int *to);

/* to[0]: the lanes whose element is positive; [1]: how many of 64 threads have one; [2] how many atomics
 * came. */
FA_CUDA_API int words_votes(const int *from, unsigned *to);

/* to[i] = what shared memory holds before anyone has written, of each of the blocks. */
FA_CUDA_API int words_fresh(int n_blocks, float *to);

/* to = from rounded to bfloat16. */
FA_CUDA_API int words_round(const float *from, int n, float *to);

/* A launch of these sizes; the kernel does nothing. */
FA_CUDA_API int words_launch(unsigned blocks_y, unsigned threads, size_t shared_bytes);

#endif
