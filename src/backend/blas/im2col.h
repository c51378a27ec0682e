/*
 * im2col.h - a convolution's input as a matrix, so that the convolution is a matrix product.
 *
 * Of the output only rows y0 .. y1 - 1 are meant, a tile; n = (y1 - y0) * out.w positions. The matrix has one
 * row for each (input channel, ky, kx), in that order, and one column for each position: the input element
 * that filter tap (ky, kx) meets there, or 0 in the padding.
 */
#ifndef FA_BLAS_IM2COL_H
#define FA_BLAS_IM2COL_H

#include "../ops.h"

/* columns: in.c * kernel^2 rows of n. */
void fa_im2col(const struct fa_conv *conv, int y0, int y1, const fa_real *src, fa_real *columns);

/* The transpose: adds every element of columns to the input element that it came from. */
void fa_col2im(const struct fa_conv *conv, int y0, int y1, const fa_real *columns, fa_real *diff_src);

#endif
