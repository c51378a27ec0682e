/*
 * trace_write.c - spans as Chrome's trace events: complete ("X") ones, in microseconds from the first.
 */
#include <stdio.h>
#include <string.h>

#include "fa/json.h"
#include "fa/trace.h"

/* A span that brings a label of its own is called by it, "layer neck.fpn_convs.0.conv". */
static struct fa_json *name_of(const struct fa_span *span, const struct fa_span *parent)
{
    const char *inherited = parent != NULL ? parent->label : NULL;
    char name[128];

    if (span->label == NULL || span->label == inherited)
        return fa_json_new_string(span->what);
    snprintf(name, sizeof name, "%s %s", span->what, span->label);
    return fa_json_new_string(name);
}

static struct fa_json *event_of(const struct fa_span *spans, const struct fa_span *span, int process)
{
    const struct fa_span *parent = span->parent != FA_NO_SPAN ? &spans[span->parent] : NULL;
    struct fa_json *event = fa_json_new_object();
    bool made = event != NULL && fa_json_set(event, "name", name_of(span, parent)) &&
                fa_json_set(event, "cat", fa_json_new_string(span->what)) &&
                fa_json_set(event, "ph", fa_json_new_string("X")) &&
                fa_json_set(event, "pid", fa_json_new_number(process)) &&
                fa_json_set(event, "tid", fa_json_new_number(span->moved)) &&
                fa_json_set(event, "ts", fa_json_new_number(1e6 * (span->begin_s - spans[0].begin_s))) &&
                fa_json_set(event, "dur", fa_json_new_number(1e6 * (span->end_s - span->begin_s)));

    if (made)
        return event;
    fa_json_free(event);
    return NULL;
}

static bool fill(struct fa_json *events, int process)
{
    const struct fa_span *spans;
    const size_t n = fa_trace_spans(&spans);

    for (size_t i = 0; i < n; i++)
        if (spans[i].end_s > 0 && !fa_json_append(events, event_of(spans, &spans[i], process)))
            return false;
    return true;
}

fa_status fa_trace_write(const char *path, int process)
{
    struct fa_json *tree = fa_json_new_object(), *events = fa_json_new_array();
    fa_status status;

    if (tree == NULL || !fa_json_set(tree, "traceEvents", events) || !fill(events, process))
        status = fa_fail(FA_ENOMEM, "%s: memory is exhausted while writing the trace", path);
    else
        status = fa_json_save(path, tree, false);
    if (tree == NULL)
        fa_json_free(events);
    fa_json_free(tree);
    return status;
}
