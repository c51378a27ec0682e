/*
 * trainer.c - the loop: steps, and what happens between them.
 */
#include "fa/trainer.h"

#include <unistd.h>

#include "divergence.h"
#include "fa/learning.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "training.h"
#include "validation_loss.h"

/* Sums since the journal's last line. */
struct window {
    struct fa_journal_entry sum, last;
    int n;
};

static void add_step(struct window *window, const struct fa_journal_entry *step)
{
    struct fa_journal_entry *sum = &window->sum;

    window->n++;
    window->last = *step;
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        sum->loss[i] += step->loss[i];
    sum->grad_norm += step->grad_norm;
    sum->bag_probability += step->bag_probability;
    sum->matched_iou += step->matched_iou;
    sum->objects += step->objects;
    for (int i = 0; i < FA_PHASES; i++)
        sum->phase_s[i] += step->phase_s[i];
    sum->step_s += step->step_s;
}

/* The means, with step, samples and lr of the last step; the window is empty then. */
static struct fa_journal_entry close_window(struct window *window)
{
    struct fa_journal_entry mean = window->sum;

    mean.step = window->last.step;
    mean.samples = window->last.samples;
    mean.lr = window->last.lr;
    for (int i = 0; i < FA_LOSS_PARTS; i++)
        mean.loss[i] /= window->n;
    mean.grad_norm /= window->n;
    mean.bag_probability /= window->n;
    mean.matched_iou /= window->n;
    mean.objects /= window->n;
    for (int i = 0; i < FA_PHASES; i++)
        mean.phase_s[i] /= window->n;
    mean.step_s /= window->n;
    *window = (struct window){0};
    return mean;
}

static bool ends_epoch(const struct fa_training *t)
{
    return t->state.progress.step % t->steps_per_epoch == 0;
}

static bool is_over(const struct fa_training *t)
{
    return t->state.progress.step >= t->last_step;
}

/* Evaluations find nothing better any more, the same on all ranks. */
static bool has_stalled(const struct fa_training *t)
{
    return t->config->patience > 0 && t->past.early_stop.n_since >= t->config->patience;
}

static bool is_epoch_due(const struct fa_training *t, int64_t interval)
{
    return ends_epoch(t) && interval > 0 && (t->state.progress.epoch % interval == 0 || is_over(t));
}

static bool is_save_due(const struct fa_training *t)
{
    int64_t steps = t->config->checkpoint_steps;

    return (steps > 0 && t->state.progress.step % steps == 0) ||
           is_epoch_due(t, t->config->checkpoint_interval) || is_over(t);
}

/* The last weights are evaluated wherever in an epoch they were reached. */
static bool is_evaluation_due(const struct fa_training *t)
{
    const int64_t interval = t->config->eval_interval;

    return t->run->val_data != NULL && (is_epoch_due(t, interval) || (interval > 0 && is_over(t)));
}

/* Nothing is saved or evaluated that was not compared. */
static bool is_comparison_due(const struct fa_training *t)
{
    const int64_t steps = t->config->checksum_interval;

    return (steps > 0 && t->state.progress.step % steps == 0) || is_save_due(t) || is_evaluation_due(t);
}

static void watch(const struct fa_training *t, enum fa_watch_phase phase)
{
    fa_watchdog_phase(t->run->work_dir->watchdog, phase, t->state.progress.step);
}

/* Where a failure happened, for its message. */
static fa_status locate(const struct fa_training *t, const char *phase, fa_status status)
{
    return fa_prefix(status, "step %lld, %s", (long long)t->state.progress.step, phase);
}

/* ---- the journal ---- */

/* Collective, since memory is asked of every rank. */
static void write_window(struct fa_training *t, struct window *window)
{
    const int n = window->n;
    struct fa_journal_entry mean;

    if (n == 0)
        return;
    mean = close_window(window);
    fa_rank_times_add(&t->rank_times, &mean, n);
    mean.memory_bytes = (double)fa_backend_peak_bytes(fa_model_backend(t->model));
    fa_comm_max_double(t->comm, &mean.memory_bytes, 1);
    fa_journal_train(t->journal, &mean);
}

/* Collective. */
static void tell_ranks(struct fa_training *t)
{
    fa_rank_times_tell(&t->rank_times, t->comm, t->journal, t->state.progress.step);
}

/* Collective. No line reaches over a checkpoint, so a run that goes on from it writes the same lines. */
static void write_journal(struct fa_training *t, struct window *window, const struct fa_journal_entry *step)
{
    int64_t in_epoch = step->step % t->steps_per_epoch;

    add_step(window, step);
    fa_journal_progress(t->journal, step);
    if (in_epoch % t->config->log_interval == 0 || is_save_due(t))
        write_window(t, window);
    if (is_save_due(t) || fa_rank_times_due(&t->rank_times))
        tell_ranks(t);
}

/* ---- saving ---- */

/* Collective. In the background; but at the end the state is saved in any case, and must be. */
static fa_status save_due(struct fa_training *t)
{
    watch(t, FA_WATCH_SAVING);
    if (is_over(t))
        return locate(t, "saving", fa_training_save(t));
    if (is_save_due(t))
        fa_training_save_begin(t);
    return FA_OK;
}

