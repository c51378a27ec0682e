#include "training_step.h"

#include <math.h>

#include "bench.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "fa/sgd.h"
#include "fa/trace.h"
#include "synthetic.h"

/* So small that random weights stay as they are, step after step. */
#define LEARNING_RATE 1e-6

/* Enough to ask for all of a step. */
#define HOLD_S 0.05

static fa_status make_inputs(struct fa_training_step *step, int num_classes)
{
    const size_t n = step->objects.n;

    FA_TRY(fa_synthetic_picture(step->w, step->h, &step->picture));
    FA_TRY(fa_alloc(n, 4 * sizeof *step->boxes, &step->boxes));
    FA_TRY(fa_alloc(n, sizeof *step->labels, &step->labels));
    step->frame = (struct fa_frame){
        .rgb = step->picture.rgb, .w = step->w, .h = step->h, .normalize = step->config->transform.normalize};
    fa_synthetic_objects(step->h, step->w, num_classes, n, step->boxes, step->labels);
    step->objects = (struct fa_objects){n, step->boxes, step->labels};
    return FA_OK;
}

static fa_status take_lane(struct fa_training_step *step, struct fa_lane *lane)
{
    if (lane == NULL)
        FA_TRY(fa_lane_create(step->model, NULL, &step->own_lane));
    step->lane = lane != NULL ? lane : step->own_lane;
    return FA_OK;
}

fa_status fa_training_step_open(const struct fa_train_config *config, struct fa_model *model,
                                struct fa_lane *lane, int h, int w, size_t n_objects,
                                struct fa_training_step *step)
{
    const int num_classes = fa_model_config(model)->num_classes;

    *step = (struct fa_training_step){
        .config = config, .model = model, .h = h, .w = w, .objects = {.n = n_objects}};
    FA_TRY(make_inputs(step, num_classes));
    FA_TRY(fa_flat_create(fa_model_backend(model), fa_model_params(model)->n_trainable, &step->momentum));
    FA_TRY(take_lane(step, lane));
    return fa_model_init(model, config->seed);
}

void fa_training_step_close(struct fa_training_step *step)
{
    fa_lane_destroy(step->own_lane);
    fa_flat_destroy(step->momentum);
    fa_free(step->labels);
    fa_free(step->boxes);
    fa_picture_free(&step->picture);
    *step = (struct fa_training_step){0};
}

/* ---- the phases ---- */

static void clear_gradients(struct fa_training_step *step)
{
    const int span = fa_backend_span_begin(fa_model_backend(step->model), "clear gradients");

    if (step->reducer != NULL)
        fa_reducer_begin(step->reducer);
    else
        fa_flat_clear(fa_model_params(step->model)->grad);
    fa_backend_span_end(fa_model_backend(step->model), span);
}

static fa_status clip(const struct fa_training_step *step, double *factor)
{
    const struct fa_params *params = fa_model_params(step->model);
    const int span = fa_backend_span_begin(fa_model_backend(step->model), "clip");
    double norm;

    FA_TRY(fa_flat_norm(params->grad, 0, params->n_trainable, &norm));
    fa_backend_span_end(fa_model_backend(step->model), span);
    *factor = fa_clip_factor(norm, step->config->clip_norm);
    return FA_OK;
}

static fa_status update(struct fa_training_step *step, double factor)
{
    const struct fa_sgd sgd = {.scale = factor,
                               .lr = LEARNING_RATE,
                               .momentum = step->config->momentum,
                               .weight_decay = step->config->weight_decay,
                               .decay_norm = step->config->decay_norm,
                               .lars = step->config->lars};
    const int span = fa_backend_span_begin(fa_model_backend(step->model), "sgd");

    FA_TRY(fa_sgd_update(fa_model_params(step->model), step->momentum, &sgd));
    fa_model_params_stepped(step->model);
    fa_backend_span_end(fa_model_backend(step->model), span);
    return FA_OK;
}

/* A step on its way. */
struct run {
    struct fa_training_step *step;
    struct fa_step_times *times;
    double last; /* when the phase before ended */
};

static double lap(struct run *run)
{
    const double now = fa_clock_seconds(), passed = now - run->last;

    run->last = now;
    return passed;
}

static void phase_ended(void *context, enum fa_lane_phase phase)
{
    struct run *run = context;

    if (phase == FA_LANE_FORWARD) {
        run->times->forward_s = lap(run);
    } else if (phase == FA_LANE_LOSS) {
        run->times->loss_s += lap(run);
        if (run->step->record != NULL && run->step->reducer == NULL)
            fa_readiness_begin(run->step->record);
    }
}

static void layer_is_ready(void *context, size_t n, struct fa_ticket ticket)
{
    const struct fa_training_step *step = ((struct run *)context)->step;

    if (step->reducer != NULL && step->overlaps)
        fa_reducer_advance(step->reducer, n, ticket);
    else if (step->reducer == NULL && step->record != NULL)
        fa_readiness_note(step->record, n);
    else if (step->reducer == NULL && step->ready != NULL)
        step->ready(step->ready_context, n, ticket);
}

static fa_status finish_reduction(struct fa_training_step *step)
{
    if (step->reducer == NULL)
        return FA_OK;
    fa_reducer_next(step->reducer, fa_backend_mark(fa_workspace_queue(fa_lane_workspace(step->lane))));
    return fa_reducer_finish(step->reducer);
}

