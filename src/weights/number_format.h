/*
 * number_format.h - the numbers of weights files as they lie on disk, little-endian, and as float32.
 */
#ifndef FA_NUMBER_FORMAT_H
#define FA_NUMBER_FORMAT_H

#include "weights_set.h"

enum fa_number { FA_NUMBER_F32, FA_NUMBER_F64, FA_NUMBER_F16, FA_NUMBER_BF16 };

size_t fa_number_size(enum fa_number type);

/* n numbers at raw, of any alignment, as float32: exact but for float64, which is rounded to nearest. */
void fa_numbers_convert(enum fa_number type, const void *raw, size_t n, float *out);

/* n numbers at a byte of the file. */
fa_status fa_numbers_read(const struct fa_weights_input *input, enum fa_number type, uint64_t position,
                          size_t n, float *out) FA_CHECK_RESULT;

/* The row-major numbers of a view: its element (i, j, ...) lies strides[0] i + strides[1] j + ... numbers
   after position. No dimension is 0 and no stride negative; that the view lies in the file is the caller's
   to know. */
fa_status fa_numbers_gather(const struct fa_weights_input *input, enum fa_number type, uint64_t position,
                            int n_dims, const int64_t *dims, const int64_t *strides,
                            float *out) FA_CHECK_RESULT;

#endif