/* The moving average, if there is one, takes the place of the weights; and they come back. */
static void swap_average(struct fa_training *t)
{
    struct fa_params *params = t->state.params;

    if (t->state.average == NULL)
        return;
    fa_flat_swap(t->state.average, params->value, params->n_trainable);
    fa_model_params_stepped(t->model);
}

/* Rank 0. */
static fa_status write_weights(struct fa_training *t)
{
    struct fa_weights_meta meta = t->run->meta;
    char *path;
    fa_status status;

    FA_TRY(fa_path_join(t->run->work_dir->path, "weights.h5", &path));
    meta.thresholds = fa_training_kept_thresholds(t);
    swap_average(t);
    status = fa_params_write(t->state.params, path, &meta);
    swap_average(t);
    if (status == FA_OK)
        fa_info("wrote %s", path);
    fa_thresholds_clear(&meta.thresholds);
    fa_free(path);
    return status;
}

/* Collective. */
static fa_status try_to_write_weights(struct fa_training *t, bool *lacks_room)
{
    const fa_status status = fa_comm_rank(t->comm) == 0 ? write_weights(t) : FA_OK;

    *lacks_room = status == FA_EFULL;
    fa_comm_broadcast(t->comm, lacks_room, sizeof *lacks_room, 0);
    return fa_comm_agree(t->comm, status);
}

/* ---- evaluation ---- */

static void bring_save_forward(void *context)
{
    fa_training_save_poll(context);
}

/* Collective. What was found is on rank 0, and freed with fa_free also after a failure. */
static fa_status look_at_all(struct fa_training *t, struct fa_metrics *metrics, struct fa_loss *loss,
                             struct fa_coco_result **results, size_t *n_results)
{
    struct fa_validation_loss losses = {.config = &t->config->loss, .lane = t->lanes[0]};
    struct fa_evaluate_config config = t->config->eval;
    fa_status status;

    config.between_images = bring_save_forward;
    config.between_context = t;
    if (t->config->val_loss) {
        config.saw = fa_validation_loss_saw;
        config.saw_context = &losses;
    }
    swap_average(t);
    status = fa_evaluate(&config, t->comm, t->lanes[0], t->run->val_data, metrics, results, n_results);
    swap_average(t);
    if (status == FA_OK)
        status = fa_validation_loss_mean(t->comm, &losses, loss);
    fa_validation_loss_clear(&losses);
    return status;
}

static size_t n_evaluated(const struct fa_training *t)
{
    const size_t most = t->config->eval.max_images, n = t->run->val_data->n_records;

    return most > 0 && most < n ? most : n;
}

/* Collective. */
static void note_evaluation(struct fa_training *t, struct fa_train_result *result,
                            const struct fa_journal_evaluation *told, const struct fa_coco_result *results,
                            size_t n_results)
{
    result->has_metrics = true;
    fa_journal_val(t->journal, told);
    fa_early_stop_note(&t->past.early_stop, t->state.progress.step, result->metrics.ap);
    watch(t, FA_WATCH_SAVING);
    fa_training_note_metrics(t, &result->metrics);
    if (fa_comm_rank(t->comm) == 0)
        fa_training_keep_results(t, &result->metrics, told->n_images, results, n_results);
}

/* Collective. */
static fa_status evaluate(struct fa_training *t, double lr, struct fa_train_result *result)
{
    struct fa_loss loss;
    const struct fa_journal_evaluation told = {.step = t->state.progress.step,
                                               .lr = lr,
                                               .n_images = n_evaluated(t),
                                               .metrics = &result->metrics,
                                               .titles = t->titles,
                                               .loss = t->config->val_loss ? &loss : NULL};
    struct fa_coco_result *results = NULL;
    size_t n_results = 0;
    fa_status status;

    watch(t, FA_WATCH_EVALUATION);
    fa_metrics_clear(&result->metrics);
    result->has_metrics = false;
    status = look_at_all(t, &result->metrics, &loss, &results, &n_results);
    if (status == FA_OK)
        note_evaluation(t, result, &told, results, n_results);
    fa_free(results);
    return locate(t, "evaluation", status);
}

/* Collective. A run that ended between a checkpoint and the evaluation after it makes up for that. */
static fa_status evaluate_if_missed(struct fa_training *t, struct fa_train_result *result)
{
    int64_t last = t->state.progress.step - 1;

    if (last < 0 || t->past.evaluated || !is_evaluation_due(t))
        return FA_OK;
    return evaluate(t, fa_schedule_lr(&t->schedule, last, last / t->steps_per_epoch), result);
}

/* Collective: what follows a step. */
static fa_status after_step(struct fa_training *t, double lr, struct fa_train_result *result)
{
    if (is_comparison_due(t))
        FA_TRY(fa_training_compare(t));
    FA_TRY(save_due(t));
    return is_evaluation_due(t) ? evaluate(t, lr, result) : FA_OK;
}

/* ---- the loop ---- */

