#include "host.h"

struct fa_backend *host_open(void)
{
    const struct fa_backend_config config = {.name = "blas", .n_threads = 1};
    struct fa_backend *backend;

    assert_ok(fa_backend_open(&config, &backend));
    return backend;
}

fa_real *host_empty(struct fa_backend *backend, struct fa_shape shape)
{
    void *memory;

    assert_ok(fa_backend_alloc(backend, fa_backend_activation_bytes(backend, shape), &memory));
    return memory;
}

fa_real *host_values(struct fa_backend *backend, struct fa_shape shape, const float *hwc)
{
    fa_real *activation = host_empty(backend, shape);

    fa_backend_import_hwc(backend, shape, hwc, activation);
    return activation;
}

float *host_read(struct fa_backend *backend, struct fa_shape shape, fa_real *activation,
                 enum fa_cuda_type type)
{
    const size_t n = fa_shape_elements(shape);
    float *hwc = zeros(n);

    fa_backend_export_hwc(backend, shape, activation, hwc);
    fa_backend_free(backend, activation);
    for (size_t i = 0; i < n; i++)
        hwc[i] = rounded(type, hwc[i]);
    return hwc;
}
