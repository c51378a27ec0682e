/*
 * cmd_weights_import.c - freeanchor weights import: weights of other programs as a weights file of ours.
 */
#include <stdio.h>
#include <string.h>

#include "cmd_weights.h"
#include "fa/memory.h"
#include "fa/model_weights.h"
#include "session.h"

static bool has_configuration(const struct fa_invocation *invocation)
{
    return fa_arguments_get(&invocation->arguments, "--config") != NULL ||
           fa_arguments_get(&invocation->arguments, "--set") != NULL;
}

/* With the class layer go the names of its classes. */
static fa_status skip_class_layer(struct fa_weights_file *file)
{
    if (fa_weights_drop(file, "bbox_head.retina_cls.") == 0)
        return fa_fail(FA_EINVAL, "there is no class layer bbox_head.retina_cls to skip; leave away "
                                  "--skip-class-layer");
    fa_free(file->meta.classes);
    file->meta.classes = NULL;
    file->meta.n_classes = 0;
    return FA_OK;
}

static fa_status check_configuration(const struct fa_settings *settings, const struct fa_weights_file *file,
                                     const struct fa_architecture *architecture)
{
    FA_TRY(fa_session_check_backbone(settings, architecture));
    return fa_session_check_preprocessing(settings, file);
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

static fa_status fit(struct fa_invocation *invocation, const char *path, const struct fa_settings *settings,
                     struct fa_weights_file *file)
{
    const bool configured = has_configuration(invocation);
    const char *source = file->has_meta ? "as the file says"
                         : configured   ? "as configured; the file does not say"
                                        : "the default; the file does not say";
    struct fa_architecture architecture;

    if (fa_arguments_get(&invocation->arguments, "--skip-class-layer") != NULL)
        FA_TRY(fa_prefix(skip_class_layer(file), "%s", path));
    FA_TRY(fa_weights_fit(invocation, path, file, &architecture));
    if (configured)
        FA_TRY(fa_prefix(check_configuration(settings, file, &architecture), "%s", path));
    FA_TRY(set_model_name(&architecture, &file->meta));
    set_preprocessing(settings, file);
    print_preprocessing(&file->meta, source);
    if (file->meta.n_classes > 0)
        printf("classes: %s to %s\n", file->meta.classes[0], file->meta.classes[file->meta.n_classes - 1]);
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
    status = fit(invocation, path, settings, file);
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