/* Collective. For a run that ends where no save may have been due. */
static fa_status save_unless_saved(struct fa_training *t)
{
    watch(t, FA_WATCH_SAVING);
    fa_training_save_wait(t);
    if (t->saved_step == t->state.progress.step)
        return FA_OK;
    FA_TRY(fa_training_compare(t));
    return locate(t, "saving", fa_training_save(t));
}

static fa_status stop(struct fa_training *t, struct window *window)
{
    write_window(t, window);
    tell_ranks(t);
    FA_TRY(save_unless_saved(t));
    if (t->stop_file != NULL)
        unlink(t->stop_file); /* a link is removed itself */
    return fa_fail(FA_ESTOPPED, "stopped on request after step %lld; the state is saved, run again to go on",
                   (long long)t->state.progress.step);
}

/* Rank 0 alone knows. */
static void tell_best(const struct fa_training *t)
{
    if (t->best.name[0] != '\0')
        fa_info("best bbox_mAP %.4f is in %s/%s; --weights %s takes it", t->best.ap, t->checkpoint_path,
                t->best.name, t->run->work_dir->path);
}

/* Rank 0. A run that ends calmly may have learnt nothing. */
static void tell_little(const struct fa_training *t, const struct fa_train_result *result)
{
    const struct fa_early_stop *past = &t->past.early_stop;
    const double last = result->has_metrics ? result->metrics.ap : -1,
                 best = past->best_step > 0 && past->best > last ? past->best : last;
    char text[FA_MESSAGE_MAX];

    if (fa_comm_rank(t->comm) == 0 &&
        fa_learning_is_little(best, t->state.progress.step, t->steps_per_epoch, text, sizeof text))
        fa_warn("%s", text);
}

/* The losses are those of the whole batch, on every rank. */
static void tell_divergence(struct fa_training *t, struct fa_divergence *divergence, double loss)
{
    double median;

    if (fa_divergence_note(divergence, loss, &median) && fa_comm_rank(t->comm) == 0)
        fa_warn(
            "the loss has been more than %d times its median of %.4g for %d steps, and is %.4g: the run has "
            "very likely diverged; stop it, and start from an earlier checkpoint with a lower train.lr, a "
            "longer train.warmup_steps or a smaller train.clip_norm",
            FA_DIVERGENCE_TIMES, median, FA_DIVERGENCE_STEPS, loss);
}

static void tell_stalled(const struct fa_training *t)
{
    const struct fa_early_stop *stop = &t->past.early_stop;

    fa_info("this run is over: bbox_mAP was %.4f after step %lld, and the %lld evaluations since then "
            "were no "
            "better (train.patience); to go on, give a larger --set train.patience=N, or 0",
            stop->best, (long long)stop->best_step, (long long)stop->n_since);
}

/* A run that is started again though nothing is left to do. */
static void tell_finished(const struct fa_training *t)
{
    if (t->last_step < t->schedule.n_steps)
        fa_info("this run is over at step %lld, as train.max_steps asks; to go on, give a larger --set "
                "train.max_steps=N, or 0 for all epochs",
                (long long)t->last_step);
    else
        fa_info("this run is over, with all of train.epochs=%d; to go on, give more: --set train.epochs=N",
                t->config->epochs);
}

static fa_status loop(struct fa_training *t, struct fa_train_result *result)
{
    struct fa_divergence divergence = {0};
    struct window window = {0};

    if (is_over(t) && t->state.progress.step > 0)
        tell_finished(t);
    FA_TRY(evaluate_if_missed(t, result));
    fa_training_trace_begin(t);
    watch(t, FA_WATCH_FIRST_STEP);
    while (!is_over(t) && !has_stalled(t)) {
        struct fa_journal_entry step;
        bool stop_requested;

        FA_TRY(fa_training_step(t, &step, &stop_requested));
        fa_training_trace_step(t);
        if (stop_requested)
            return stop(t, &window);
        result->last_loss = fa_journal_loss(&step);
        tell_divergence(t, &divergence, result->last_loss);
        write_journal(t, &window, &step);
        FA_TRY(after_step(t, step.lr, result));
        watch(t, FA_WATCH_STEP);
    }
    if (has_stalled(t) && !is_over(t)) {
        tell_stalled(t);
        FA_TRY(save_unless_saved(t));
    }
    watch(t, FA_WATCH_SAVING);
    FA_TRY(locate(t, "saving", fa_training_insist(t, try_to_write_weights)));
    tell_best(t);
    tell_little(t, result);
    return FA_OK;
}

fa_status fa_train(const struct fa_train_config *config, const struct fa_train_run *run, struct fa_comm *comm,
                   struct fa_model *model, struct fa_train_result *result)
{
    struct fa_training training = {.config = config, .run = run, .comm = comm, .model = model};
    fa_status status;

    *result = (struct fa_train_result){0};
    fa_stop_listen();
    status = fa_training_start(&training);
    if (status == FA_OK)
        status = loop(&training, result);
    watch(&training, FA_WATCH_SAVING);
    status = fa_training_save_end(&training, status);
    fa_stop_ignore();
    fa_training_trace_end(&training);
    fa_journal_end(training.journal, status);
    result->steps = training.state.progress.step;
    result->samples = training.state.progress.samples;
    fa_training_end(&training);
    return status;
}
