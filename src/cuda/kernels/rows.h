/*
 * rows.h - how the head speaks to the loss: one dense row of floats a position, from and to activations whose
 * channels are padded.
 */
#ifndef FA_CUDA_ROWS_H
#define FA_CUDA_ROWS_H

#include "types.h"

/* rows[p][0 .. columns) = the first channels of position p.
   Moves: both once. */
FA_CUDA_API int fa_cuda_rows_out(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions,
                                 int channels, int columns, const void *activation, float *rows);

/* The other way; channels from `columns` on become zero. */
FA_CUDA_API int fa_cuda_rows_in(fa_cuda_stream stream, enum fa_cuda_type type, size_t positions, int channels,
                                int columns, const float *rows, void *activation);

#endif
