#include "fa/flat.h"

#include <assert.h>
#include <stdio.h>

#include "fa/memory.h"
#include "flat_ops.h"
#include "ops.h"

struct fa_flat {
    struct fa_backend *backend;
    size_t n;
    fa_real *memory;
    bool is_borrowed; /* another process's */
    int n_opened;
    bool writes;     /* while it is open */
    fa_real *staged; /* the copy while it is open; NULL where the memory is the host's */
};

static const struct fa_flat_ops *ops_of(const struct fa_flat *flat)
{
    const struct fa_flat_ops *own = flat->backend->ops->flat;

    return own != NULL ? own : &fa_host_flat_ops;
}

fa_status fa_flat_create(struct fa_backend *backend, size_t n, struct fa_flat **out)
{
    struct fa_flat *flat;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *flat, &flat));
    *flat = (struct fa_flat){.backend = backend, .n = n};
    status = fa_backend_alloc(backend, n * sizeof(fa_real), (void **)&flat->memory);
    if (status != FA_OK) {
        fa_free(flat);
        return status;
    }
    fa_flat_clear(flat);
    *out = flat;
    return FA_OK;
}

void fa_flat_destroy(struct fa_flat *flat)
{
    if (flat == NULL)
        return;
    assert(flat->n_opened == 0);
    if (flat->is_borrowed)
        flat->backend->ops->memory->end_loan(flat->backend, flat->memory);
    else
        fa_backend_free(flat->backend, flat->memory);
    fa_free(flat);
}

size_t fa_flat_length(const struct fa_flat *flat)
{
    return flat->n;
}

struct fa_backend *fa_flat_backend(const struct fa_flat *flat)
{
    return flat->backend;
}

fa_real *fa_flat_memory(const struct fa_flat *flat)
{
    return flat->memory;
}

/* ---- in the host's memory ---- */

static fa_status stage(struct fa_flat *flat)
{
    FA_TRY(fa_backend_alloc_host(flat->backend, flat->n * sizeof(fa_real), (void **)&flat->staged));
    return fa_flat_read(flat, 0, flat->n, flat->staged);
}

fa_status fa_flat_open(struct fa_flat *flat, enum fa_flat_access access, fa_real **elements)
{
    const bool is_host = fa_backend_is_host(flat->backend);

    assert(flat->n_opened == 0 || access == FA_FLAT_READ);
    if (!is_host && flat->n_opened == 0)
        FA_TRY(stage(flat));
    flat->writes |= access == FA_FLAT_WRITE;
    flat->n_opened++;
    *elements = is_host ? flat->memory : flat->staged;
    return FA_OK;
}

fa_status fa_flat_close(struct fa_flat *flat)
{
    fa_status status = FA_OK;

    assert(flat->n_opened > 0);
    if (--flat->n_opened > 0)
        return FA_OK;
    if (flat->staged != NULL && flat->writes) {
        fa_backend_put(flat->backend, flat->memory, flat->staged, flat->n * sizeof(fa_real));
        status = fa_backend_synchronize(flat->backend);
    }
    if (flat->staged != NULL)
        fa_backend_free_host(flat->backend, flat->staged);
    flat->staged = NULL;
    flat->writes = false;
    return status;
}

fa_status fa_flat_finish(struct fa_flat *flat, fa_status status)
{
    char message[FA_MESSAGE_MAX];
    fa_status closed;

    snprintf(message, sizeof message, "%s", fa_message());
    closed = fa_flat_close(flat);
    return status != FA_OK ? fa_status_forward(status, message) : closed;
}

fa_status fa_flat_read(const struct fa_flat *flat, size_t begin, size_t n, fa_real *host)
{
    assert(begin <= flat->n && n <= flat->n - begin);
    fa_backend_get(flat->backend, host, flat->memory + begin, n * sizeof(fa_real));
    return fa_backend_synchronize(flat->backend);
}

fa_status fa_flat_write(struct fa_flat *flat, size_t begin, size_t n, const fa_real *host)
{
    assert(begin <= flat->n && n <= flat->n - begin);
    fa_backend_put(flat->backend, flat->memory + begin, host, n * sizeof(fa_real));
    return fa_backend_synchronize(flat->backend);
}

/* ---- loops ---- */

void fa_flat_clear(struct fa_flat *flat)
{
    ops_of(flat)->clear(flat->backend, flat->memory, flat->n);
}

void fa_flat_copy(struct fa_flat *to, const struct fa_flat *from, size_t n)
{
    assert(n <= to->n && n <= from->n);
    ops_of(to)->copy(to->backend, to->memory, from->memory, n);
}

void fa_flat_swap(struct fa_flat *a, struct fa_flat *b, size_t n)
{
    assert(n <= a->n && n <= b->n);
    ops_of(a)->swap(a->backend, a->memory, b->memory, n);
}

void fa_flat_fold(struct fa_flat *sum, struct fa_flat *const left[], size_t n_left, struct fa_flat *store,
                  size_t begin, size_t end)
{
    const fa_real *elements[FA_FLAT_MOST_LEFT];

    assert(begin <= end && end <= sum->n && n_left <= FA_FLAT_MOST_LEFT);
    for (size_t k = 0; k < n_left; k++)
        elements[k] = left[k]->memory + begin;
    ops_of(sum)->fold(sum->backend, sum->memory + begin, elements, n_left,
                      store != NULL ? store->memory + begin : NULL, end - begin);
}

