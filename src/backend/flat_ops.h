/*
 * flat_ops.h - the loops over flat memory that a backend with a memory of its own fills in (fa/flat.h has
 * their meaning); elements are pointers into that memory. What they leave in the host's memory is there once
 * a later ticket is reached.
 */
#ifndef FA_BACKEND_FLAT_OPS_H
#define FA_BACKEND_FLAT_OPS_H

#include "fa/flat.h"

struct fa_flat_ops {
    void (*clear)(struct fa_backend *backend, fa_real *elements, size_t n);
    void (*copy)(struct fa_backend *backend, fa_real *to, const fa_real *from, size_t n);
    void (*swap)(struct fa_backend *backend, fa_real *a, fa_real *b, size_t n);
    void (*fold)(struct fa_backend *backend, fa_real *sum, const fa_real *const left[], size_t n_left,
                 fa_real *store, size_t n);
    void (*norm)(struct fa_backend *backend, const fa_real *elements, size_t n, double *norm);
    fa_status (*checksum)(struct fa_backend *backend, const fa_real *elements, size_t n, uint32_t *checksum);
    void (*sgd)(struct fa_backend *backend, fa_real *value, fa_real *momentum, const fa_real *grad, size_t n,
                const struct fa_flat_sgd *sgd);
    void (*average)(struct fa_backend *backend, fa_real *average, const fa_real *value, size_t n,
                    double decay);
};

/* Of the host's memory. */
extern const struct fa_flat_ops fa_host_flat_ops;

#endif
