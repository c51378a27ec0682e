/*
 * on_device.h - what the tests of kernels share: memory that kernels see, numbers in it, and launches.
 *
 * A test is linked with the emulator; its device's memory is the heap, where AddressSanitizer watches the
 * bounds.
 */
#ifndef FA_TESTS_ON_DEVICE_H
#define FA_TESTS_ON_DEVICE_H

#include "support.h"
#include "types.h"

/* Fails unless the launch was taken and has run. */
#define assert_runs(launch) assert_int_equal((launch), 0)

/* Filled with NaN, and with zero; never NULL. Freed by device_free. */
void *device_new(size_t n_bytes);
void *device_zero(size_t n_bytes);
void device_free(void *memory);

/* A copy on the device. */
void *device_copy(const void *from, size_t n_bytes);

/* Rounds the values to the type, in place, and gives a copy on the device in that type. */
void *device_values(enum fa_cuda_type type, float *values, size_t n);

/* As floats: in memory of the caller's, to be freed by fa_free. */
float *device_read(enum fa_cuda_type type, const void *memory, size_t n);

/* n numbers in [-1, 1), the same for the same seed; freed by fa_free. */
float *noise(size_t n, uint64_t seed);
float *zeros(size_t n);

/* The nearest number of the type. */
float rounded(enum fa_cuda_type type, float value);

/* Each |got - want| <= absolute + relative * |want|; prints the worst. NaN fails. */
void assert_all_near(const float *got, const float *want, size_t n, double relative, double absolute);

/* The same bits; prints the first difference. */
void assert_all_same(const float *got, const float *want, size_t n);

/* How far one rounding to the type may be from its number, relative to it. */
double rounding_of(enum fa_cuda_type type);

/* Calls the check for both types. */
void for_each_type(void (*check)(enum fa_cuda_type type));

/* Under ThreadSanitizer launches are slow: tests try less. */
bool is_slow(void);

#endif