fa_status fa_flat_norm(const struct fa_flat *flat, size_t begin, size_t end, double *norm)
{
    assert(begin <= end && end <= flat->n);
    ops_of(flat)->norm(flat->backend, flat->memory + begin, end - begin, norm);
    return fa_backend_synchronize(flat->backend);
}

fa_status fa_flat_checksum(const struct fa_flat *flat, size_t n, uint32_t *checksum)
{
    assert(n <= flat->n);
    FA_TRY(ops_of(flat)->checksum(flat->backend, flat->memory, n, checksum));
    return fa_backend_synchronize(flat->backend);
}

void fa_flat_sgd(struct fa_flat *value, struct fa_flat *momentum, const struct fa_flat *grad, size_t begin,
                 size_t end, const struct fa_flat_sgd *sgd)
{
    assert(begin <= end && end <= value->n && end <= momentum->n && end <= grad->n);
    ops_of(value)->sgd(value->backend, value->memory + begin, momentum->memory + begin, grad->memory + begin,
                       end - begin, sgd);
}

void fa_flat_average(struct fa_flat *average, const struct fa_flat *value, size_t n, double decay)
{
    assert(n <= average->n && n <= value->n);
    ops_of(value)->average(value->backend, average->memory, value->memory, n, decay);
}

void fa_flat_bring(struct fa_flat *to, size_t at, const struct fa_flat *from, size_t begin, size_t n)
{
    assert(at <= to->n && n <= to->n - at && begin <= from->n && n <= from->n - begin && !to->is_borrowed);
    ops_of(to)->copy(to->backend, to->memory + at, from->memory + begin, n);
}

void fa_flat_add(struct fa_flat *right, size_t at, const struct fa_flat *left, size_t begin, size_t n)
{
    const fa_real *elements = left->memory + begin;

    assert(at <= right->n && n <= right->n - at && begin <= left->n && n <= left->n - begin);
    assert(at % 4 == begin % 4 && !right->is_borrowed && !left->is_borrowed);
    ops_of(right)->fold(right->backend, right->memory + at, &elements, 1, NULL, n);
}

/* ---- other processes ---- */

static const struct fa_memory_ops *lender(const struct fa_backend *backend)
{
    const struct fa_memory_ops *memory = backend->ops->memory;

    return memory != NULL && memory->lend != NULL ? memory : NULL;
}

static fa_status cannot_lend(const struct fa_backend *backend)
{
    return fa_fail(FA_EINVAL, "what backend %s computes with is for one process alone", backend->ops->name);
}

fa_status fa_flat_lend(const struct fa_flat *flat, struct fa_memory_key *key)
{
    const struct fa_memory_ops *memory = lender(flat->backend);

    return memory != NULL ? memory->lend(flat->backend, flat->memory, key) : cannot_lend(flat->backend);
}

fa_status fa_flat_borrow(struct fa_backend *backend, size_t n, const struct fa_memory_key *key,
                         struct fa_flat **out)
{
    const struct fa_memory_ops *memory = lender(backend);
    struct fa_flat *flat;
    fa_status status;

    *out = NULL;
    if (memory == NULL)
        return cannot_lend(backend);
    FA_TRY(fa_alloc_zero(1, sizeof *flat, &flat));
    *flat = (struct fa_flat){.backend = backend, .n = n, .is_borrowed = true};
    status = memory->borrow(backend, key, (void **)&flat->memory);
    if (status == FA_OK)
        *out = flat;
    else
        fa_free(flat);
    return status;
}

/* ---- windows ---- */

struct fa_flat_window {
    struct fa_backend *backend;
    fa_real *staged; /* NULL where the memory is the host's */
    struct fa_flat *flat;
    size_t begin, end;
    struct fa_ticket ticket; /* of the copy */
};

fa_status fa_flat_window_create(struct fa_backend *backend, size_t n, struct fa_flat_window **out)
{
    struct fa_flat_window *window;
    fa_status status = FA_OK;

    *out = NULL;
    FA_TRY(fa_alloc_zero(1, sizeof *window, &window));
    window->backend = backend;
    if (!fa_backend_is_host(backend))
        status = fa_backend_alloc_host(backend, n * sizeof(fa_real), (void **)&window->staged);
    if (status == FA_OK)
        *out = window;
    else
        fa_free(window);
    return status;
}

void fa_flat_window_destroy(struct fa_flat_window *window)
{
    if (window == NULL)
        return;
    if (window->staged != NULL)
        fa_backend_free_host(window->backend, window->staged);
    fa_free(window);
}

void fa_flat_window_open(struct fa_flat_window *window, struct fa_flat *flat, size_t begin, size_t end)
{
    assert(begin <= end && end <= flat->n);
    window->flat = flat;
    window->begin = begin;
    window->end = end;
    window->ticket = (struct fa_ticket){0};
    if (window->staged == NULL)
        return;
    fa_backend_get(flat->backend, window->staged, flat->memory + begin, (end - begin) * sizeof(fa_real));
    window->ticket = fa_backend_mark(flat->backend);
}

fa_status fa_flat_window_ready(struct fa_flat_window *window, bool *ready)
{
    return fa_ticket_reached(window->ticket, ready);
}

fa_real *fa_flat_window_elements(const struct fa_flat_window *window)
{
    return window->staged != NULL ? window->staged : window->flat->memory + window->begin;
}

void fa_flat_window_write(struct fa_flat_window *window)
{
    if (window->staged != NULL)
        fa_backend_put(window->flat->backend, window->flat->memory + window->begin, window->staged,
                       (window->end - window->begin) * sizeof(fa_real));
}
