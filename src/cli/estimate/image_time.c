#include "image_time.h"

#include <stdio.h>
#include <string.h>

#include "bench/bench_session.h"
#include "bench/layers.h"
#include "fa/file.h"
#include "fa/memory.h"

enum { MAX_REPORT_BYTES = 1 << 26 };

/* ---- a report of bench step ---- */

static fa_status read_seconds(const struct fa_json *report, const char *key, double *seconds)
{
    if (fa_json_to_double(fa_json_get(report, key), seconds) &&
        fa_range_holds(&fa_readiness_seconds, *seconds))
        return FA_OK;
    return fa_fail(FA_EFORMAT, "there is no time \"%s\" from %g to %g s", key, fa_readiness_seconds.min,
                   fa_readiness_seconds.max);
}

fa_status fa_image_time_from_report(const struct fa_json *report, struct fa_image_time *time)
{
    double loss_s;

    FA_TRY(read_seconds(report, "forward_s", &time->work.forward_s));
    FA_TRY(read_seconds(report, "loss_s", &loss_s));
    FA_TRY(read_seconds(report, "backward_s", &time->work.backward_s));
    FA_TRY(read_seconds(report, "update_s", &time->work.update_s));
    FA_TRY(fa_readiness_from_json(fa_json_get(report, "readiness"), &time->record));
    time->work.forward_s += loss_s;
    time->work.readiness = time->record.readiness;
    return FA_OK;
}

/* The tables for people may come before the report. */
static fa_status read_report(const char *path, struct fa_json **report)
{
    size_t n;
    char *text, *line;
    fa_status status;

    FA_TRY(fa_file_read(path, MAX_REPORT_BYTES, &text, &n));
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    line = n > 0 ? memrchr(text, '\n', n) : NULL;
    line = line != NULL ? line + 1 : text;
    status = fa_json_parse(path, line, n - (size_t)(line - text), report);
    fa_free(text);
    return status;
}

/* ---- the time of a step alone ---- */

/* Gradients that the layer's backward computes: for its input, for its filters, both or none. */
static int n_gradients(const struct fa_layer_info *layer)
{
    return (layer->algorithm[FA_CONV_BACKWARD_DATA] != NULL) +
           (layer->algorithm[FA_CONV_BACKWARD_WEIGHTS] != NULL);
}

fa_status fa_image_time_by_macs(const struct fa_layer_info *layers, size_t n, double step_s,
                                struct fa_image_time *time)
{
    double forward = 0, backward = 0, done = 0;
    size_t elements = 0;

    FA_TRY(fa_readiness_open(1, &time->record));
    for (size_t i = 0; i < n; i++) {
        forward += layers[i].macs;
        backward += n_gradients(&layers[i]) * layers[i].macs;
    }
    for (size_t i = n; i-- > 0;) {
        done += n_gradients(&layers[i]) * layers[i].macs;
        if (layers[i].algorithm[FA_CONV_BACKWARD_WEIGHTS] != NULL)
            elements += layers[i].n_params; /* 0 but where backward meets the layer last */
        if (n_gradients(&layers[i]) > 0)
            fa_readiness_add(&time->record, step_s * done / (forward + backward), elements);
    }
    fa_readiness_keep(&time->record);
    fa_readiness_finish(&time->record);
    time->work = (struct fa_work){.forward_s = step_s * forward / (forward + backward),
                                  .backward_s = step_s * backward / (forward + backward),
                                  .readiness = time->record.readiness};
    return FA_OK;
}

/* The source says already where the step's time is from. */
static fa_status share_out(struct fa_invocation *invocation, double step_s, struct fa_image_time *time)
{
    const size_t n = strlen(time->source);
    struct fa_session session = {0};
    struct fa_layers layers = {0};
    int h = 0, w = 0;
    fa_status status = fa_session_open(invocation, NULL, &session);

    if (status == FA_OK)
        status = fa_session_size(invocation, &session.settings, &h, &w);
    if (status == FA_OK)
        status = fa_session_make_model(invocation, &session, fa_bench_classes(invocation));
    if (status == FA_OK)
        status = fa_layers_collect(session.model, h, w, &layers);
    if (status == FA_OK)
        status = fa_image_time_by_macs(layers.rows, layers.n, step_s, time);
    snprintf(time->source + n, sizeof time->source - n,
             ", shared out over the layers at %dx%d by multiply-adds", h, w);
    fa_layers_free(&layers);
    fa_session_close(&session);
    return status;
}

