/*
 * step.c - one update of the weights.
 *
 *   1. take this rank's samples; one small sum over ranks gives the normalizer of the loss, and tells of
 *      failures and requests to stop
 *   2. image by image: forward, loss, backward; gradients add up and leave
 *   3. wait for their sum over ranks, whatever each of them held or met
 *   4. one small sum of the losses; stop together if something failed or is not finite (diagnose.c)
 *   5. clip, update, move the average of the weights
 *
 * A save that is under way is brought forward in between.
 *
 * Ranks meet at 1, 3 and 4 in every step; between them a rank that fails only remembers it.
 */
#include <math.h>
#include <string.h>

#include "fa/activity.h"
#include "fa/clock.h"
#include "fa/trace.h"
#include "training.h"

/* ---- time ---- */

/* What passed since the last call belongs to phase; but what the reducer took of it is communication. */
static void charge(struct fa_training *t, enum fa_phase phase)
{
    struct fa_stopwatch *watch = &t->watch;
    const double now = fa_clock_seconds(), reducer = fa_reducer_seconds(t->reducer);
    const double comm = reducer - watch->reducer_at;

    watch->phase_s[phase] += now - watch->at - comm;
    watch->phase_s[FA_PHASE_COMM] += comm;
    watch->at = now;
    watch->reducer_at = reducer;
}

/* Where the failure happened, for its message. */
static fa_status locate(const struct fa_training *t, fa_status status)
{
    return fa_prefix(status, "step %lld, %s", (long long)t->state.progress.step, fa_activity_now().doing);
}

/* ---- 1. samples ---- */

static fa_status take_samples(struct fa_training *t)
{
    const int span = fa_span_begin("samples");
    fa_status status = FA_OK;

    fa_activity_begin("waiting for samples");
    for (size_t i = 0; i < t->n_local && status == FA_OK; i++)
        status = fa_loader_next(t->loader, &t->samples[i]);
    fa_span_end(span);
    return status;
}

static void give_back_samples(struct fa_training *t)
{
    for (size_t i = 0; i < t->n_local; i++)
        if (t->samples[i] != NULL) {
            fa_loader_give_back(t->loader, t->samples[i]);
            t->samples[i] = NULL;
        }
}

/* What is known of a batch before forward. */
struct tally {
    double objects, normalizer;
};

/* Of this rank's samples. */
static fa_status count(struct fa_training *t, struct tally *tally)
{
    for (size_t i = 0; i < t->n_local; i++) {
        const struct fa_sample *sample = t->samples[i];
        double share;

        FA_TRY(fa_lane_share(t->lanes[0], &t->config->loss, sample->h, sample->w, &sample->objects, &share));
        tally->objects += (double)sample->objects.n;
        tally->normalizer += share;
    }
    return FA_OK;
}

/* A rank's own mean counts by its images, where it holds more or fewer than others: 1 where it does not. */
static double local_weight(const struct fa_training *t)
{
    return (double)t->config->batch / ((double)t->n_local * fa_comm_size(t->comm));
}

/* Collective. tally, this rank's, becomes the whole batch's; but a local normalizer stays this rank's. */
static fa_status exchange(struct fa_training *t, fa_status status, struct tally *tally, bool *stop)
{
    enum { OBJECTS, NORMALIZER, FAILED, STOP, N };
    double sum[N] = {[OBJECTS] = tally->objects,
                     [NORMALIZER] = tally->normalizer,
                     [FAILED] = status != FA_OK,
                     [STOP] = fa_stop_requested(t->stop_file)};
    const int span = fa_span_begin("exchange");

    fa_comm_sum_double(t->comm, sum, N);
    fa_span_end(span);
    tally->objects = sum[OBJECTS];
    if (t->config->normalizer == FA_NORMALIZER_GLOBAL)
        tally->normalizer = sum[NORMALIZER];
    else
        tally->normalizer *= local_weight(t);
    *stop = sum[STOP] > 0;
    return sum[FAILED] > 0 ? fa_comm_agree(t->comm, status) : FA_OK;
}

/* ---- 2. image by image ---- */

/* What goes on beside backward. */
static void between_layers(void *context, size_t n, struct fa_ticket ticket)
{
    struct fa_training *t = context;

    fa_reducer_advance(t->reducer, n, ticket);
    fa_training_save_poll(t);
}

