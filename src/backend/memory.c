/*
 * memory.c - a backend's memory and its queues. A backend without a table for them computes in the host's
 * memory and has done its work when a call returns.
 */
#include "fa/memory.h"

#include <string.h>

#include "fa/trace.h"
#include "ops.h"

static const struct fa_memory_ops *own(const struct fa_backend *backend)
{
    return backend->ops->memory;
}

bool fa_backend_is_host(const struct fa_backend *backend)
{
    return own(backend) == NULL;
}

fa_status fa_backend_alloc(struct fa_backend *backend, size_t n_bytes, void **out)
{
    return own(backend) != NULL ? own(backend)->alloc(backend, n_bytes, out) : fa_alloc(n_bytes, 1, out);
}

void fa_backend_free(struct fa_backend *backend, void *memory)
{
    if (own(backend) != NULL)
        own(backend)->free(backend, memory);
    else
        fa_free(memory);
}

fa_status fa_backend_alloc_host(struct fa_backend *backend, size_t n_bytes, void **out)
{
    return own(backend) != NULL ? own(backend)->alloc_host(backend, n_bytes, out) : fa_alloc(n_bytes, 1, out);
}

void fa_backend_free_host(struct fa_backend *backend, void *memory)
{
    if (own(backend) != NULL)
        own(backend)->free_host(backend, memory);
    else
        fa_free(memory);
}

void fa_backend_put(struct fa_backend *backend, void *memory, const void *host, size_t n_bytes)
{
    if (own(backend) != NULL)
        own(backend)->put(backend, memory, host, n_bytes);
    else
        memcpy(memory, host, n_bytes);
}

void fa_backend_get(struct fa_backend *backend, void *host, const void *memory, size_t n_bytes)
{
    if (own(backend) != NULL)
        own(backend)->get(backend, host, memory, n_bytes);
    else
        memcpy(host, memory, n_bytes);
}

size_t fa_backend_peak_bytes(const struct fa_backend *backend)
{
    return own(backend) != NULL && own(backend)->peak_bytes != NULL ? own(backend)->peak_bytes()
                                                                    : fa_memory_peak_rss();
}

fa_status fa_backend_free_bytes(struct fa_backend *backend, size_t *n_bytes)
{
    return own(backend)->free_bytes(backend, n_bytes);
}

/* ---- queues ---- */

fa_status fa_backend_fork(struct fa_backend *backend, struct fa_backend **out)
{
    *out = NULL;
    if (own(backend) != NULL) {
        FA_TRY(own(backend)->fork(backend, out));
        (*out)->first = backend->first;
        return FA_OK;
    }
    backend->n_handles++;
    *out = backend;
    return FA_OK;
}

struct fa_ticket fa_backend_mark(struct fa_backend *backend)
{
    return (struct fa_ticket){backend, own(backend) != NULL ? own(backend)->mark(backend) : 0};
}

fa_status fa_ticket_reached(struct fa_ticket ticket, bool *reached)
{
    *reached = true;
    if (ticket.queue == NULL || own(ticket.queue) == NULL)
        return FA_OK;
    return own(ticket.queue)->reached(ticket.queue, ticket.number, reached);
}

void fa_backend_follow(struct fa_backend *backend, struct fa_ticket ticket)
{
    if (own(backend) != NULL && ticket.queue != NULL && ticket.queue != backend)
        own(backend)->follow(backend, ticket);
}

fa_status fa_backend_synchronize(struct fa_backend *backend)
{
    return own(backend) != NULL ? own(backend)->synchronize(backend) : FA_OK;
}

/* ---- recordings ---- */

/* A trace tells of each piece of work. */
bool fa_backend_records(const struct fa_backend *backend)
{
    return own(backend) != NULL && own(backend)->record != NULL && !backend->first->never_records &&
           !fa_trace_is_on;
}

fa_status fa_backend_record(struct fa_backend *backend)
{
    return own(backend)->record(backend);
}

fa_status fa_backend_recorded(struct fa_backend *backend, struct fa_recording **out)
{
    *out = NULL;
    FA_TRY(own(backend)->recorded(backend, out));
    (*out)->queue = backend;
    return FA_OK;
}

void fa_recording_ask(struct fa_recording *recording)
{
    recording->queue->n_replayed++;
    own(recording->queue)->ask(recording);
}

bool fa_recording_holds(const struct fa_recording *recording)
{
    return own(recording->queue)->holds(recording);
}

void fa_recording_destroy(struct fa_recording *recording)
{
    if (recording != NULL)
        own(recording->queue)->forget(recording);
}
