/*
 * diagnose.c - after a step whose loss or gradient is not finite: every rank runs its images again, one by
 * one, and keeps those at fault. With them go the weights, so that `freeanchor replay` meets the same.
 */
#include <math.h>
#include <omp.h>
#include <stdio.h>

#include "fa/case.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "fa/text.h"
#include "training.h"

/* Of a rank: where all of its images break, a few tell as much. */
enum { MOST_CASES = 4 };

struct verdict {
    struct fa_loss loss;
    double norm; /* of this image's gradient */
};

struct diagnosis {
    struct fa_training *training;
    double normalizer;
    char *weights;                /* path; NULL: they could not be kept */
    bool are_sound;               /* the weights: a replay takes no others */
    size_t n_bad;                 /* images of this rank */
    char message[FA_MESSAGE_MAX]; /* about the first of them */
};

/* ---- the weights ---- */

static fa_status write_weights(struct diagnosis *d)
{
    const struct fa_training *t = d->training;

    return fa_comm_rank(t->comm) == 0 ? fa_params_write(t->state.params, d->weights, &t->run->meta) : FA_OK;
}

/* Collective. */
static void keep_weights(struct diagnosis *d)
{
    const struct fa_training *t = d->training;
    fa_status status = fa_asprintf(&d->weights, "%s/case_step_%lld_weights.h5", t->run->work_dir->path,
                                   (long long)t->state.progress.step);

    status = fa_comm_agree(t->comm, status == FA_OK ? write_weights(d) : status);
    if (status == FA_OK)
        return;
    fa_warn("the weights could not be kept: %s", fa_message());
    fa_free(d->weights);
    d->weights = NULL;
}

/* False too where there is no memory to look. */
static bool weights_are_sound(const struct fa_params *params)
{
    struct fa_tensor *tensors;
    fa_real *values;
    fa_status status;

    if (fa_flat_open(params->value, FA_FLAT_READ, &values) != FA_OK)
        return false;
    status = fa_params_tensors(params, values, &tensors);
    if (status == FA_OK) {
        status = fa_weights_check_values(tensors, params->n);
        fa_free(tensors);
    }
    return fa_flat_finish(params->value, status) == FA_OK;
}

/* ---- one image ---- */

static bool is_finite_loss(const struct fa_loss *loss)
{
    return isfinite(loss->part[0]) && isfinite(loss->part[1]);
}

static fa_status judge(struct diagnosis *d, const struct fa_sample *sample, struct verdict *verdict)
{
    struct fa_training *t = d->training;
    const struct fa_image image = {.frame = &sample->frame, .h = sample->h, .w = sample->w};
    struct fa_flat *grad = fa_lane_grad(t->lanes[0]);

    fa_flat_clear(grad);
    FA_TRY(fa_lane_learn(t->lanes[0], &t->config->loss, &image, &sample->objects, d->normalizer, NULL));
    FA_TRY(fa_lane_learned(t->lanes[0], &verdict->loss));
    return fa_flat_norm(grad, 0, fa_flat_length(grad), &verdict->norm);
}

static fa_status write_case(const struct diagnosis *d, const struct fa_sample *sample, const char *path)
{
    struct fa_case view;
    float *chw;
    fa_status status;

    FA_TRY(fa_alloc(3 * (size_t)sample->h * (size_t)sample->w, sizeof *chw, &chw));
    fa_case_of_sample(sample, chw, &view);
    view.has_normalizer = true;
    view.normalizer = d->normalizer;
    status = fa_case_write(path, &view);
    fa_free(chw);
    return status;
}

/* Of no use before the first step: what is wrong then is the image, or the weights to begin with. */
static const char *advice(const struct fa_training *t)
{
    return t->state.progress.step > 0 ? "a smaller learning rate or a longer warm-up may help"
                                      : "no step was made yet: look at the image, and at the first weights";
}

/* To the diagnosis: what to type to see the image again. */
static void add_command(struct diagnosis *d, const char *path)
{
    char *text = d->message;
    const size_t size = sizeof d->message;

    fa_text_add(text, size, "; to see it again: freeanchor replay ");
    fa_text_add_word(text, size, path);
    fa_text_add(text, size, " --config ");
    fa_text_add_word(text, size, d->training->run->work_dir->path);
    fa_text_add(text, size, "/config.json --weights ");
    fa_text_add_word(text, size, d->weights);
    fa_text_add(text, size, " --threads %d --out OUT.h5", omp_get_max_threads());
}

