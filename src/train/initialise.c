/*
 * initialise.c - the first weights: from a file, or random, with batch-norm statistics measured on the data
 * or with group norm.
 *
 * Batch norm's statistics are frozen in training. Those of random weights (mean 0, variance 1) are far from
 * what the layers give, and such a network does not learn; hence the refusal below.
 */
#include <string.h>

#include "fa/activity.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "training.h"

/* ---- from a file ---- */

static bool is_within(const char *part, const char *whole)
{
    return strncmp(part, whole, strlen(whole)) == 0;
}

/* Neck, head and class layer, where the file lacks them as a whole. */
static fa_status start_absent_parts(struct fa_training *t, const struct fa_weights_file *file)
{
    const char *absent = NULL;

    for (const char *const *part = fa_detector_parts; *part != NULL; part++) {
        if (fa_weights_has(file, *part) || (absent != NULL && is_within(*part, absent)))
            continue;
        absent = *part;
        fa_info("%s* is not in the weights file and starts at random", *part);
        FA_TRY(fa_model_init_part(t->model, t->config->seed, *part));
    }
    return FA_OK;
}

/* Everything else must be in the file, and nothing that is not the network's. */
static fa_status copy_present_parts(struct fa_training *t, const struct fa_weights_file *file,
                                    fa_real *values)
{
    struct fa_tensor *tensors;
    size_t n;
    fa_status status;

    FA_TRY(fa_params_tensors_for(t->state.params, values, file, &tensors, &n));
    status = fa_prefix(fa_weights_copy(file, tensors, n), "--init-from");
    fa_free(tensors);
    if (status == FA_OK)
        fa_info("%zu of the network's %zu tensors are those of the weights file", n, t->state.params->n);
    return status;
}

static fa_status load_file(struct fa_training *t)
{
    const struct fa_weights_file *file = t->run->init_from;
    struct fa_flat *flat = t->state.params->value;
    fa_real *values;

    FA_TRY(fa_flat_open(flat, FA_FLAT_WRITE, &values));
    FA_TRY(fa_flat_finish(flat, copy_present_parts(t, file, values)));
    return start_absent_parts(t, file);
}

/* ---- calibrated ---- */

struct calibration {
    size_t n, n_total, first; /* images of this rank, of all, and the first one's place */
    const struct fa_sample **samples;
    struct fa_image *images;
    size_t *position;
};

static fa_status sum_over_ranks(void *comm, double *values, size_t n)
{
    fa_comm_sum_double(comm, values, n);
    return FA_OK;
}

static fa_status take_images(struct fa_loader *loader, struct calibration *c)
{
    FA_TRY(fa_alloc_zero(c->n, sizeof *c->samples, &c->samples));
    FA_TRY(fa_alloc(c->n, sizeof *c->images, &c->images));
    FA_TRY(fa_alloc(c->n, sizeof *c->position, &c->position));
    for (size_t i = 0; i < c->n; i++) {
        FA_TRY(fa_loader_next(loader, &c->samples[i]));
        c->images[i] =
            (struct fa_image){.frame = &c->samples[i]->frame, .h = c->samples[i]->h, .w = c->samples[i]->w};
        c->position[i] = c->first + i;
    }
    return FA_OK;
}

/* A rank that fails inside leaves the others waiting in a sum, so it ends the job. */
static fa_status calibrate_together(struct fa_training *t, const struct calibration *c)
{
    fa_status status =
        fa_model_calibrate(t->model, c->images, c->position, c->n, c->n_total, sum_over_ranks, t->comm);

    if (status != FA_OK && fa_comm_size(t->comm) > 1) {
        fa_log(FA_LOG_ERROR, "rank %d (%s): calibration: %s", fa_comm_rank(t->comm), fa_comm_host(t->comm),
               fa_message());
        fa_comm_abort(t->comm, fa_status_exit_code(status));
    }
    return status;
}

