#include "session.h"

#include <string.h>

#include "agreement.h"
#include "devices.h"
#include "fa/activity.h"
#include "fa/log.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "recipe/config_file.h"
#include "recipe/option.h"
#include "recipe/recipe.h"

static const struct fa_shorthand common_shorthands[] = {{"--backend", "backend.name", false}, {0}};

static fa_status list_values(const struct fa_arguments *given, const char *flag, struct fa_json *array)
{
    const char *value;

    for (size_t k = 0; (value = fa_arguments_nth(given, flag, k)) != NULL; k++)
        if (!fa_json_append(array, fa_json_new_string(value)))
            return fa_fail(FA_ENOMEM, "memory is exhausted while reading the flags");
    return FA_OK;
}

/* key=["first","second"] */
static fa_status assign_several(const struct fa_arguments *given, const struct fa_shorthand *shorthand,
                                char **assignment)
{
    struct fa_json *array = fa_json_new_array();
    char *text = NULL;
    fa_status status = list_values(given, shorthand->flag, array);

    if (status == FA_OK)
        status = fa_json_print(array, false, &text);
    if (status == FA_OK)
        status = fa_asprintf(assignment, "%s=%s", shorthand->key, text);
    fa_free(text);
    fa_json_free(array);
    return status;
}

static fa_status assign_shorthand(const struct fa_arguments *given, const struct fa_shorthand *shorthand,
                                  char **assignment)
{
    if (shorthand->several && fa_arguments_nth(given, shorthand->flag, 1) != NULL)
        return assign_several(given, shorthand, assignment);
    return fa_asprintf(assignment, "%s=%s", shorthand->key, fa_arguments_get(given, shorthand->flag));
}

