/*
 * zip_end.h - the last bytes of a zip archive, which say where its directory is.
 */
#ifndef FA_ZIP_END_H
#define FA_ZIP_END_H

#include "weights_set.h"

struct fa_zip_end {
    uint64_t begin, n_bytes; /* of the directory, which lies in the file */
    uint64_t n_records;
};

/* With 64-bit sizes where the archive has them, as those of PyTorch do. */
fa_status fa_zip_end_read(const struct fa_weights_input *input, struct fa_zip_end *out) FA_CHECK_RESULT;

/* The unsigned little-endian number of n bytes at bytes. */
uint64_t fa_zip_number(const unsigned char *bytes, int n);

#endif
