#include "session.h"

#include <string.h>

#include "fa/checkpoint.h"
#include "fa/file.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/model_weights.h"

static const struct fa_shorthand common_shorthands[] = {{"--backend", "backend.name"}, {0}};

/* Appends "key=value" for every shorthand given. */
static fa_status add_shorthands(const struct fa_arguments *given, const struct fa_shorthand *shorthands,
                                char **assignments, size_t *n)
{
    for (; shorthands != NULL && shorthands->flag != NULL; shorthands++) {
        const char *value = fa_arguments_get(given, shorthands->flag);

        if (value == NULL)
            continue;
        FA_TRY(fa_asprintf(&assignments[*n], "%s=%s", shorthands->key, value));
        ++*n;
    }
    return FA_OK;
}

static fa_status add_sets(const struct fa_arguments *given, char **assignments, size_t *n)
{
    const char *text;

    for (size_t k = 0; (text = fa_arguments_nth(given, "--set", k)) != NULL; k++) {
        FA_TRY(fa_strdup(text, &assignments[*n]));
        ++*n;
    }
    return FA_OK;
}

static fa_status read_settings(const struct fa_arguments *given, const struct fa_shorthand *shorthands,
                               struct fa_settings *settings)
{
    char **assignments;
    size_t n = 0;
    fa_status status;

    FA_TRY(fa_alloc_zero(given->n + 1, sizeof *assignments, &assignments));
    status = add_sets(given, assignments, &n);
    if (status == FA_OK)
        status = add_shorthands(given, common_shorthands, assignments, &n);
    if (status == FA_OK)
        status = add_shorthands(given, shorthands, assignments, &n);
    if (status == FA_OK)
        status = fa_settings_read(fa_arguments_get(given, "--config"), (const char *const *)assignments, n,
                                  settings);
    for (size_t i = 0; i < n; i++)
        fa_free(assignments[i]);
    fa_free(assignments);
    return status;
}

fa_status fa_session_open(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                          struct fa_session *session)
{
    *session = (struct fa_session){0};
    return fa_invocation_agree(invocation,
                               read_settings(&invocation->arguments, shorthands, &session->settings));
}

void fa_session_close(struct fa_session *session)
{
    fa_model_destroy(session->model);
    fa_backend_close(session->backend);
    fa_weights_free(session->weights);
    fa_settings_clear(&session->settings);
    *session = (struct fa_session){0};
}

static fa_status make_model(struct fa_session *session, int threads, int num_classes)
{
    const struct fa_settings *settings = &session->settings;
    const char *name = settings->backend[0] != '\0' ? settings->backend : NULL;
    struct fa_model_config config = settings->model;

    FA_TRY(fa_backend_open(name, threads, (enum fa_conv_algorithm)settings->algorithm, &session->backend));
    config.num_classes = num_classes;
    return fa_model_create(&config, session->backend, &session->model);
}

fa_status fa_session_make_model(struct fa_invocation *invocation, struct fa_session *session, int num_classes)
{
    return fa_invocation_agree(invocation, make_model(session, invocation->threads, num_classes));
}

/* Weights remember how images were prepared for them; other numbers would quietly cost accuracy. */
static fa_status check_preprocessing(const struct fa_session *session, const char *path)
{
    const struct fa_normalize *wanted = &session->settings.train.transform.normalize;
    const struct fa_weights_meta *meta = &session->weights->meta;

    if (!session->weights->has_meta)
        return FA_OK;
    for (int i = 0; i < 3; i++)
        if (meta->mean[i] != wanted->mean[i] || meta->std[i] != wanted->std[i])
            return fa_fail(
                FA_EINVAL,
                "%s was trained with mean %g and std %g in channel %d, the configuration has %g and %g; set "
                "data.mean and data.std to those of the weights",
                path, meta->mean[i], meta->std[i], i, wanted->mean[i], wanted->std[i]);
    if (meta->to_rgb != wanted->to_rgb)
        return fa_fail(FA_EINVAL, "%s was trained on %s images; set data.to_rgb to %s", path,
                       meta->to_rgb ? "RGB" : "BGR", meta->to_rgb ? "true" : "false");
    return FA_OK;
}

static fa_status read_weights(struct fa_session *session, const char *path)
{
    if (fa_directory_exists(path))
        FA_TRY(fa_checkpoint_weights(path, &session->weights));
    else
        FA_TRY(fa_weights_read(path, &session->weights));
    return check_preprocessing(session, path);
}

fa_status fa_session_read_weights(struct fa_invocation *invocation, struct fa_session *session,
                                  const char *path)
{
    return fa_invocation_agree(invocation, read_weights(session, path));
}

/* The classes that the weights' class layer predicts. */
static fa_status count_classes(const struct fa_weights_file *weights, int *num_classes)
{
    const struct fa_tensor *bias = fa_weights_find(weights, "bbox_head.retina_cls.bias");

    if (bias == NULL || bias->n_elem == 0 || bias->n_elem % FA_CELL_ANCHORS != 0 || bias->n_elem > 1 << 20)
        return fa_fail(FA_EINVAL,
                       "these weights have no class layer bbox_head.retina_cls of a known size; they are not "
                       "those of a trained detector");
    *num_classes = (int)(bias->n_elem / FA_CELL_ANCHORS);
    if (weights->meta.n_classes != 0 && weights->meta.n_classes != (size_t)*num_classes)
        return fa_fail(FA_EFORMAT, "these weights name %zu classes but predict %d", weights->meta.n_classes,
                       *num_classes);
    return FA_OK;
}

fa_status fa_session_make_trained_model(struct fa_invocation *invocation, struct fa_session *session)
{
    int num_classes = 0;
    fa_status status = count_classes(session->weights, &num_classes);

    if (status == FA_OK)
        status = make_model(session, invocation->threads, num_classes);
    if (status == FA_OK)
        status = fa_model_load(session->model, session->weights);
    return fa_invocation_agree(invocation, status);
}

fa_status fa_session_check_classes(const struct fa_session *session, const struct fa_dataset *dataset,
                                   const char *dataset_path)
{
    const struct fa_weights_meta *meta = &session->weights->meta;
    size_t n = (size_t)fa_model_config(session->model)->num_classes;

    if (dataset->n_categories != n)
        return fa_fail(FA_EINVAL,
                       "%s has %zu classes, the weights have %zu; they were not trained on this dataset",
                       dataset_path, dataset->n_categories, n);
    for (size_t i = 0; i < meta->n_classes; i++)
        if (strcmp(meta->classes[i], dataset->categories[i].name) != 0)
            return fa_fail(
                FA_EINVAL,
                "class %zu is \"%s\" in %s and \"%s\" in the weights; they were not trained on this "
                "dataset",
                i, dataset->categories[i].name, dataset_path, meta->classes[i]);
    return FA_OK;
}
