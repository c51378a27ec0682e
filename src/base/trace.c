#include "fa/trace.h"

#include <limits.h>

#include "fa/clock.h"
#include "fa/memory.h"

_Thread_local bool fa_trace_is_on;

static _Thread_local struct {
    struct fa_span *spans;
    size_t n, capacity, n_dropped;
    int innermost; /* of those open */
} trace = {.innermost = FA_NO_SPAN};

fa_status fa_trace_start(size_t capacity)
{
    fa_trace_stop();
    if (capacity > INT_MAX)
        return fa_fail(FA_EINVAL, "a trace of %zu spans; it can have at most %d", capacity, INT_MAX);
    FA_TRY(fa_alloc(capacity, sizeof *trace.spans, &trace.spans));
    trace.capacity = capacity;
    fa_trace_is_on = true;
    return FA_OK;
}

void fa_trace_stop(void)
{
    fa_free(trace.spans);
    trace.spans = NULL;
    trace.capacity = 0;
    fa_trace_is_on = false;
    fa_trace_clear();
}

void fa_trace_clear(void)
{
    trace.n = trace.n_dropped = 0;
    trace.innermost = FA_NO_SPAN;
}

size_t fa_trace_spans(const struct fa_span **spans)
{
    *spans = trace.spans;
    return trace.n;
}

size_t fa_trace_dropped(void)
{
    return trace.n_dropped;
}

void fa_trace_move(int span, double begin_s, double end_s)
{
    struct fa_span *moved = span >= 0 && (size_t)span < trace.n ? &trace.spans[span] : NULL;

    if (moved == NULL)
        return;
    if (moved->parent != FA_NO_SPAN)
        trace.spans[moved->parent].inside_s += end_s - begin_s - (moved->end_s - moved->begin_s);
    moved->begin_s = begin_s;
    moved->end_s = end_s;
    moved->moved = true;
}

int fa_span_open(const char *what, const char *label, int item)
{
    const struct fa_span *parent = trace.innermost == FA_NO_SPAN ? NULL : &trace.spans[trace.innermost];
    const int index = (int)trace.n;

    if (trace.n == trace.capacity) {
        trace.n_dropped++;
        return FA_NO_SPAN;
    }
    if (label == NULL && parent != NULL) {
        label = parent->label;
        item = parent->item;
    }
    trace.spans[trace.n++] = (struct fa_span){
        .what = what, .label = label, .item = item, .parent = trace.innermost, .begin_s = fa_clock_seconds()};
    trace.innermost = index;
    return index;
}

/* Ends the innermost span and tells the one around it how long it took. */
static void close_innermost(double now)
{
    struct fa_span *span = &trace.spans[trace.innermost];

    span->end_s = now;
    if (span->parent != FA_NO_SPAN)
        trace.spans[span->parent].inside_s += now - span->begin_s;
    trace.innermost = span->parent;
}

void fa_span_close(int span)
{
    const double now = fa_clock_seconds();

    /* The innermost has the highest index of those open; none of them is `span` if the trace was cleared. */
    while (trace.innermost >= span && trace.innermost != FA_NO_SPAN)
        close_innermost(now);
}
