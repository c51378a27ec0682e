/*
 * fuzz.h - what the fuzzers share: files of chosen bytes, and what must be true when they are read.
 *
 * Each fuzz_*.c is a program of libFuzzer, built by clang with the sanitizers. libraries.sh makes HDF5 and
 * JPEG libraries that are built so too; run.sh builds all, runs them and prints a table:
 *
 *     tests/fuzz/libraries.sh
 *     tests/fuzz/run.sh 600
 *
 * corpus/READER is where each begins. A crash, a leak, a wrong status or an input that takes too long or too
 * much memory ends a fuzzer and leaves the input in a file; the program run with that file as its one
 * argument repeats it.
 */
#ifndef FA_TESTS_FUZZ_H
#define FA_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/annotations.h"
#include "fa/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* Stops the program, with what and the thread's message, unless it holds. */
void fuzz_require(bool holds, const char *what);

/* The path of a file in memory that holds the bytes, until the next call. */
const char *fuzz_file(const uint8_t *bytes, size_t n_bytes);

/* The path of a folder with one file of that name. */
const char *fuzz_folder(const char *name, const uint8_t *bytes, size_t n_bytes);

/* Requires that a reader succeeded, or said that the content is wrong. */
void fuzz_read(fa_status status);

/* Requires that no memory is left. */
void fuzz_freed(void);

/* Reads the bytes as a weights file, and touches all tensors. */
void fuzz_weights(const uint8_t *bytes, size_t n_bytes);

/* Reads annotations of a format; their images, if it looks at any, are those of tests/data/golden. */
void fuzz_annotations(enum fa_annotation_format format, const char *path);

#endif