static void clear_calibration(struct calibration *c)
{
    fa_free(c->samples);
    fa_free(c->images);
    fa_free(c->position);
}

static fa_status open_calibration(struct fa_training *t, struct calibration *c, struct fa_sampler **sampler,
                                  struct fa_loader **loader)
{
    size_t rank = (size_t)fa_comm_rank(t->comm), size = (size_t)fa_comm_size(t->comm);
    struct fa_loader_config config = {.transform = t->config->transform,
                                      .seed = t->config->seed,
                                      .batch = c->n_total,
                                      .begin = c->n_total * rank / size,
                                      .end = c->n_total * (rank + 1) / size,
                                      .n_threads = t->config->loader_threads,
                                      .n_ahead = (size_t)t->config->loader_threads,
                                      .bad_budget = (size_t)t->config->bad_sample_budget,
                                      .pixels = fa_training_pixels(t)};

    c->first = config.begin;
    c->n = config.end - config.begin;
    FA_TRY(fa_sampler_create(t->run->train_data,
                             &(struct fa_sampler_config){.seed = config.seed,
                                                         .batch = config.batch,
                                                         .keep_empty = t->config->keep_empty},
                             sampler));
    return fa_loader_open(&config, t->run->train_data, *sampler, loader);
}

/* The first images of epoch 0, each at the rank that its place says. */
static fa_status calibrate(struct fa_training *t)
{
    size_t wanted = (size_t)t->config->calibrate_images, there = fa_sampler_records(t->sampler);
    struct calibration c = {.n_total = wanted < there ? wanted : there};
    struct fa_sampler *sampler = NULL;
    struct fa_loader *loader = NULL;
    fa_status status;

    fa_info(
        "random weights; batch-norm statistics are measured on %zu images and then frozen; expect about half "
        "the AP that group norm reaches: see configs/freeanchor_r18_fpn_scratch.json",
        c.n_total);
    status = open_calibration(t, &c, &sampler, &loader);
    if (status == FA_OK)
        status = take_images(loader, &c);
    status = fa_comm_agree(t->comm, status);
    if (status == FA_OK)
        status = calibrate_together(t, &c);
    clear_calibration(&c);
    fa_loader_close(loader);
    fa_sampler_destroy(sampler);
    return status;
}

/* ---- which ---- */

fa_status fa_training_can_initialise(const struct fa_training *t)
{
    const bool group_norm = fa_model_config(t->model)->norm == FA_NORM_GROUP;

    if (t->run->init_from != NULL)
        return FA_OK;
    if (group_norm && t->config->init != FA_INIT_RANDOM)
        return fa_fail(FA_EINVAL,
                       "there are no weights to start from; give --init-from W.h5, or set model.init to "
                       "random: group norm has no statistics that would have to be calibrated");
    if (group_norm)
        return FA_OK;
    if (t->config->init != FA_INIT_CALIBRATE)
        return fa_fail(FA_EINVAL,
                       "there are no weights to start from: with random ones, batch-norm statistics frozen "
                       "at mean 0 and variance 1 do not train; give --init-from W.h5, or set model.init "
                       "to calibrate");
    if (t->config->calibrate_images < 1)
        return fa_fail(FA_EINVAL, "calibration needs at least one image, not %d",
                       t->config->calibrate_images);
    return FA_OK;
}

fa_status fa_training_initialise(struct fa_training *t)
{
    fa_status status;

    fa_activity_begin("first weights");
    FA_TRY(fa_training_can_initialise(t));
    status = t->run->init_from != NULL ? load_file(t) : fa_model_init(t->model, t->config->seed);
    FA_TRY(fa_comm_agree(t->comm, status));
    fa_model_params_changed(t->model);
    if (t->run->init_from != NULL)
        return FA_OK;
    if (t->config->init == FA_INIT_CALIBRATE)
        return calibrate(t);
    fa_info("random weights");
    return FA_OK;
}
