/*
 * step.c - freeanchor bench step: one training step, and where its time goes.
 */
#include <stdio.h>

#include "bench_session.h"
#include "fa/algorithms.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "postprocess.h"
#include "step_tables.h"

enum { TRACE_SPANS = 16384 };

static fa_status write_trace(struct fa_training_step *step, const char *path)
{
    struct fa_step_times times;
    fa_status status;

    if (path == NULL)
        return FA_OK;
    FA_TRY(fa_trace_start(TRACE_SPANS));
    status = fa_training_step_run(step, &times);
    if (status == FA_OK)
        status = fa_backend_settle_spans(fa_model_backend(step->model));
    if (status == FA_OK)
        status = fa_backend_settle_spans(fa_workspace_queue(fa_lane_workspace(step->lane)));
    if (status == FA_OK)
        status = fa_trace_write(path, 0);
    fa_trace_stop();
    if (status == FA_OK)
        printf("\nwrote %s: one step for chrome://tracing or Perfetto\n", path);
    return status;
}

/* ---- further sizes ---- */

/* What a step at a size that was not seen before takes longer than the one after it. */
static fa_status measure_new_size(struct fa_invocation *invocation, const struct fa_bench_session *bench)
{
    struct fa_training_step other;
    struct fa_step_times first = {0}, second = {0};
    fa_status status;

    status =
        fa_training_step_open(&bench->session.settings.train, bench->session.model, bench->step.lane,
                              bench->step.h, bench->step.w + FA_SIZE_DIVISOR, bench->step.objects.n, &other);
    if (status == FA_OK)
        status = fa_training_step_run(&other, &first);
    if (status == FA_OK)
        status = fa_training_step_run(&other, &second);
    fa_training_step_close(&other);
    fa_bench_report_seconds(invocation, "new_size_extra", first.step_s - second.step_s);
    return status;
}

static void skip_layer(void *context, const struct fa_layer_info *layer)
{
    (void)context, (void)layer;
}

static fa_status measure_plans(struct fa_invocation *invocation, const struct fa_bench_session *bench, long n)
{
    double start, rss;

    if (n == 0)
        return FA_OK;
    printf("\n");
    FA_TRY(measure_new_size(invocation, bench));
    rss = (double)fa_memory_rss();
    start = fa_clock_seconds();
    for (long k = 1; k <= n; k++)
        FA_TRY(fa_workspace_describe(fa_lane_workspace(bench->step.lane),
                                     bench->step.h + FA_SIZE_DIVISOR * (int)(k % 8),
                                     bench->step.w + FA_SIZE_DIVISOR * (int)(2 + k / 8), skip_layer, NULL));
    fa_bench_report_seconds(invocation, "plan", (fa_clock_seconds() - start) / (double)n);
    rss = ((double)fa_memory_rss() - rss) / (double)n;
    printf("%-28s %10.1f MiB each, of %ld sizes\n", "plan_rss", rss / 1048576, n);
    fa_report_number(invocation, "plan_rss_bytes", rss);
    return FA_OK;
}

/* ---- inference ---- */

/* The network's part of looking at the image, or on a device all of it; random weights leave nothing worth
   timing to detect unless all scores count. */
struct looking {
    const struct fa_training_step *step;
    const struct fa_detect_config *config;
    struct fa_detection *out;
    double forward_at; /* when forward had ended */
};

static bool looks_on_device(const struct looking *looking)
{
    return !fa_backend_is_host(fa_model_backend(looking->step->model));
}

static void note_forward(void *context, enum fa_lane_phase phase)
{
    if (phase == FA_LANE_FORWARD)
        ((struct looking *)context)->forward_at = fa_clock_seconds();
}

/* A device's queue ends with the detections alone. */
static fa_status look(struct looking *looking, double *seconds)
{
    const struct fa_training_step *step = looking->step;
    const struct fa_image image = {.frame = &step->frame, .h = step->h, .w = step->w};
    const struct fa_detect_image frame = {(float)step->w, (float)step->h, {1, 1, 1, 1}};
    const struct fa_lane_observer observer = {.ended = note_forward, .context = looking};
    const double begun = fa_clock_seconds();
    size_t n;

    FA_TRY(fa_lane_look(step->lane, looking->config, &image, &frame, &observer, looking->out, &n));
    *seconds = (looks_on_device(looking) ? fa_clock_seconds() : looking->forward_at) - begun;
    return FA_OK;
}

