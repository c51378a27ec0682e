/*
 * host.h - what the host's backend makes of the same values: rows of c channels in, rows of c channels out.
 */
#ifndef FA_TESTS_HOST_H
#define FA_TESTS_HOST_H

#include "fa/backend.h"
#include "on_device.h"

/* The blas backend on one thread; closed by fa_backend_close. */
struct fa_backend *host_open(void);

/* An activation of the backend's, of these values or without any; freed by fa_backend_free. */
fa_real *host_values(struct fa_backend *backend, struct fa_shape shape, const float *hwc);
fa_real *host_empty(struct fa_backend *backend, struct fa_shape shape);

/* Frees the activation; its values, each rounded to the type, are the caller's. */
float *host_read(struct fa_backend *backend, struct fa_shape shape, fa_real *activation,
                 enum fa_cuda_type type);

#endif
