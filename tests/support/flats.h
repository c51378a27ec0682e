/*
 * flats.h - what tests put into a backend's memory and look at there, which need not be the host's.
 */
#ifndef FA_TESTS_FLATS_H
#define FA_TESTS_FLATS_H

#include "support.h"

#include "fa/flat.h"

/* n elements of the backend's memory, as all that was asked of it will leave them. */
static inline void backend_read(struct fa_backend *backend, const fa_real *memory, size_t n, fa_real *host)
{
    fa_backend_get(backend, host, memory, n * sizeof *host);
    assert_ok(fa_backend_synchronize(backend));
}

/* The same, freed by fa_free. */
static inline fa_real *host_copy(struct fa_backend *backend, const fa_real *memory, size_t n)
{
    fa_real *copy;

    assert_ok(fa_alloc(n, sizeof *copy, &copy));
    backend_read(backend, memory, n, copy);
    return copy;
}

/* n elements of the host's, in the backend's memory; freed by fa_backend_free. */
static inline fa_real *backend_copy(struct fa_backend *backend, const fa_real *host, size_t n)
{
    void *copy;

    assert_ok(fa_backend_alloc(backend, n * sizeof *host, &copy));
    fa_backend_put(backend, copy, host, n * sizeof *host);
    assert_ok(fa_backend_synchronize(backend));
    return copy;
}

/* A flat of n elements of the host's. */
static inline struct fa_flat *flat_of(struct fa_backend *backend, const fa_real *elements, size_t n)
{
    struct fa_flat *flat;

    assert_ok(fa_flat_create(backend, n, &flat));
    assert_ok(fa_flat_write(flat, 0, n, elements));
    return flat;
}

/* Elements [begin, begin + n), freed by fa_free. */
static inline fa_real *flat_copy(const struct fa_flat *flat, size_t begin, size_t n)
{
    fa_real *copy;

    assert_ok(fa_alloc(n, sizeof *copy, &copy));
    assert_ok(fa_flat_read(flat, begin, n, copy));
    return copy;
}

/* Element i. */
static inline fa_real flat_at(const struct fa_flat *flat, size_t i)
{
    fa_real element;

    assert_ok(fa_flat_read(flat, i, 1, &element));
    return element;
}

/* From now on element i is this. */
static inline void flat_set(struct fa_flat *flat, size_t i, fa_real element)
{
    assert_ok(fa_flat_write(flat, i, 1, &element));
}

/* Fails unless elements [begin, begin + n) have these bits. */
static inline void assert_flat_holds(const struct fa_flat *flat, size_t begin, size_t n, const fa_real *want)
{
    fa_real *got = flat_copy(flat, begin, n);

    assert_memory_equal(got, want, n * sizeof *want);
    fa_free(got);
}

/* Fails unless the first n elements of both have the same bits. */
static inline void assert_same_flats(const struct fa_flat *a, const struct fa_flat *b, size_t n)
{
    fa_real *want = flat_copy(b, 0, n);

    assert_flat_holds(a, 0, n, want);
    fa_free(want);
}

#endif