/* The first one, which builds the plan, does not count. */
static fa_status time_forward(struct looking *looking, size_t n_repeats, double *median_s)
{
    double *seconds;
    fa_status status;

    FA_TRY(fa_alloc((size_t)looking->config->max_per_image, sizeof *looking->out, &looking->out));
    status = fa_alloc(n_repeats, sizeof *seconds, &seconds);
    if (status == FA_OK)
        status = look(looking, &seconds[0]);
    for (size_t i = 0; i < n_repeats && status == FA_OK; i++)
        status = look(looking, &seconds[i]);
    if (status == FA_OK)
        *median_s = fa_median(seconds, n_repeats);
    if (seconds != NULL)
        fa_free(seconds);
    fa_free(looking->out);
    return status;
}

static fa_status measure_inference(struct fa_invocation *invocation, struct fa_bench_session *bench)
{
    struct looking looking = {.step = &bench->step, .config = &bench->session.settings.train.eval.detect};
    double forward_s = 0, postprocess_s = 0;

    FA_TRY(time_forward(&looking, bench->n_repeats, &forward_s));
    if (looks_on_device(&looking)) {
        fa_bench_report_seconds(invocation, "inference", forward_s);
        return FA_OK;
    }
    FA_TRY(fa_bench_postprocess(looking.config, bench->step.h, bench->step.w,
                                fa_model_config(bench->session.model)->num_classes, bench->n_repeats,
                                &postprocess_s));
    printf("\n");
    fa_bench_report_seconds(invocation, "inference", forward_s + postprocess_s);
    fa_bench_report_seconds(invocation, "inference_forward", forward_s);
    fa_bench_report_seconds(invocation, "postprocess", postprocess_s);
    return FA_OK;
}

/* ---- all of it ---- */

static fa_status autotune(struct fa_invocation *invocation, const struct fa_bench_session *bench)
{
    const double start = fa_clock_seconds();

    if (fa_arguments_get(&invocation->arguments, "--autotune") == NULL)
        return FA_OK;
    FA_TRY(fa_session_check_autotune(&bench->session.settings));
    FA_TRY(fa_model_autotune(bench->session.model, bench->step.h, bench->step.w));
    fa_bench_report_seconds(invocation, "autotune", fa_clock_seconds() - start);
    return FA_OK;
}

static fa_status measure_step(struct fa_invocation *invocation, struct fa_bench_session *bench,
                              struct fa_step_measure *measure)
{
    struct fa_layers layers;
    fa_status status;

    FA_TRY(fa_training_step_measure(&bench->step, bench->n_repeats, measure));
    status = fa_layers_collect(bench->session.model, bench->step.h, bench->step.w, &layers);
    if (status == FA_OK) {
        fa_step_print_layers(invocation, &measure->profile, &layers);
        if (fa_arguments_get(&invocation->arguments, "--autotune") != NULL)
            fa_step_print_choices(invocation, fa_backend_algorithms(bench->session.backend), &layers);
        fa_step_print_split(invocation, &measure->profile);
        fa_step_print_phases(invocation, measure);
        fa_json_set(invocation->report, "readiness", fa_readiness_to_json(&measure->readiness.readiness));
    }
    fa_layers_free(&layers);
    return status;
}

static void report_device_memory(struct fa_invocation *invocation, const struct fa_backend *backend)
{
    const double n_bytes = (double)fa_backend_peak_bytes(backend);

    if (fa_backend_is_host(backend))
        return;
    printf("%-28s %10.0f MiB\n", "peak_device", n_bytes / 1048576);
    fa_report_number(invocation, "peak_device_bytes", n_bytes);
}

static fa_status measure_all(struct fa_invocation *invocation, struct fa_bench_session *bench)
{
    const struct fa_arguments *given = &invocation->arguments;
    struct fa_step_measure measure;
    struct fa_model_memory memory;
    fa_status status;

    FA_TRY(autotune(invocation, bench));
    status = measure_step(invocation, bench, &measure);
    fa_step_measure_free(&measure);
    FA_TRY(status);
    fa_workspace_memory(fa_lane_workspace(bench->step.lane), &memory);
    fa_report_number(invocation, "arena_bytes", (double)memory.arena);
    report_device_memory(invocation, bench->session.backend);
    FA_TRY(write_trace(&bench->step, fa_arguments_get(given, "--trace")));
    if (fa_arguments_get(given, "--inference") != NULL)
        FA_TRY(measure_inference(invocation, bench));
    return measure_plans(invocation, bench, fa_arguments_whole(given, "--plans", 0));
}

static fa_status run(struct fa_invocation *invocation)
{
    struct fa_bench_session bench;
    fa_status status = fa_bench_session_open(invocation, &bench);

    if (status == FA_OK)
        status = measure_all(invocation, &bench);
    fa_bench_session_close(&bench);
    return status;
}

const struct fa_bench fa_bench_step = {
    .name = "step",
    .summary = "a training step: its phases, every layer's convolutions, what is not convolution",
    .flags = {"--config", "--set", "--backend", "--size", "--classes", "--objects", "--steps", "--autotune",
              "--inference", "--plans", "--trace"},
    .run = run};
