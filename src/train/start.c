/*
 * start.c - everything that a run needs before its first step.
 */
#include <errno.h>
#include <omp.h>
#include <string.h>
#include <sys/stat.h>

#include "fa/activity.h"
#include "fa/data_statistics.h"
#include "fa/learning.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/text.h"
#include "training.h"

#define CHECKPOINTS "checkpoints"

static bool is_first(const struct fa_training *t)
{
    return fa_comm_rank(t->comm) == 0;
}

/* ---- the working directory, rank 0 ---- */

static fa_status open_directory(struct fa_training *t)
{
    FA_TRY(fa_path_join(t->run->work_dir->path, "stop", &t->stop_file));
    return fa_journal_open(t->run->work_dir->path, &t->journal);
}

/* ---- where checkpoints go ---- */

/* Rank 0. They may go to another disk by a link, and there another run may have its own. */
static fa_status take_checkpoints(struct fa_training *t)
{
    const int work_dir = fa_directory_descriptor(t->run->work_dir->directory);

    if (mkdirat(work_dir, CHECKPOINTS, 0777) != 0 && errno != EEXIST)
        return fa_fail_errno(FA_EIO, errno, "%s: cannot make the directory", t->checkpoint_path);
    FA_TRY(fa_directory_open(t->checkpoint_path, &t->checkpoints));
    FA_TRY(fa_checkpoint_prove(t->checkpoints));
    FA_TRY(fa_lock_acquire(t->checkpoints, &t->checkpoint_lock));
    return fa_checkpoint_sweep(t->checkpoints);
}

/* Collective. A run that could not save would be found out hours later. */
static fa_status open_checkpoints(struct fa_training *t)
{
    const bool is_first_elsewhere = fa_comm_local_rank(t->comm) == 0 && !is_first(t);

    FA_TRY(fa_comm_agree(t->comm, is_first(t) ? take_checkpoints(t) : FA_OK));
    FA_TRY(
        fa_comm_agree(t->comm, is_first(t) ? FA_OK : fa_directory_open(t->checkpoint_path, &t->checkpoints)));
    return fa_comm_agree(t->comm, is_first_elsewhere ? fa_checkpoint_prove(t->checkpoints) : FA_OK);
}

/* ---- plan of the run ---- */

static fa_status check_config(const struct fa_training *t)
{
    const struct fa_train_config *c = t->config;
    const int size = fa_comm_size(t->comm);

    if (c->batch < size)
        return fa_fail(
            FA_EINVAL,
            "a batch of %d image%s is too small for %d rank%s, each of which needs one; start fewer, "
            "or set train.batch to at least %d",
            c->batch, fa_plural((size_t)c->batch), size, fa_plural((size_t)size), size);
    if (c->lanes < 0)
        return fa_fail(FA_EINVAL, "train.lanes is %d; it must be at least 0", c->lanes);
    if (c->bucket_mib < 1)
        return fa_fail(FA_EINVAL, "buckets of gradients must have at least 1 MiB, not %d", c->bucket_mib);
    if (c->reference_batch < 1 || c->loader_threads < 1 || c->log_interval < 1)
        return fa_fail(FA_EINVAL,
                       "train.reference_batch, data.loader_threads and train.log_interval must be at "
                       "least 1, not %d, %d and %d",
                       c->reference_batch, c->loader_threads, c->log_interval);
    if (c->patience > 0 && (t->run->val_data == NULL || c->eval_interval == 0))
        return fa_fail(FA_EINVAL,
                       "train.patience counts evaluations, and this run makes none; give --val-data and a "
                       "train.eval_interval above 0, or leave train.patience at 0");
    return FA_OK;
}

static void scale_schedule(struct fa_training *t)
{
    const struct fa_train_config *c = t->config;
    const double scale = fa_lr_scale(c->lr_scaling, c->batch, c->reference_batch);

    t->schedule = c->schedule;
    t->schedule.lr *= scale;
    t->schedule.lr_min *= scale;
    fa_info("learning rate %g for a step of %d, times %g for one of %d (train.lr_scaling %s): %g",
            c->schedule.lr, c->reference_batch, scale, c->batch, fa_lr_scaling_names[c->lr_scaling],
            t->schedule.lr);
}