/* Appends "key=value" for every shorthand given. */
static fa_status add_shorthands(const struct fa_arguments *given, const struct fa_shorthand *shorthands,
                                char **assignments, size_t *n)
{
    for (; shorthands != NULL && shorthands->flag != NULL; shorthands++) {
        if (fa_arguments_get(given, shorthands->flag) == NULL)
            continue;
        FA_TRY(assign_shorthand(given, shorthands, &assignments[*n]));
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

/* What is given beside --config, as assignments; freed with clear_assignments. */
static fa_status list_assignments(const struct fa_arguments *given, const struct fa_shorthand *shorthands,
                                  char ***assignments, size_t *n)
{
    *n = 0;
    FA_TRY(fa_alloc_zero(given->n + 1, sizeof **assignments, assignments));
    FA_TRY(add_sets(given, *assignments, n));
    FA_TRY(add_shorthands(given, common_shorthands, *assignments, n));
    return add_shorthands(given, shorthands, *assignments, n);
}

static void clear_assignments(char **assignments, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fa_free(assignments[i]);
    fa_free(assignments);
}

/* base: what --config and --set go over; NULL: nothing. recipe: of weights, which --config must not
   contradict; it may be NULL too. */
static fa_status read_settings(const struct fa_arguments *given, const struct fa_shorthand *shorthands,
                               const struct fa_json *recipe, const struct fa_settings_base *base,
                               struct fa_settings *settings)
{
    const char *config = fa_arguments_get(given, "--config");
    char **assignments = NULL;
    size_t n;
    fa_status status = list_assignments(given, shorthands, &assignments, &n);

    if (status == FA_OK && recipe != NULL && config != NULL)
        status = fa_settings_agree(recipe, config, (const char *const *)assignments, n);
    if (status == FA_OK)
        status = fa_settings_read_over(base, config, (const char *const *)assignments, n, settings);
    clear_assignments(assignments, n);
    return status;
}

fa_status fa_session_open_over(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                               const struct fa_settings_base *base, struct fa_session *session)
{
    *session = (struct fa_session){0};
    FA_TRY(fa_invocation_agree(
        invocation, read_settings(&invocation->arguments, shorthands, NULL, base, &session->settings)));
    return fa_agreement_config(invocation, &session->settings);
}

fa_status fa_session_open(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                          struct fa_session *session)
{
    return fa_session_open_over(invocation, shorthands, NULL, session);
}

fa_status fa_session_size(const struct fa_invocation *invocation, const struct fa_settings *settings, int *h,
                          int *w)
{
    fa_settings_image(settings, h, w);
    return fa_arguments_size(&invocation->arguments, "--size", h, w);
}

void fa_session_close(struct fa_session *session)
{
    fa_lane_destroy(session->lane);
    fa_model_destroy(session->model);
    fa_backend_close(session->backend);
    fa_weights_free(session->weights);
    fa_settings_clear(&session->settings);
    *session = (struct fa_session){0};
}

/* A GPU is asked for where none can be meant. */
static fa_status check_device(const struct fa_settings *settings, const struct fa_backend *backend)
{
    if (settings->device < 0 || fa_backend_device(backend) != NULL)
        return FA_OK;
    return fa_fail(
        FA_EINVAL,
        "backend.device names GPU %d, and backend %s computes on the processors; leave it at -1, or "
        "take --backend cuda",
        settings->device, fa_backend_name(backend));
}

fa_status fa_session_open_backend(const struct fa_invocation *invocation, const struct fa_settings *settings,
                                  struct fa_backend **out)
{
    const struct fa_comm *comm = invocation->comm; /* NULL for commands that run alone */
    const struct fa_backend_config config = {.name = settings->backend[0] != '\0' ? settings->backend : NULL,
                                             .n_threads = invocation->threads,
                                             .preference = (enum fa_conv_preference)settings->algorithm,
                                             .device = settings->device,
                                             .local_rank = comm != NULL ? fa_comm_local_rank(comm) : 0,
                                             .share_device = settings->share_device,
                                             .precision = (enum fa_precision)settings->precision,
                                             .never_records = !settings->graphs};
    fa_status status;

    FA_TRY(fa_backend_open(&config, out));
    status = check_device(settings, *out);
    if (status != FA_OK) {
        fa_backend_close(*out);
        *out = NULL;
    }
    return status;
}

/* Collective. */
static fa_status open_backend(struct fa_invocation *invocation, struct fa_session *session)
{
    const struct fa_settings *settings = &session->settings;

    fa_activity_begin("opening the backend");
    FA_TRY(fa_invocation_agree(invocation, fa_session_open_backend(invocation, settings, &session->backend)));
    FA_TRY(fa_devices_agree(invocation->comm, session->backend, settings->share_device));
    fa_devices_stay_near(session->backend);
    return FA_OK;
}

static fa_status make_model(struct fa_session *session, int num_classes)
{
    struct fa_model_config config = session->settings.model;

    fa_activity_begin("making the model");
    config.num_classes = num_classes;
    return fa_model_create(&config, session->backend, &session->model);
}

fa_status fa_session_make_model(struct fa_invocation *invocation, struct fa_session *session, int num_classes)
{
    FA_TRY(open_backend(invocation, session));
    return fa_invocation_agree(invocation, make_model(session, num_classes));
}

/* Weights remember how images were prepared for them; other numbers would quietly cost accuracy. */
fa_status fa_session_check_preprocessing(const struct fa_settings *settings,
                                         const struct fa_weights_file *weights)
{
    const struct fa_normalize *wanted = &settings->train.transform.normalize;
    const struct fa_weights_meta *meta = &weights->meta;

    if (!weights->has_meta)
        return FA_OK;
    for (int i = 0; i < 3; i++)
        if (meta->mean[i] != wanted->mean[i] || meta->std[i] != wanted->std[i])
            return fa_fail(FA_EINVAL,
                           "the weights were trained with mean %g and std %g in channel %d, the "
                           "configuration has %g and "
                           "%g; set data.mean and data.std to those of the weights",
                           meta->mean[i], meta->std[i], i, wanted->mean[i], wanted->std[i]);
    if (meta->to_rgb != wanted->to_rgb)
        return fa_fail(FA_EINVAL, "the weights were trained on %s images; set data.to_rgb to %s",
                       meta->to_rgb ? "RGB" : "BGR", meta->to_rgb ? "true" : "false");
    return FA_OK;
}

fa_status fa_session_check_coder(const struct fa_settings *settings, const struct fa_weights_file *weights)
{
    const float *found = weights->meta.coder_std;

    if (found[0] == 0 || memcmp(found, settings->train.loss.coder.std, sizeof weights->meta.coder_std) == 0)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "the weights code boxes with other standard deviations than the configuration; set "
                   "model.coder_std to [%g, %g, %g, %g]",
                   found[0], found[1], found[2], found[3]);
}

struct fa_architecture fa_session_architecture(const struct fa_model_config *model)
{
    const bool group_norm = model->norm == FA_NORM_GROUP;

    return (struct fa_architecture){.depth = model->depth,
                                    .groups = model->groups,
                                    .base_width = model->base_width,
                                    .base_channels = model->base_channels,
                                    .neck_channels = model->neck_channels,
                                    .finest_level = model->anchors.finest_level,
                                    .head_channels = model->head_channels,
                                    .head_convs = model->head_convs,
                                    .group_norm = group_norm,
                                    .norm_groups = group_norm ? model->norm_groups : 0};
}

static fa_status check_norm(const struct fa_architecture *found, const struct fa_architecture *wanted)
{
    if (found->group_norm != wanted->group_norm)
        return fa_fail(FA_EINVAL,
                       "the weights are of a network with %s normalisation, the configuration has %s "
                       "normalisation; set model.norm to %s",
                       found->group_norm ? "group" : "batch", wanted->group_norm ? "group" : "batch",
                       found->group_norm ? "group" : "frozen_batch");
    if (found->norm_groups != 0 && found->norm_groups != wanted->norm_groups)
        return fa_fail(
            FA_EINVAL,
            "the weights were trained with channels normalised in %d groups, the configuration has %d; "
            "set model.norm_groups to %d",
            found->norm_groups, wanted->norm_groups, found->norm_groups);
    return FA_OK;
}

static fa_status check_neck_and_head(const struct fa_architecture *found,
                                     const struct fa_architecture *wanted)
{
    if (found->has_neck && found->neck_channels != wanted->neck_channels)
        return fa_fail(FA_EINVAL,
                       "the weights have a feature pyramid of %d channels, the configuration one of %d; set "
                       "model.neck_channels to %d",
                       found->neck_channels, wanted->neck_channels, found->neck_channels);
    if (found->has_neck && found->finest_level != wanted->finest_level)
        return fa_fail(
            FA_EINVAL,
            "the weights have a feature pyramid of P%d to P%d, the configuration one of P%d to P%d; "
            "set model.finest_level to %d",
            found->finest_level, found->finest_level + FA_LEVELS - 1, wanted->finest_level,
            wanted->finest_level + FA_LEVELS - 1, found->finest_level);
    if (found->has_head &&
        (found->head_channels != wanted->head_channels || found->head_convs != wanted->head_convs))
        return fa_fail(FA_EINVAL,
                       "the weights have a head of %d convolutions of %d channels, the configuration one of "
                       "%d of %d; set model.head_convs and head_channels to %d and %d",
                       found->head_convs, found->head_channels, wanted->head_convs, wanted->head_channels,
                       found->head_convs, found->head_channels);
    return FA_OK;
}

fa_status fa_session_check_backbone(const struct fa_settings *settings,
                                    const struct fa_architecture *architecture)
{
    const struct fa_architecture wanted = fa_session_architecture(&settings->model);
    const struct fa_architecture *found = architecture;
    char name[2][64];

    if (found->depth == wanted.depth && found->groups == wanted.groups &&
        found->base_width == wanted.base_width && found->base_channels == wanted.base_channels) {
        FA_TRY(check_norm(found, &wanted));
        return check_neck_and_head(found, &wanted);
    }
    fa_architecture_print_backbone(found, name[0], sizeof name[0]);
    fa_architecture_print_backbone(&wanted, name[1], sizeof name[1]);
    return fa_fail(
        FA_EINVAL,
        "the weights are of a %s, the configuration has a %s; set model.backbone.depth, groups, base_width "
        "and base_channels to %d, %d, %d and %d",
        name[0], name[1], found->depth, found->groups, found->base_width, found->base_channels);
}

fa_status fa_session_check_autotune(const struct fa_settings *settings)
{
    if (settings->algorithm == FA_CONV_AUTO)
        return FA_OK;
    return fa_fail(FA_EINVAL,
                   "--autotune has nothing to choose while backend.conv_algorithm is %s; leave it at auto",
                   fa_conv_preference_names[settings->algorithm]);
}

static fa_status check_network(struct fa_session *session)
{
    FA_TRY(fa_architecture_recognise(session->weights, &session->architecture));
    return fa_session_check_backbone(&session->settings, &session->architecture);
}

static fa_status check_weights(struct fa_session *session)
{
    FA_TRY(fa_session_check_preprocessing(&session->settings, session->weights));
    FA_TRY(fa_session_check_coder(&session->settings, session->weights));
    return check_network(session);
}

static fa_status read_weights(struct fa_session *session, const char *path)
{
    session->weights_path = path;
    FA_TRY(fa_model_weights_read(path, &session->weights, NULL));
    return fa_prefix(check_weights(session), "%s", path);
}

/* ---- trained weights, with their recipe ---- */

static fa_status tell_change(const char *key, const struct fa_json *now, const struct fa_json *then)
{
    struct fa_recipe_difference difference;

    FA_TRY(fa_recipe_compare(now, then, &difference));
    if (difference.here != NULL)
        fa_log(FA_LOG_WARN, "%s is %s as you give it; the weights were trained with %s", key, difference.here,
               difference.there);
    fa_recipe_difference_clear(&difference);
    return FA_OK;
}

/* Of what shapes the network or the pixels. */
static fa_status tell_changes(const struct fa_settings *settings, const struct fa_json *recipe)
{
    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        if (fa_recipe_shapes(option->key))
            FA_TRY(tell_change(option->key, fa_config_get(settings->resolved, option->key),
                               fa_config_get(recipe, option->key)));
    return FA_OK;
}

/* Numbers that a file has twice, as attributes for those who read no recipe. */
static fa_status require_same(const struct fa_json *recipe, const char *key, const float *attribute, size_t n)
{
    const struct fa_json *value = fa_json_first(fa_config_get(recipe, key));
    double number;

    for (size_t i = 0; i < n && value != NULL; i++, value = fa_json_next(value))
        if (fa_json_to_double(value, &number) && (float)number != attribute[i])
            return fa_fail(FA_EFORMAT,
                           "number %zu of %s is %g in its recipe and %g in its attribute; one was changed by "
                           "hand: correct it, or give --config",
                           i + 1, key, number, (double)attribute[i]);
    return FA_OK;
}

static fa_status require_agreement(const struct fa_json *recipe, const struct fa_weights_file *weights)
{
    const struct fa_weights_meta *meta = &weights->meta;

    if (recipe == NULL || !weights->has_meta)
        return FA_OK;
    FA_TRY(require_same(recipe, "data.mean", meta->mean, 3));
    FA_TRY(require_same(recipe, "data.std", meta->std, 3));
    return meta->coder_std[0] > 0 ? require_same(recipe, "model.coder_std", meta->coder_std, 4) : FA_OK;
}

static fa_status read_recipe(const struct fa_session *session, bool has_config, struct fa_json **recipe)
{
    const char *text = session->weights->meta.recipe;

    fa_status status = FA_OK;

    *recipe = NULL;
    if (text != NULL)
        status = fa_prefix(fa_recipe_parse(text, recipe), "%s", session->weights_path);
    if (status != FA_OK && has_config)
        fa_log(FA_LOG_WARN, "%s; --config takes its place", fa_message());
    if (has_config)
        return FA_OK;
    if (text != NULL)
        return status;
    return fa_fail(FA_EINVAL,
                   "%s: carries no recipe, since another program or an earlier version wrote it; give the "
                   "recipe it was trained with by --config C.json",
                   session->weights_path);
}

static fa_status settle(const struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                        const struct fa_json *recipe, struct fa_session *session)
{
    const struct fa_settings_base base = {session->weights_path, recipe};

    FA_TRY(read_settings(&invocation->arguments, shorthands, recipe, recipe != NULL ? &base : NULL,
                         &session->settings));
    if (recipe == NULL)
        return fa_prefix(check_weights(session), "%s", session->weights_path);
    if (fa_invocation_speaks(invocation))
        FA_TRY(tell_changes(&session->settings, recipe));
    return fa_prefix(check_network(session), "%s", session->weights_path);
}

static fa_status open_trained(const struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                              const char *path, struct fa_session *session)
{
    const bool has_config = fa_arguments_get(&invocation->arguments, "--config") != NULL;
    struct fa_json *recipe;
    fa_status status;

    session->weights_path = path;
    FA_TRY(fa_model_weights_read(path, &session->weights, NULL));
    FA_TRY(read_recipe(session, has_config, &recipe));
    status = fa_prefix(require_agreement(recipe, session->weights), "%s", path);
    if (status == FA_OK)
        status = settle(invocation, shorthands, recipe, session);
    fa_json_free(recipe);
    return status;
}

fa_status fa_session_open_trained(struct fa_invocation *invocation, const struct fa_shorthand *shorthands,
                                  const char *path, struct fa_session *session)
{
    *session = (struct fa_session){0};
    FA_TRY(fa_invocation_agree(invocation, open_trained(invocation, shorthands, path, session)));
    return fa_agreement_config(invocation, &session->settings);
}

fa_status fa_session_read_weights(struct fa_invocation *invocation, struct fa_session *session,
                                  const char *path)
{
    return fa_invocation_agree(invocation, read_weights(session, path));
}

/* The weights are looked at first: a class layer that only claims to be huge makes no huge model. */
static fa_status check_match(const struct fa_session *session)
{
    struct fa_model_config config = session->settings.model;
    struct fa_weights_match match;

    config.num_classes = session->architecture.num_classes;
    if (config.num_classes == 0)
        return fa_fail(FA_EINVAL, "has no class layer bbox_head.retina_cls; these are not the weights of a "
                                  "trained detector");
    FA_TRY(fa_model_weights_match(&config, session->weights, &match));
    return fa_weights_match_check(&match);
}

static fa_status make_trained_model(struct fa_session *session)
{
    FA_TRY(make_model(session, session->architecture.num_classes));
    FA_TRY(fa_prefix(fa_model_load(session->model, session->weights), "%s", session->weights_path));
    fa_weights_drop(session->weights, ""); /* all: the model has them now */
    return fa_lane_create(session->model, NULL, &session->lane);
}

fa_status fa_session_make_trained_model(struct fa_invocation *invocation, struct fa_session *session)
{
    FA_TRY(fa_invocation_agree(invocation, fa_prefix(check_match(session), "%s", session->weights_path)));
    FA_TRY(open_backend(invocation, session));
    return fa_invocation_agree(invocation, make_trained_model(session));
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
