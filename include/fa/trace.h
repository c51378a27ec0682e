/*
 * trace.h - where the time goes: named spans of one thread, nested, kept in memory until read or written.
 *
 * Off until fa_trace_start on this thread, and on that thread alone; a span then costs one branch. While on,
 * it costs two readings of the clock and allocates nothing; spans beyond the capacity are counted and
 * dropped. A span that is left open on a way out of failure ends with the one around it.
 *
 *     const int span = fa_span_begin("fold");
 *     status = fold(model);
 *     fa_span_end(span);
 */
#ifndef FA_TRACE_H
#define FA_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

enum { FA_NO_SPAN = -1, FA_NO_ITEM = -1 };

struct fa_span {
    const char *what;      /* the operation, static text: "conv forward" */
    const char *label;     /* of what: a layer's name; NULL: none. A span without one has its parent's */
    int item;              /* the number of that among its like; FA_NO_ITEM: none. As label */
    int parent;            /* index of the span around it, or FA_NO_SPAN */
    double begin_s, end_s; /* on fa_clock_seconds */
    double inside_s;       /* of its time, what its children took */
    bool moved; /* to when a device did its work; what is around it tells when that was asked for */
};

/* Time that is the span's own and no child's. */
static inline double fa_span_own_seconds(const struct fa_span *span)
{
    return span->end_s - span->begin_s - span->inside_s;
}

/* This thread's spans are kept from now on, at most capacity of them; those of before are forgotten. */
fa_status fa_trace_start(size_t capacity) FA_CHECK_RESULT;
void fa_trace_stop(void); /* forgets them; nothing happens where none was started */

/* Forgets what was kept; tracing goes on. Not to be called inside a span. */
void fa_trace_clear(void);

/* In the order in which they began; borrowed until the next change. Spans still open have an end_s of 0. */
size_t fa_trace_spans(const struct fa_span **spans);
size_t fa_trace_dropped(void); /* for want of capacity, since the start or the last clear */

/* Gives an ended span the times at which a device did its work. */
void fa_trace_move(int span, double begin_s, double end_s);

/* Writes them in Chrome's trace format (chrome://tracing, Perfetto); process is the number shown for this
   one, a rank. */
fa_status fa_trace_write(const char *path, int process) FA_CHECK_RESULT;

/* ---- spans ---- */

extern __thread bool fa_trace_is_on; /* so C and C++ both know it */
int fa_span_open(const char *what, const char *label, int item);
void fa_span_close(int span);

/* label must live as long as the trace. */
static inline int fa_span_begin_of(const char *what, const char *label, int item)
{
    return fa_trace_is_on ? fa_span_open(what, label, item) : FA_NO_SPAN;
}

static inline int fa_span_begin(const char *what)
{
    return fa_span_begin_of(what, NULL, FA_NO_ITEM);
}

static inline void fa_span_end(int span)
{
    if (span != FA_NO_SPAN)
        fa_span_close(span);
}

FA_END_DECLARATIONS

#endif
