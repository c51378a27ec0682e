#include "activation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backends.h"
#include "fa/memory.h"
#include "flats.h"

#define GUARD_BYTES ((size_t)256)
#define CANARY      0xff /* as a real: NaN */

struct activation activation_new(struct fa_backend *backend, struct fa_shape shape)
{
    struct activation a = {.backend = backend, .shape = shape};
    size_t n_bytes;
    void *canaries;

    a.bytes = fa_backend_activation_bytes(backend, shape);
    n_bytes = a.bytes + 2 * GUARD_BYTES;
    assert_ok(fa_alloc(n_bytes, 1, &canaries));
    memset(canaries, CANARY, n_bytes);
    a.memory = (unsigned char *)backend_copy(backend, canaries, n_bytes / sizeof(fa_real));
    a.data = (fa_real *)(void *)(a.memory + GUARD_BYTES);
    fa_free(canaries);
    return a;
}

void activation_free(struct activation *activation)
{
    fa_backend_free(activation->backend, activation->memory);
    activation->memory = NULL;
}

void activation_write(struct activation *activation, const fa_real *hwc)
{
    fa_real *rows = backend_copy(activation->backend, hwc, fa_shape_elements(activation->shape));

    fa_backend_import_hwc(activation->backend, activation->shape, rows, activation->data);
    assert_ok(fa_backend_synchronize(activation->backend));
    fa_backend_free(activation->backend, rows);
}

fa_real *activation_raw(const struct activation *activation)
{
    return host_copy(activation->backend, activation->data, activation->bytes / sizeof(fa_real));
}

static void check_guard(const struct activation *a, size_t offset)
{
    const fa_real *guard = (const fa_real *)(const void *)(a->memory + offset);
    fa_real *copy = host_copy(a->backend, guard, GUARD_BYTES / sizeof *copy);

    for (size_t i = 0; i < GUARD_BYTES; i++)
        assert_int_equal(((const unsigned char *)copy)[i], CANARY);
    fa_free(copy);
}

static void check_guards(const struct activation *a)
{
    check_guard(a, 0);
    check_guard(a, GUARD_BYTES + a->bytes);
}

/* hwc: what was exported from a. */
static void check_padding(const struct activation *a, const fa_real *hwc)
{
    struct activation fresh = activation_new(a->backend, a->shape);
    fa_real *got = activation_raw(a), *want;
    bool same = true;

    activation_write(&fresh, hwc);
    want = activation_raw(&fresh);
    for (size_t i = 0; i < a->bytes / sizeof(fa_real); i++)
        same = same && (got[i] == want[i] || (isnan(got[i]) && isnan(want[i])));
    fa_free(got);
    fa_free(want);
    activation_free(&fresh);
    assert_true(same);
}

void activation_read(const struct activation *activation, fa_real *hwc)
{
    const size_t n = fa_shape_elements(activation->shape);
    fa_real *rows = backend_copy(activation->backend, hwc, n);

    fa_backend_export_hwc(activation->backend, activation->shape, activation->data, rows);
    backend_read(activation->backend, rows, n, hwc);
    fa_backend_free(activation->backend, rows);
    check_guards(activation);
    check_padding(activation, hwc);
}

static void check_backend(const char *name, int n_threads, enum fa_conv_preference preference,
                          void (*check)(struct fa_backend *backend))
{
    struct fa_backend *backend;

    assert_ok(fa_backend_open(
        &(struct fa_backend_config){.name = name, .n_threads = n_threads, .preference = preference},
        &backend));
    check(backend);
    fa_backend_close(backend);
}

void for_each_backend(void (*check)(struct fa_backend *backend))
{
    for (size_t b = 0; fa_test_backend(b) != NULL; b++) {
        check_backend(fa_test_backend(b), 2, FA_CONV_AUTO, check);
        check_backend(fa_test_backend(b), 1, FA_CONV_DIRECT, check);
        check_backend(fa_test_backend(b), 1, FA_CONV_WINOGRAD, check);
    }
}

fa_real *zeros(size_t n)
{
    fa_real *values;

    assert_ok(fa_alloc_zero(n, sizeof *values, &values));
    return values;
}

/* splitmix64 */
static uint64_t mixed(uint64_t seed, uint64_t i)
{
    uint64_t z = (seed << 40) + (i + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

fa_real *noise(size_t n, uint64_t seed)
{
    fa_real *values = zeros(n);

    for (size_t i = 0; i < n; i++)
        values[i] = (fa_real)((double)(mixed(seed, i) >> 40) / (1 << 23) - 1);
    return values;
}

size_t pick(size_t n, uint64_t seed, uint64_t i)
{
    return mixed(seed, i) % n;
}

double worst_real(const fa_real *got, const fa_real *want, size_t n)
{
#ifdef FA_FLOAT64
    return fa_test_worst_double(got, want, n, NULL);
#else
    return fa_test_worst_float(got, want, n, NULL);
#endif
}

double rounding(double float_build, double float64_build)
{
    return sizeof(fa_real) == sizeof(double) ? float64_build : float_build;
}