static void while_waiting(void *context)
{
    struct fa_training *t = context;

    fa_reducer_poll(t->reducer);
    fa_training_save_poll(t);
}

static void charge_phase(void *context, enum fa_lane_phase phase)
{
    if (phase == FA_LANE_FORWARD)
        charge(context, FA_PHASE_FORWARD);
    else if (phase == FA_LANE_LOSS)
        charge(context, FA_PHASE_LOSS);
}

static fa_status ask_for_image(struct fa_training *t, size_t i, double normalizer,
                               const struct fa_lane_observer *observer)
{
    const struct fa_sample *sample = t->samples[i];
    const struct fa_image image = {.frame = &sample->frame, .h = sample->h, .w = sample->w};
    struct fa_lane *lane = t->lanes[i % t->n_lanes];
    struct fa_backend *queue = fa_workspace_queue(fa_lane_workspace(lane));

    fa_backend_follow(queue, fa_reducer_image(t->reducer));
    FA_TRY(fa_lane_learn(lane, &t->config->loss, &image, &sample->objects, normalizer, observer));
    fa_reducer_next(t->reducer, fa_backend_mark(queue));
    charge(t, FA_PHASE_BACKWARD);
    return FA_OK;
}

/* After a failure nothing more is asked for, but what was is waited for. */
static fa_status run_images(struct fa_training *t, double normalizer)
{
    const struct fa_lane_observer observer = {
        .ended = charge_phase, .ready = between_layers, .waits = while_waiting, .context = t};
    struct fa_loss *mine = t->losses + t->slice.begin;
    fa_status status = FA_OK, learned;
    size_t n_asked = 0, n_learned = 0;

    while (n_learned < (status == FA_OK ? t->n_local : n_asked)) {
        if (status == FA_OK && n_asked < t->n_local && n_asked - n_learned < t->n_lanes) {
            status = ask_for_image(t, n_asked++, normalizer, &observer);
            continue;
        }
        learned = fa_lane_learned(t->lanes[n_learned % t->n_lanes], &mine[n_learned]);
        status = status != FA_OK ? status : learned;
        n_learned++;
    }
    if (status != FA_OK) /* its pixels may still be read */
        for (size_t i = 0; i < t->n_lanes; i++)
            (void)!fa_backend_synchronize(fa_workspace_queue(fa_lane_workspace(t->lanes[i])));
    charge(t, FA_PHASE_BACKWARD);
    return status;
}

/* ---- 3. and 4. together again ---- */

static void add_loss(struct fa_loss *sum, const struct fa_loss *loss)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        sum->part[i] += loss->part[i];
    sum->bag_probability += loss->bag_probability;
    sum->matched_iou += loss->matched_iou;
}

/* Collective: adds the batch's losses to *sum, in the order of its images. The row of an image is zero
   but on its own rank, so its bits survive the sum over ranks; the row after them counts failures. */
static fa_status exchange_losses(struct fa_training *t, fa_status status, struct fa_loss *sum)
{
    const size_t batch = (size_t)t->config->batch;
    double *failures = &t->losses[batch].part[0];

    *failures = status != FA_OK;
    fa_comm_sum_double(t->comm, (double *)t->losses, (batch + 1) * (sizeof *t->losses / sizeof(double)));
    if (*failures > 0)
        return fa_comm_agree(t->comm, status);
    for (size_t i = 0; i < batch; i++)
        add_loss(sum, &t->losses[i]);
    return FA_OK;
}

/* Waits for the sum of gradients, and adds up the losses. status: how the images went. */
static fa_status join(struct fa_training *t, fa_status status, struct fa_loss *sum)
{
    const int span = fa_span_begin("reduce");
    fa_status reduced;

    fa_activity_wait("sum of gradients");
    reduced = locate(t, fa_reducer_finish(t->reducer));
    FA_TRY(exchange_losses(t, status != FA_OK ? status : reduced, sum));
    fa_span_end(span);
    charge(t, FA_PHASE_COMM);
    return FA_OK;
}

/* Sums over ranks have the same bits on all of them, so all come to the same verdict. */
static bool is_finite(const struct fa_loss *loss, double norm)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        if (!isfinite(loss->part[i]))
            return false;
    return isfinite(norm);
}

/* Collective on devices, where what one rank cannot read others may. */
static fa_status agree_on_reading(struct fa_training *t, fa_status status)
{
    return fa_backend_is_host(fa_model_backend(t->model)) ? status
                                                          : fa_comm_agree(t->comm, locate(t, status));
}

