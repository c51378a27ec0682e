/*
 * import.c - freeanchor weights import: weights of other programs as a weights file of ours.
 */
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/model_weights.h"
#include "recipe/recipe.h"
#include "session.h"
#include "weights.h"

static bool is_given(const struct fa_invocation *invocation, const char *flag)
{
    return fa_arguments_get(&invocation->arguments, flag) != NULL;
}

/* With the class layer go the names of its classes and their thresholds. */
static fa_status skip_class_layer(struct fa_weights_file *file)
{
    if (fa_weights_drop(file, "bbox_head.retina_cls.") == 0)
        return fa_fail(FA_EINVAL, "there is no class layer bbox_head.retina_cls to skip; leave out "
                                  "--skip-class-layer");
    fa_free(file->meta.classes);
    file->meta.classes = NULL;
    file->meta.n_classes = 0;
    fa_thresholds_clear(&file->meta.thresholds);
    return FA_OK;
}

/* Of --set alone, only what it may say of images counts: the recipe's network is then just a default. */
static fa_status check_configuration(const struct fa_invocation *invocation,
                                     const struct fa_settings *settings, const struct fa_weights_file *file,
                                     const struct fa_architecture *architecture)
{
    if (is_given(invocation, "--config") || is_given(invocation, "--set"))
        FA_TRY(fa_session_check_preprocessing(settings, file));
    if (!is_given(invocation, "--config"))
        return FA_OK;
    FA_TRY(fa_session_check_coder(settings, file));
    return fa_session_check_backbone(settings, architecture);
}

static fa_status set_model_name(const struct fa_architecture *architecture, struct fa_weights_meta *meta)
{
    char name[32], *copy;

    fa_architecture_print_model(architecture, name, sizeof name);
    FA_TRY(fa_strdup(name, &copy));
    fa_free(meta->model);
    meta->model = copy;
    return FA_OK;
}

/* What the file does not say of its preprocessing, the configuration does, or its defaults. */
static void set_preprocessing(const struct fa_settings *settings, struct fa_weights_file *file)
{
    const struct fa_normalize *normalize = &settings->train.transform.normalize;

    if (file->has_meta)
        return;
    memcpy(file->meta.mean, normalize->mean, sizeof file->meta.mean);
    memcpy(file->meta.std, normalize->std, sizeof file->meta.std);
    file->meta.to_rgb = normalize->to_rgb;
    file->has_meta = true;
}

static void print_preprocessing(const struct fa_weights_meta *meta, const char *source)
{
    printf("preprocessing: mean %g %g %g, std %g %g %g, %s (%s)\n", meta->mean[0], meta->mean[1],
           meta->mean[2], meta->std[0], meta->std[1], meta->std[2], meta->to_rgb ? "RGB" : "BGR", source);
}

/* A recipe knows the box coder of its detector; the default would be a guess. */
static void set_coder(const struct fa_settings *settings, struct fa_weights_meta *meta)
{
    if (meta->coder_std[0] == 0)
        memcpy(meta->coder_std, settings->train.loss.coder.std, sizeof meta->coder_std);
}

/* The one that weights have with them stays theirs. */
static fa_status keep_recipe(const char *config, struct fa_weights_meta *meta)
{
    struct fa_json *recipe;
    fa_status status = FA_OK;

    FA_TRY(fa_recipe_shorten(&meta->recipe, &recipe));
    if (config != NULL)
        status = fa_settings_agree(recipe, config, NULL, 0);
    fa_json_free(recipe);
    return status;
}

/* Detectors of other programs have none: --config knows all that others need to use them. */
static fa_status set_recipe(const struct fa_invocation *invocation, const struct fa_settings *settings,
                            const struct fa_architecture *architecture, struct fa_weights_meta *meta)
{
    const char *config = fa_arguments_get(&invocation->arguments, "--config");

    if (meta->recipe != NULL)
        return keep_recipe(config, meta);
    if (config == NULL || !architecture->has_head)
        return FA_OK;
    return fa_recipe_print(settings->resolved, &meta->recipe);
}

static const char *source_of_preprocessing(const struct fa_invocation *invocation,
                                           const struct fa_weights_file *file)
{
    if (file->has_meta)
        return "as the file says";
    if (is_given(invocation, "--config") || is_given(invocation, "--set"))
        return "as configured; the file does not say";
    return "the default; the file does not say";
}

static fa_status complete(struct fa_invocation *invocation, const char *path,
                          const struct fa_settings *settings, struct fa_weights_file *file)
{
    const char *source = source_of_preprocessing(invocation, file);
    struct fa_architecture architecture;

    if (is_given(invocation, "--skip-class-layer"))
        FA_TRY(fa_prefix(skip_class_layer(file), "%s", path));
    FA_TRY(fa_weights_fit(invocation, path, file, &architecture));
    FA_TRY(fa_prefix(check_configuration(invocation, settings, file, &architecture), "%s", path));
    if (is_given(invocation, "--config") && architecture.group_norm)
        architecture.norm_groups = settings->model.norm_groups; /* which other programs do not store */
    FA_TRY(set_model_name(&architecture, &file->meta));
    set_preprocessing(settings, file);
    if (is_given(invocation, "--config") && architecture.has_head)
        set_coder(settings, &file->meta);
    FA_TRY(fa_prefix(set_recipe(invocation, settings, &architecture, &file->meta), "%s", path));
    print_preprocessing(&file->meta, source);
    return FA_OK;
}

static fa_status convert(struct fa_invocation *invocation, const char *path,
                         const struct fa_settings *settings)
{
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    struct fa_weights_translation translation;
    struct fa_weights_file *file;
    fa_status status;

    FA_TRY(fa_model_weights_read(path, &file, &translation));
    if (translation.n_left_out > 0)
        printf("left out: %s (%zu)\n", translation.left_out, translation.n_left_out);
    fa_report_number(invocation, "left_out", (double)translation.n_left_out);
    status = complete(invocation, path, settings, file);
    if (status == FA_OK)
        status = fa_weights_write(out, file->tensors, file->n, &file->meta);
    if (status == FA_OK)
        printf("wrote %s\n", out);
    fa_weights_free(file);
    return status;
}

fa_status fa_weights_import(struct fa_invocation *invocation, const char *const *paths)
{
    static const char *const suffixes[] = {".h5", NULL};
    struct fa_session session;
    fa_status status;

    FA_TRY(fa_weights_check_out(invocation, paths[0], suffixes));
    status = fa_session_open(invocation, NULL, &session);
    if (status == FA_OK)
        status = convert(invocation, paths[0], &session.settings);
    fa_session_close(&session);
    return status;
}
