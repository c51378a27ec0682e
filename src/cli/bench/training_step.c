#include "training_step.h"

#include <math.h>
#include <omp.h>

#include "bench.h"
#include "fa/anchors.h"
#include "fa/clock.h"
#include "fa/memory.h"
#include "fa/sgd.h"
#include "fa/trace.h"
#include "synthetic.h"

/* So small that random weights stay as they are, step after step. */
#define LEARNING_RATE 1e-6

static fa_status make_inputs(struct fa_training_step *step, int num_classes)
{
    const size_t n = step->objects.n;

    FA_TRY(fa_alloc(step->pyramid.n_anchors, 4 * sizeof *step->anchors, &step->anchors));
    FA_TRY(fa_alloc(3 * (size_t)step->h * (size_t)step->w, sizeof *step->image, &step->image));
    FA_TRY(fa_alloc(n, 4 * sizeof *step->boxes, &step->boxes));
    FA_TRY(fa_alloc(n, sizeof *step->labels, &step->labels));
    fa_anchors_make(&step->pyramid, step->anchors);
    fa_synthetic_image(step->h, step->w, step->image);
    fa_synthetic_objects(step->h, step->w, num_classes, n, step->boxes, step->labels);
    step->objects = (struct fa_objects){n, step->boxes, step->labels};
    return FA_OK;
}

static fa_status make_room(struct fa_training_step *step)
{
    const size_t n = step->pyramid.n_anchors, n_trainable = fa_model_params(step->model)->n_trainable;

    FA_TRY(fa_alloc(n, 4 * sizeof *step->grad_reg, &step->grad_reg));
    FA_TRY(fa_alloc_zero(n_trainable, sizeof *step->momentum, &step->momentum));
    return fa_loss_workspace_create(omp_get_max_threads(), &step->workspace);
}

fa_status fa_training_step_open(const struct fa_train_config *config, struct fa_model *model, int h, int w,
                                size_t n_objects, struct fa_training_step *step)
{
    const int num_classes = fa_model_config(model)->num_classes;

    *step = (struct fa_training_step){
        .config = config, .model = model, .h = h, .w = w, .objects = {.n = n_objects}};
    fa_pyramid_make(h, w, &step->pyramid);
    FA_TRY(make_inputs(step, num_classes));
    FA_TRY(make_room(step));
    return fa_model_init(model, config->seed);
}

void fa_training_step_close(struct fa_training_step *step)
{
    fa_loss_workspace_destroy(step->workspace);
    fa_free(step->momentum);
    fa_free(step->grad_reg);
    fa_free(step->labels);
    fa_free(step->boxes);
    fa_free(step->image);
    fa_free(step->anchors);
    *step = (struct fa_training_step){0};
}

/* ---- the phases ---- */

static void clear_gradients(struct fa_training_step *step)
{
    const int span = fa_span_begin("clear gradients");

    if (step->reducer != NULL)
        fa_reducer_begin(step->reducer);
    else
        fa_params_clear_grad(fa_model_params(step->model));
    fa_span_end(span);
}

static fa_status forward(struct fa_training_step *step, struct fa_head *head)
{
    return fa_model_forward(step->model, FA_TRAINING, step->image, step->h, step->w, head);
}

static fa_status compute_loss(struct fa_training_step *step, const struct fa_head *head)
{
    const struct fa_loss_config *config = &step->config->loss;
    const struct fa_head_view view = {.n_anchors = head->n_anchors,
                                      .num_classes = head->num_classes,
                                      .anchors = step->anchors,
                                      .cls = head->cls,
                                      .reg = head->reg};
    struct fa_loss loss;
    double share;

    FA_TRY(fa_loss_share(config, head->n_anchors, step->anchors, &step->objects, step->workspace, &share));
    FA_TRY(fa_loss_compute(config, &view, &step->objects, share, step->workspace, &loss, head->cls,
                           step->grad_reg));
    if (isfinite(loss.part[0]) && isfinite(loss.part[1]))
        return FA_OK;
    return fa_fail(FA_ENUMERIC, "the loss is not finite: %g, %g", loss.part[0], loss.part[1]);
}

static fa_status backward(struct fa_training_step *step, const struct fa_head *head)
{
    fa_grad_ready_fn ready = step->ready;
    void *context = step->ready_context;

    if (step->reducer != NULL) {
        ready = step->overlaps ? fa_reducer_advance : NULL;
        context = step->reducer;
    } else if (step->record != NULL) {
        ready = fa_readiness_note;
        context = step->record;
        fa_readiness_begin(step->record);
    }
    FA_TRY(fa_model_backward(step->model, head->cls, step->grad_reg, ready, context));
    if (step->reducer != NULL) {
        fa_reducer_next(step->reducer);
        fa_reducer_finish(step->reducer);
    }
    return FA_OK;
}

static double clip_factor(const struct fa_training_step *step)
{
    const struct fa_params *params = fa_model_params(step->model);
    const int span = fa_span_begin("clip");
    const double norm = fa_gradient_norm(params->grad, params->n_trainable);

    fa_span_end(span);
    return fa_clip_factor(norm, step->config->clip_norm);
}

static void update(struct fa_training_step *step)
{
    const struct fa_params *params = fa_model_params(step->model);
    const double scale = clip_factor(step);
    const int span = fa_span_begin("sgd");

    fa_sgd_step(params->value, step->momentum, params->grad, params->n_trainable, scale, LEARNING_RATE,
                step->config->momentum, step->config->weight_decay);
    fa_model_params_changed(step->model);
    fa_span_end(span);
}

/* Ends the span of a phase; returns the time since *last, which moves on. */
static double end_phase(int span, double *last)
{
    const double now = fa_clock_seconds(), passed = now - *last;

    fa_span_end(span);
    *last = now;
    return passed;
}

static fa_status run_phases(struct fa_training_step *step, struct fa_step_times *times)
{
    double last = fa_clock_seconds();
    struct fa_head head;
    int span = fa_span_begin("forward");

    clear_gradients(step);
    FA_TRY(forward(step, &head));
    times->forward_s = end_phase(span, &last);
    span = fa_span_begin("loss");
    FA_TRY(compute_loss(step, &head));
    times->loss_s = end_phase(span, &last);
    span = fa_span_begin("backward");
    FA_TRY(backward(step, &head));
    times->backward_s = end_phase(span, &last);
    span = fa_span_begin("update");
    update(step);
    times->update_s = end_phase(span, &last);
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

static fa_status run_steps(struct fa_training_step *step, size_t n, struct fa_step_measure *measure,
                           struct fa_step_times *times)
{
    FA_TRY(fa_training_step_run(step, &measure->first));
    fa_trace_clear();
    for (size_t i = 0; i < n; i++) {
        FA_TRY(fa_training_step_run(step, &times[i]));
        FA_TRY(fa_profile_add(&measure->profile));
        fa_readiness_keep(&measure->readiness);
        measure->fastest_s = fmin(measure->fastest_s, times[i].step_s);
    }
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
    FA_TRY(fa_profile_open(n, &measure->profile));
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