static fa_status learn(struct run *run)
{
    struct fa_training_step *step = run->step;
    const struct fa_loss_config *config = &step->config->loss;
    const struct fa_image image = {.frame = &step->frame, .h = step->h, .w = step->w};
    const struct fa_lane_observer observer = {.ended = phase_ended, .ready = layer_is_ready, .context = run};
    struct fa_loss loss;
    double share;

    FA_TRY(fa_lane_share(step->lane, config, step->h, step->w, &step->objects, &share));
    run->times->loss_s = lap(run);
    clear_gradients(step);
    FA_TRY(fa_lane_learn(step->lane, config, &image, &step->objects, share, &observer));
    FA_TRY(fa_lane_learned(step->lane, &loss));
    FA_TRY(finish_reduction(step));
    run->times->backward_s = lap(run);
    if (isfinite(loss.part[0]) && isfinite(loss.part[1]))
        return FA_OK;
    return fa_fail(FA_ENUMERIC, "the loss is not finite: %g, %g", loss.part[0], loss.part[1]);
}

static fa_status run_phases(struct fa_training_step *step, struct fa_step_times *times)
{
    struct run run = {step, times, fa_clock_seconds()};
    double factor;
    int span;

    FA_TRY(learn(&run));
    span = fa_span_begin("update");
    FA_TRY(clip(step, &factor));
    FA_TRY(update(step, factor));
    FA_TRY(fa_backend_synchronize(fa_model_backend(step->model)));
    fa_span_end(span);
    times->update_s = lap(&run);
    return FA_OK;
}

fa_status fa_training_step_run(struct fa_training_step *step, struct fa_step_times *times)
{
    const int span = fa_span_begin("step");
    const double start = fa_clock_seconds();
    const fa_status status = run_phases(step, times);

    times->step_s = fa_clock_seconds() - start;
    fa_span_end(span);
    return status;
}

/* ---- many steps ---- */

fa_status fa_step_times_median(const struct fa_step_times *times, size_t n, struct fa_step_times *median)
{
    static const size_t members[] = {
        offsetof(struct fa_step_times, step_s), offsetof(struct fa_step_times, forward_s),
        offsetof(struct fa_step_times, loss_s), offsetof(struct fa_step_times, backward_s),
        offsetof(struct fa_step_times, update_s)};
    double *values;

    FA_TRY(fa_alloc(n, sizeof *values, &values));
    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
        for (size_t i = 0; i < n; i++)
            values[i] = *(const double *)((const char *)&times[i] + members[m]);
        *(double *)((char *)median + members[m]) = fa_median(values, n);
    }
    fa_free(values);
    return FA_OK;
}

/* On a device that never waits for us: how long its steps take is measured in others. */
static fa_status profile_on_device(struct fa_training_step *step, size_t n, struct fa_profile *profile)
{
    struct fa_backend *queue = fa_workspace_queue(fa_lane_workspace(step->lane));
    struct fa_step_times times;

    FA_TRY(fa_profile_open(n, profile));
    step->record = NULL;
    for (size_t i = 0; i <= n; i++) {
        fa_backend_hold(queue, HOLD_S);
        FA_TRY(fa_training_step_run(step, &times));
        FA_TRY(fa_backend_settle_spans(fa_model_backend(step->model)));
        FA_TRY(fa_backend_settle_spans(queue));
        if (i == 0)
            fa_trace_clear(); /* it may have captured what the others repeat */
        else
            FA_TRY(fa_profile_add(profile));
    }
    return FA_OK;
}

static fa_status run_steps(struct fa_training_step *step, size_t n, struct fa_step_measure *measure,
                           struct fa_step_times *times)
{
    const bool on_host = fa_backend_is_host(fa_model_backend(step->model));

    if (on_host)
        FA_TRY(fa_profile_open(n, &measure->profile));
    FA_TRY(fa_training_step_run(step, &measure->first));
    fa_trace_clear();
    for (size_t i = 0; i < n; i++) {
        FA_TRY(fa_training_step_run(step, &times[i]));
        if (on_host)
            FA_TRY(fa_profile_add(&measure->profile));
        fa_readiness_keep(&measure->readiness);
        measure->fastest_s = fmin(measure->fastest_s, times[i].step_s);
    }
    if (!on_host)
        FA_TRY(profile_on_device(step, n, &measure->profile));
    measure->peak_rss = fa_memory_peak_rss();
    fa_profile_finish(&measure->profile);
    fa_readiness_finish(&measure->readiness);
    return fa_step_times_median(times, n, &measure->median);
}

fa_status fa_training_step_measure(struct fa_training_step *step, size_t n, struct fa_step_measure *measure)
{
    struct fa_step_times *times;
    fa_status status;

    *measure = (struct fa_step_measure){.fastest_s = INFINITY};
    FA_TRY(fa_readiness_open(n, &measure->readiness));
    FA_TRY(fa_alloc(n, sizeof *times, &times));
    step->record = &measure->readiness;
    status = run_steps(step, n, measure, times);
    step->record = NULL;
    fa_free(times);
    return status;
}

void fa_step_measure_free(struct fa_step_measure *measure)
{
    fa_readiness_free(&measure->readiness);
    fa_profile_close(&measure->profile);
}
