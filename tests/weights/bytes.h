/*
 * bytes.h - weights files of chosen bytes, and what reading them must come to.
 */
#ifndef FA_TESTS_WEIGHTS_BYTES_H
#define FA_TESTS_WEIGHTS_BYTES_H

#include "fa/weights.h"
#include "support.h"

/* The content of tests/weights/golden/<name>; free with fa_free. */
char *golden_bytes(const char *name, size_t *n_bytes);

/* Writes the bytes as a weights file and reads it. */
fa_status read_bytes(const void *bytes, size_t n_bytes, struct fa_weights_file **out);

/* The same, where it only matters that it is refused, or read. */
fa_status try_bytes(const void *bytes, size_t n_bytes);

/* Cut at any byte, the file is refused; with any one byte changed, refused or read. Large files are tried at
   one byte in 997 where they hold numbers. */
void assert_cuts_are_refused(const char *name);
void assert_changes_do_no_harm(const char *name);

/* Whatever allocation fails, reading fails with FA_ENOMEM and frees what it took. */
void assert_allocations_are_checked(const char *name);

/* The tensor has these numbers, to the last bit, and this shape. */
void assert_tensor(const struct fa_weights_file *file, const char *name, int n_dims, const int64_t *dims,
                   const float *numbers);

#endif
