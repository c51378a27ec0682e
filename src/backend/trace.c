/*
 * trace.c - spans of work that a queue does later than it is asked for: marked where it begins and ends in
 * the queue, and given those times once it is done.
 */
#include "fa/trace.h"

#include "ops.h"

static const struct fa_trace_ops *stamps_of(const struct fa_backend *backend)
{
    return backend->ops->memory != NULL ? backend->ops->memory->trace : NULL;
}

int fa_backend_span_begin(struct fa_backend *queue, const char *what)
{
    const int span = fa_span_begin(what);

    if (span != FA_NO_SPAN && stamps_of(queue) != NULL)
        stamps_of(queue)->begin(queue, span);
    return span;
}

void fa_backend_span_end(struct fa_backend *queue, int span)
{
    if (span != FA_NO_SPAN && stamps_of(queue) != NULL)
        stamps_of(queue)->end(queue, span);
    fa_span_end(span);
}

fa_status fa_backend_settle_spans(struct fa_backend *queue)
{
    return fa_trace_is_on && stamps_of(queue) != NULL ? stamps_of(queue)->settle(queue) : FA_OK;
}

void fa_backend_hold(struct fa_backend *queue, double seconds)
{
    if (stamps_of(queue) != NULL)
        stamps_of(queue)->hold(queue, seconds);
}