/* "118 images of A, 40 images of B (3 times an epoch)"; "" of a dataset that was not joined. */
static void print_parts(const struct fa_training *t, char *text, size_t size)
{
    const struct fa_dataset *data = t->run->train_data;
    const struct fa_data_weights *weights = &t->config->data_weights;

    text[0] = '\0';
    for (size_t i = 0; i < data->n_parts; i++) {
        const size_t n = fa_sampler_records_of(t->sampler, &data->parts[i]);

        fa_text_add(text, size, "%s%zu image%s of %s", i > 0 ? ", " : "", n, fa_plural(n),
                    data->parts[i].path);
        if (weights->n > 0 && weights->weight[i] != 1)
            fa_text_add(text, size, " (%g times an epoch)", (double)weights->weight[i]);
    }
}

static void tell_parts(const struct fa_training *t)
{
    char text[FA_MESSAGE_MAX];

    print_parts(t, text, sizeof text);
    if (text[0] != '\0')
        fa_info("the data: %s", text);
}

static void count_steps(struct fa_training *t)
{
    const struct fa_train_config *c = t->config;
    const int size = fa_comm_size(t->comm);

    t->steps_per_epoch = (int64_t)(fa_sampler_epoch_size(t->sampler) / (size_t)c->batch);
    fa_schedule_fit(&t->schedule, c->epochs, t->steps_per_epoch, c->batch);
    t->last_step = t->schedule.n_steps;
    if (c->max_steps > 0 && c->max_steps < t->last_step)
        t->last_step = c->max_steps;
    if (is_first(t) && (size_t)c->batch > fa_sampler_records(t->sampler))
        fa_warn("a step of %d images takes some of the %zu there are more than once; a smaller train.batch "
                "would not",
                c->batch, fa_sampler_records(t->sampler));
    fa_info("%zu image%s to train on, %lld step%s an epoch, %lld in all, on %d rank%s",
            fa_sampler_records(t->sampler), fa_plural(fa_sampler_records(t->sampler)),
            (long long)t->steps_per_epoch, fa_plural((size_t)t->steps_per_epoch), (long long)t->last_step,
            size, fa_plural((size_t)size));
    tell_parts(t);
    if (c->repeat_threshold > 0)
        fa_info("with rare classes repeated (data.repeat_threshold %g) an epoch is as long as %zu images",
                c->repeat_threshold, fa_sampler_length(t->sampler));
    else if (c->data_weights.n > 0)
        fa_info("by data.train_weights an epoch is as long as %zu images", fa_sampler_length(t->sampler));
    if (c->batch % size != 0)
        fa_info("of a step's %d images some ranks hold %d and some %d; the first wait for the others",
                c->batch, c->batch / size, c->batch / size + 1);
}

/* What will happen, before hours go by. */
static void tell_schedule(const struct fa_training *t)
{
    const struct fa_batch batch = {t->config->batch, t->config->reference_batch, t->steps_per_epoch,
                                   t->config->lr_scaling};
    char text[FA_MESSAGE_MAX / 2];

    fa_schedule_print(&t->schedule, t->config->epochs, text, sizeof text);
    fa_info("%s", text);
    if (is_first(t) && fa_schedule_is_doubtful(&t->schedule, t->config->epochs, text, sizeof text))
        fa_warn("%s", text);
    if (is_first(t) && fa_schedule_is_untried(&t->schedule, &batch, text, sizeof text))
        fa_warn("%s", text);
}

/* ---- parts ---- */

static fa_status open_parts(struct fa_training *t)
{
    struct fa_params *params = t->state.params;
    struct fa_backend *backend = fa_model_backend(t->model);
    const size_t batch = (size_t)t->config->batch;
    const struct fa_sampler_config sampler = {
        .seed = t->config->seed,
        .batch = batch,
        .keep_empty = t->config->keep_empty,
        .repeat_threshold = t->config->repeat_threshold,
        .weights = t->config->data_weights.n > 0 ? t->config->data_weights.weight : NULL};
    struct fa_reducer_config reducer = {.reduction = t->config->reduction,
                                        .transport = t->config->transport,
                                        .batch = batch,
                                        .bucket_bytes = (size_t)t->config->bucket_mib << 20};

    t->slice = fa_batch_slice_of(batch, fa_comm_size(t->comm), fa_comm_rank(t->comm));
    t->n_local = t->slice.end - t->slice.begin;
    FA_TRY(fa_flat_create(backend, params->n_trainable, &t->state.momentum));
    if (t->config->ema_decay > 0)
        FA_TRY(fa_flat_create(backend, params->n_trainable, &t->state.average));
    FA_TRY(fa_training_open_lanes(t)); /* which look at what memory is left */
    reducer.n_rows = t->rows != NULL ? t->n_lanes : 0;
    FA_TRY(fa_alloc_zero(t->n_local, sizeof *t->samples, &t->samples));
    FA_TRY(fa_alloc(batch + 1, sizeof *t->losses, &t->losses));
    FA_TRY(fa_sampler_create(t->run->train_data, &sampler, &t->sampler));
    return fa_reducer_create(t->comm, &reducer, params->grad, t->rows, &t->reducer);
}