/* Into the diagnosis: what is wrong with the first image. path: where it is kept; NULL: nowhere. */
static void describe(struct diagnosis *d, const struct fa_sample *sample, const struct verdict *verdict,
                     const char *path)
{
    const struct fa_training *t = d->training;
    const enum fa_loss_kind kind = t->config->loss.kind;

    snprintf(d->message, sizeof d->message,
             "step %lld: the %s of image %lld (epoch %lld, position %zu) is not finite: %s %.9g, %s %.9g, "
             "gradient norm %g; %s",
             (long long)t->state.progress.step, is_finite_loss(&verdict->loss) ? "gradient" : "loss",
             (long long)sample->image_id, (long long)sample->epoch, sample->position,
             fa_loss_part_name(kind, 0), verdict->loss.part[0], fa_loss_part_name(kind, 1),
             verdict->loss.part[1], verdict->norm, advice(t));
    if (d->weights != NULL && !d->are_sound) {
        fa_text_add(d->message, sizeof d->message,
                    "; the weights are not finite either: freeanchor weights list ");
        fa_text_add_word(d->message, sizeof d->message, d->weights);
    } else if (d->weights != NULL && path != NULL) {
        add_command(d, path);
    }
}

/* What cannot be written is told, and changes nothing else. */
static fa_status keep(struct diagnosis *d, const struct fa_sample *sample, const struct verdict *verdict)
{
    const struct fa_training *t = d->training;
    fa_status status;
    char *path;

    /* an image may be in a batch twice, mirrored or on another rank */
    FA_TRY(fa_asprintf(&path, "%s/case_step_%lld_image_%lld_position_%zu.h5", t->run->work_dir->path,
                       (long long)t->state.progress.step, (long long)sample->image_id, sample->position));
    status = write_case(d, sample, path);
    if (status == FA_OK)
        fa_warn("image %lld is kept in %s", (long long)sample->image_id, path);
    else
        fa_warn("image %lld could not be kept: %s", (long long)sample->image_id, fa_message());
    if (d->n_bad == 0)
        describe(d, sample, verdict, status == FA_OK ? path : NULL);
    fa_free(path);
    return FA_OK;
}

static fa_status examine(struct diagnosis *d, const struct fa_sample *sample)
{
    struct verdict verdict;

    FA_TRY(judge(d, sample, &verdict));
    if (is_finite_loss(&verdict.loss) && isfinite(verdict.norm))
        return FA_OK;
    if (d->n_bad < MOST_CASES)
        FA_TRY(keep(d, sample, &verdict));
    d->n_bad++;
    return FA_OK;
}

/* FA_EINVAL if one of this rank's images is at fault. */
static fa_status examine_all(struct diagnosis *d)
{
    struct fa_training *t = d->training;

    for (size_t i = 0; i < t->n_local; i++)
        FA_TRY(examine(d, t->samples[i]));
    return d->n_bad == 0 ? FA_OK : fa_fail(FA_EINVAL, "%s", d->message);
}

/* ---- none ---- */

/* "12 904 33 ..." of the whole batch: which record is where is known to every rank. */
static void print_batch(struct fa_training *t, char *text, size_t size)
{
    size_t batch = (size_t)t->config->batch, used = 0;
    int64_t step = t->state.progress.step;
    size_t first = (size_t)(step % t->steps_per_epoch) * batch;

    text[0] = '\0';
    for (size_t i = 0; i < batch && used < size; i++) {
        size_t record = fa_sampler_record(t->sampler, step / t->steps_per_epoch, first + i);

        used += (size_t)snprintf(text + used, size - used, " %lld",
                                 (long long)t->run->train_data->records[record].image_id);
    }
}

static fa_status accuse_the_sum(struct fa_training *t)
{
    char ids[512];

    print_batch(t, ids, sizeof ids);
    return fa_fail(FA_ENUMERIC,
                   "step %lld: the gradient is not finite though that of every image is; %s; image ids "
                   "of the batch:%s",
                   (long long)t->state.progress.step, advice(t), ids);
}

fa_status fa_training_diagnose(struct fa_training *t, double normalizer)
{
    struct diagnosis diagnosis = {.training = t, .normalizer = normalizer};
    fa_status status;

    keep_weights(&diagnosis);
    diagnosis.are_sound = weights_are_sound(t->state.params);
    status = fa_comm_agree(t->comm, examine_all(&diagnosis));
    fa_free(diagnosis.weights);
    return status == FA_OK ? accuse_the_sum(t) : status;
}
