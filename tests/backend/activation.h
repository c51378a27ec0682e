/*
 * activation.h - activations under watch, and host data to put into them.
 *
 * Host data lie in rows of channels, HWC. An activation begins full of NaN, between guard bands; reading it
 * fails the test if a guard was written, or if what the layout adds to the values differs from what an import
 * leaves there (padding channels must stay zero).
 */
#ifndef FA_TESTS_ACTIVATION_H
#define FA_TESTS_ACTIVATION_H

#include "fa/backend.h"

struct activation {
    struct fa_backend *backend;
    struct fa_shape shape;
    size_t bytes;
    unsigned char *memory; /* the backend's, as is data within */
    fa_real *data;
};

struct activation activation_new(struct fa_backend *backend, struct fa_shape shape);
void activation_free(struct activation *activation);

void activation_write(struct activation *activation, const fa_real *hwc);
void activation_read(const struct activation *activation, fa_real *hwc);

/* All that it takes, as it lies in the backend's memory; freed by fa_free. */
fa_real *activation_raw(const struct activation *activation);

/* Calls check for every backend of this build: with two threads as it chooses algorithms itself, and with one
   thread under each algorithm that can be asked for; blas has only one. */
void for_each_backend(void (*check)(struct fa_backend *backend));

/* n zeros; n values in [-1, 1), a function of the seed. The caller frees them with fa_free. */
fa_real *zeros(size_t n);
fa_real *noise(size_t n, uint64_t seed);

/* A whole number in [0, n), the i-th of this seed. */
size_t pick(size_t n, uint64_t seed, uint64_t i);

/* As fa_test_worst_double. */
double worst_real(const fa_real *got, const fa_real *want, size_t n);

/* The tolerance of this build. */
double rounding(double float_build, double float64_build);

#endif