/* Collective. What goes between ranks without GPUs need not be said. */
static fa_status connect(struct fa_training *t)
{
    const char *why_messages;

    FA_TRY(fa_reducer_connect(t->reducer));
    if (fa_comm_size(t->comm) == 1 || fa_backend_device(fa_model_backend(t->model)) == NULL)
        return FA_OK;
    if (fa_reducer_transport(t->reducer, &why_messages) == FA_TRANSPORT_DEVICE)
        fa_info("gradients go from GPU to GPU");
    else
        fa_info("gradients go by messages through the host's memory%s%s", why_messages[0] != '\0' ? ": " : "",
                why_messages);
    return FA_OK;
}

static fa_status alloc_pixels(void *backend, size_t n_bytes, void **out)
{
    return fa_backend_alloc_host(backend, n_bytes, out);
}

static void free_pixels(void *backend, void *pixels)
{
    fa_backend_free_host(backend, pixels);
}

struct fa_pixel_memory fa_training_pixels(const struct fa_training *t)
{
    struct fa_backend *backend = fa_model_backend(t->model);

    return fa_backend_is_host(backend) ? (struct fa_pixel_memory){NULL}
                                       : (struct fa_pixel_memory){alloc_pixels, free_pixels, backend};
}

/* At the position where training stands. */
static fa_status open_loader(struct fa_training *t)
{
    struct fa_loader_config config = {.transform = t->config->transform,
                                      .seed = t->config->seed,
                                      .batch = (size_t)t->config->batch,
                                      .begin = t->slice.begin,
                                      .end = t->slice.end,
                                      .first_step = t->state.progress.step,
                                      .n_threads = t->config->loader_threads,
                                      .n_ahead = t->n_local + (size_t)t->config->loader_threads,
                                      .bad_budget = (size_t)t->config->bad_sample_budget,
                                      .pixels = fa_training_pixels(t)};

    return fa_loader_open(&config, t->run->train_data, t->sampler, &t->loader);
}

/* Rank 0, of a run that begins. */
static void tell_few(const struct fa_training *t)
{
    const int64_t n = t->schedule.n_steps;
    char text[FA_MESSAGE_MAX];

    if (t->state.progress.step > 0 || t->run->init_from != NULL || n >= FA_FEW_STEPS)
        return;
    fa_learning_print_few(n, t->steps_per_epoch, text, sizeof text);
    fa_warn("this run is short: %s", text);
}

/* Rank 0. "" where anchors fit. */
static fa_status find_missed(const struct fa_training *t, char *text, size_t size)
{
    const struct fa_outlook outlook = {&t->config->transform, fa_model_config(t->model)->anchors};
    struct fa_data_statistics statistics;

    FA_TRY(fa_data_statistics_take(t->run->train_data, &outlook, &statistics));
    if (fa_data_statistics_print_missed(&statistics, text, size))
        fa_warn("%s", text);
    fa_data_statistics_clear(&statistics);
    return FA_OK;
}

/* Rank 0. Nothing was written to the directory's records before: a run that is refused leaves them as they
   were. */