/* ---- a report ---- */

/* Of a device, on which layers are not timed one by one: its step's. 0: the report has readiness, or no time.
 */
static double step_alone(const struct fa_json *report)
{
    const struct fa_json *readiness = fa_json_get(report, "readiness");
    double seconds;

    if (fa_json_kind(readiness) != FA_JSON_ARRAY || fa_json_first(readiness) != NULL)
        return 0;
    return read_seconds(report, "step_s", &seconds) == FA_OK ||
                   read_seconds(report, "alone_s", &seconds) == FA_OK
               ? seconds
               : 0;
}

static fa_status take_report(struct fa_invocation *invocation, const struct fa_json *report, const char *path,
                             struct fa_image_time *time)
{
    const double step_s = step_alone(report);

    snprintf(time->source, sizeof time->source, "from %s", path);
    if (step_s > 0)
        return share_out(invocation, step_s, time);
    return fa_prefix(fa_image_time_from_report(report, time),
                     "%s, which is not a report of bench step --json", path);
}

static fa_status open_profile(struct fa_invocation *invocation, const char *path, struct fa_image_time *time)
{
    struct fa_json *report;
    fa_status status;

    FA_TRY(read_report(path, &report));
    status = take_report(invocation, report, path, time);
    fa_json_free(report);
    return status;
}

/* ---- a measurement made now ---- */

static void take(const struct fa_step_measure *measure, struct fa_image_time *time)
{
    const struct fa_step_times *median = &measure->median;

    time->work = (struct fa_work){.forward_s = median->forward_s + median->loss_s,
                                  .backward_s = median->backward_s,
                                  .update_s = median->update_s,
                                  .readiness = time->record.readiness};
}

static fa_status measure_now(struct fa_invocation *invocation, struct fa_image_time *time)
{
    struct fa_bench_session bench;
    struct fa_step_measure measure = {0};
    double step_s = 0; /* of a device, on which layers are not timed one by one */
    fa_status status = fa_bench_session_open(invocation, &bench);

    if (status == FA_OK)
        status = fa_training_step_measure(&bench.step, bench.n_repeats, &measure);
    if (status == FA_OK && measure.readiness.readiness.n == 0) {
        step_s = measure.median.step_s;
    } else if (status == FA_OK) {
        time->record = measure.readiness;
        measure.readiness = (struct fa_readiness_record){0};
        take(&measure, time);
    }
    snprintf(time->source, sizeof time->source, "measured on this machine, %d thread%s", invocation->threads,
             invocation->threads == 1 ? "" : "s");
    fa_step_measure_free(&measure);
    fa_bench_session_close(&bench);
    return step_s > 0 ? share_out(invocation, step_s, time) : status;
}

/* ---- which of them ---- */

fa_status fa_image_time_open(struct fa_invocation *invocation, struct fa_image_time *time)
{
    const char *profile = fa_arguments_get(&invocation->arguments, "--profile");
    const double step_s = fa_arguments_real(&invocation->arguments, "--step-s", 0);

    *time = (struct fa_image_time){.source = ""};
    if (profile != NULL && step_s > 0)
        return fa_fail(FA_EINVAL, "--profile and --step-s both tell the time of a step; give one of them");
    if (profile != NULL)
        return open_profile(invocation, profile, time);
    if (step_s == 0)
        return measure_now(invocation, time);
    snprintf(time->source, sizeof time->source, "as given");
    return share_out(invocation, step_s, time);
}

void fa_image_time_free(struct fa_image_time *time)
{
    fa_readiness_free(&time->record);
}