/* Of the batch's gradient. Collective on devices. */
static fa_status gradient_norm(struct fa_training *t, double *norm)
{
    const int span = fa_span_begin("clip");
    const struct fa_flat *grad = t->state.params->grad;
    const fa_status status = fa_flat_norm(grad, 0, fa_flat_length(grad), norm);

    fa_span_end(span);
    return agree_on_reading(t, status);
}

/* ---- 5. the update ---- */

/* Collective with LARS on devices. */
static fa_status update(struct fa_training *t, double scale, double lr)
{
    const int span = fa_span_begin("sgd");
    struct fa_params *params = t->state.params;
    const struct fa_sgd sgd = {.scale = scale,
                               .lr = lr,
                               .momentum = t->config->momentum,
                               .weight_decay = t->config->weight_decay,
                               .decay_norm = t->config->decay_norm,
                               .lars = t->config->lars};
    fa_status status;

    fa_activity_begin("update");
    status = fa_sgd_update(params, t->state.momentum, &sgd);
    if (t->state.average != NULL)
        fa_flat_average(t->state.average, params->value, params->n_trainable,
                        fa_average_decay(t->config->ema_decay, t->state.progress.step));
    fa_model_params_stepped(t->model);
    fa_span_end(span);
    return sgd.lars > 0 ? agree_on_reading(t, status) : status;
}

static void move_on(struct fa_training *t)
{
    struct fa_progress *progress = &t->state.progress;

    progress->step++;
    progress->samples += t->config->batch;
    progress->epoch = progress->step / t->steps_per_epoch;
}

static void write_entry(const struct fa_loss *loss, double share, double objects,
                        struct fa_journal_entry *entry)
{
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        entry->loss[i] = share * loss->part[i];
    entry->bag_probability = objects > 0 ? loss->bag_probability / objects : 0;
    entry->matched_iou = objects > 0 ? loss->matched_iou / objects : 0;
    entry->objects = objects;
}

/* Steps 2 to 5. */
static fa_status learn(struct fa_training *t, const struct tally *tally, struct fa_journal_entry *entry)
{
    /* mmdetection's meaning of local: each rank's own mean, averaged over ranks */
    double share = t->config->normalizer == FA_NORMALIZER_LOCAL ? 1.0 / fa_comm_size(t->comm) : 1;
    struct fa_loss loss = {0};
    fa_status status;
    double norm;

    memset(t->losses, 0, ((size_t)t->config->batch + 1) * sizeof *t->losses);
    fa_reducer_begin(t->reducer);
    status = locate(t, run_images(t, tally->normalizer));
    FA_TRY(join(t, status, &loss));
    FA_TRY(gradient_norm(t, &norm));
    norm *= share;
    if (!is_finite(&loss, norm))
        return fa_training_diagnose(t, tally->normalizer);
    entry->lr = fa_schedule_lr(&t->schedule, t->state.progress.step, t->state.progress.epoch);
    FA_TRY(update(t, share * fa_clip_factor(norm, t->config->clip_norm), entry->lr));
    charge(t, FA_PHASE_UPDATE);
    move_on(t);
    write_entry(&loss, share, tally->objects, entry);
    entry->grad_norm = norm;
    return FA_OK;
}

fa_status fa_training_step(struct fa_training *t, struct fa_journal_entry *entry, bool *stop)
{
    const double start = fa_clock_seconds();
    const int span = fa_span_begin("step");
    struct tally tally = {0};
    fa_status status;

    *entry = (struct fa_journal_entry){0};
    t->watch = (struct fa_stopwatch){.at = start, .reducer_at = fa_reducer_seconds(t->reducer)};
    status = take_samples(t);
    charge(t, FA_PHASE_DATA);
    if (status == FA_OK)
        status = count(t, &tally);
    status = exchange(t, locate(t, status), &tally, stop);
    charge(t, FA_PHASE_COMM);
    if (status == FA_OK && !*stop)
        status = learn(t, &tally, entry);
    give_back_samples(t);
    memcpy(entry->phase_s, t->watch.phase_s, sizeof entry->phase_s);
    entry->step = t->state.progress.step;
    entry->samples = t->state.progress.samples;
    entry->step_s = fa_clock_seconds() - start;
    fa_span_end(span);
    return status;
}