static fa_status begin_records(struct fa_training *t)
{
    char missed[FA_MESSAGE_MAX], data[FA_MESSAGE_MAX];
    const struct fa_journal_start start = {.config = t->run->config_json,
                                           .events_in =
                                               t->config->tensorboard ? t->run->work_dir->path : NULL,
                                           .loss = t->config->loss.kind,
                                           .seed = t->config->seed,
                                           .n_ranks = fa_comm_size(t->comm),
                                           .hosts = t->rank_times.hosts,
                                           .step = t->state.progress.step,
                                           .samples = t->state.progress.samples,
                                           .steps_per_epoch = t->steps_per_epoch,
                                           .last_step = t->last_step,
                                           .missed = missed,
                                           .data = data};

    print_parts(t, data, sizeof data);
    FA_TRY(find_missed(t, missed, sizeof missed));
    if (t->config->class_ap && t->run->val_data != NULL)
        FA_TRY(fa_category_titles(t->run->val_data->categories, t->run->val_data->n_categories, &t->titles));
    FA_TRY(fa_training_write_config(t));
    FA_TRY(fa_journal_begin(t->journal, &start, &t->past));
    fa_training_tell_room(t);
    tell_few(t);
    return FA_OK;
}

static fa_status prepare(struct fa_training *t)
{
    FA_TRY(check_config(t));
    FA_TRY(fa_path_join(t->run->work_dir->path, CHECKPOINTS, &t->checkpoint_path));
    FA_TRY(open_parts(t));
    return is_first(t) ? open_directory(t) : FA_OK;
}

/* A moving average of a run that does not resume begins with the first weights. */
static fa_status begin_anew(struct fa_training *t)
{
    const struct fa_params *params = t->state.params;

    FA_TRY(fa_training_initialise(t));
    if (t->state.average != NULL)
        fa_flat_copy(t->state.average, params->value, params->n_trainable);
    return FA_OK;
}

fa_status fa_training_start(struct fa_training *t)
{
    bool resumed;

    t->state = (struct fa_training_state){.params = fa_model_params(t->model),
                                          .config = t->run->config_json,
                                          .meta = &t->run->meta,
                                          .progress = {.seed = t->config->seed,
                                                       .category_hash = t->run->train_data->category_hash,
                                                       .content_hash = t->run->train_data->content_hash}};
    t->saved_step = -1;
    t->best.ap = -1;
    fa_activity_begin("preparing");
    FA_TRY(fa_comm_agree(t->comm, prepare(t)));
    FA_TRY(connect(t));
    FA_TRY(fa_checkpoint_writer_open(t->comm, &t->state, &t->writer));
    FA_TRY(fa_training_agree(t));
    scale_schedule(t);
    count_steps(t);
    tell_schedule(t);
    FA_TRY(fa_training_autotune(t));
    FA_TRY(fa_training_resume(t, &resumed));
    FA_TRY(fa_training_identify(t, resumed));
    FA_TRY(open_checkpoints(t));
    if (!resumed)
        FA_TRY(begin_anew(t));
    if (resumed && t->run->init_from != NULL && is_first(t))
        fa_warn(
            "the weights of --init-from are not used, since the run goes on from a checkpoint; --resume none "
            "would start from them");
    if (t->run->init_from != NULL)
        fa_weights_drop(t->run->init_from, ""); /* all: for the rest of the run they would only take memory */
    FA_TRY(fa_training_agree_on_state(t));
    FA_TRY(fa_comm_agree(t->comm, open_loader(t)));
    FA_TRY(fa_rank_times_open(t->comm, &t->rank_times));
    FA_TRY(fa_comm_agree(t->comm, is_first(t) ? begin_records(t) : FA_OK));
    fa_comm_broadcast(t->comm, &t->past, sizeof t->past, 0);
    return FA_OK;
}

void fa_training_end(struct fa_training *t)
{
    fa_checkpoint_writer_close(t->writer);
    fa_journal_close(t->journal);
    fa_loader_close(t->loader);
    fa_reducer_destroy(t->reducer);
    fa_training_close_lanes(t);
    fa_sampler_destroy(t->sampler);
    fa_rank_times_clear(&t->rank_times);
    fa_checkpoint_best_clear(&t->best);
    fa_free(t->losses);
    fa_free(t->samples);
    fa_flat_destroy(t->state.average);
    fa_flat_destroy(t->state.momentum);
    if (t->titles != NULL)
        fa_category_titles_free(t->titles, t->run->val_data->n_categories);
    fa_free(t->stop_file);
    fa_lock_release(t->checkpoint_lock);
    fa_directory_close(t->checkpoints);
    fa_free(t->checkpoint_path);
}
