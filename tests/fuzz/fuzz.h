/*
 * fuzz.h - what the fuzzers share: a weights file of chosen bytes, read as any other.
 *
 * Each fuzzer is a program of libFuzzer, built by clang with the sanitizers:
 *
 *     cmake --preset fuzz && cmake --build --preset fuzz
 *     mkdir -p build/fuzz/corpus/pth
 *     build/fuzz/fuzz_pth -max_total_time=600 build/fuzz/corpus/pth tests/weights/golden
 *
 * The first folder takes what the fuzzer finds of interest, the second is where it begins; fuzz_pickle wants
 * single pickles there, such as unzip -p tests/weights/golden/types.zip.pth types.zip/data.pkl gives. A
 * crash, a leak, a wrong status or an input that takes over -timeout seconds ends it and leaves the input in
 * a file; the program run with that file as its one argument repeats it.
 */
#ifndef FA_TESTS_FUZZ_H
#define FA_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

/* Reads the bytes as a weights file. Stops the program unless that succeeds with tensors that can be touched,
   or fails with FA_EFORMAT, and frees all memory. */
void fuzz_weights(const uint8_t *bytes, size_t n_bytes);

#endif
