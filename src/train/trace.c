#include "fa/trace.h"

#include "fa/log.h"
#include "training.h"

/* More than the deepest network makes for one image, or a step for itself. */
enum { SPANS = 4096 };

void fa_training_trace_begin(const struct fa_training *t)
{
    const size_t n_parts = (size_t)t->run->trace_steps * (t->n_local + 1);

    if (t->run->trace_path == NULL || fa_comm_rank(t->comm) != 0)
        return;
    if (fa_trace_start(n_parts * SPANS) != FA_OK)
        fa_warn("there will be no trace: %s", fa_message());
}

/* What devices did is told at its own time. */
static void settle(struct fa_training *t)
{
    fa_status status = fa_backend_settle_spans(fa_model_backend(t->model));

    for (size_t i = 0; i < t->n_lanes && status == FA_OK; i++)
        status = fa_backend_settle_spans(fa_workspace_queue(fa_lane_workspace(t->lanes[i])));
    if (status != FA_OK)
        fa_warn("the trace tells when work was asked for, not when it was done: %s", fa_message());
}

void fa_training_trace_end(struct fa_training *t)
{
    if (!fa_trace_is_on)
        return;
    settle(t);
    if (fa_trace_dropped() > 0)
        fa_warn("the trace was full and %zu spans were dropped; use fewer --trace-steps", fa_trace_dropped());
    if (fa_trace_write(t->run->trace_path, fa_comm_rank(t->comm)) == FA_OK)
        fa_info("wrote %s: %d steps for chrome://tracing or Perfetto", t->run->trace_path, t->n_traced);
    else
        fa_warn("the trace is not written: %s", fa_message());
    fa_trace_stop();
}

void fa_training_trace_step(struct fa_training *t)
{
    if (fa_trace_is_on && ++t->n_traced == t->run->trace_steps)
        fa_training_trace_end(t);
}
