/*
 * export.c - freeanchor weights export: weights of ours as other programs read them, in
 * mmdetection's names, or the whole detector as an ONNX model.
 */
#include <stdio.h>
#include <string.h>

#include "fa/model_weights.h"
#include "fa/onnx.h"
#include "recipe/recipe.h"
#include "weights.h"

/* ---- formats ---- */

/* What is exported. */
struct detector {
    const struct fa_weights_file *file;
    struct fa_architecture architecture;
};

typedef fa_status (*write_fn)(const char *path, const struct detector *detector);

static fa_status write_safetensors(const char *path, const struct detector *detector)
{
    const struct fa_weights_file *file = detector->file;

    return fa_safetensors_write(path, file->tensors, file->n, file->has_meta ? &file->meta : NULL);
}

static fa_status write_h5(const char *path, const struct detector *detector)
{
    const struct fa_weights_file *file = detector->file;

    return fa_weights_write(path, file->tensors, file->n, file->has_meta ? &file->meta : NULL);
}

static fa_status write_onnx(const char *path, const struct detector *detector)
{
    const struct fa_architecture *architecture = &detector->architecture;
    struct fa_model_config config = fa_weights_model(architecture);

    if (!architecture->has_neck || !architecture->has_head || architecture->num_classes == 0)
        return fa_fail(FA_EINVAL, "an ONNX model needs neck, head and class layer, which are not all there");
    FA_TRY(fa_model_weights_anchors(&detector->file->meta, &config.anchors));
    config.anchors.finest_level = architecture->finest_level;
    return fa_onnx_write(path, &config, detector->file);
}

static const struct format {
    const char *name, *suffix;
    write_fn write;
} formats[] = {{"safetensors", ".safetensors", write_safetensors},
               {"h5", ".h5", write_h5},
               {"onnx", ".onnx", write_onnx}};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

/* That which --format names, else that by whose suffix --out ends. */
static fa_status choose_format(const struct fa_invocation *invocation, const char *path,
                               const struct format **chosen)
{
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    const char *name = fa_arguments_get(&invocation->arguments, "--format");
    const char *suffixes[N_FORMATS + 1] = {NULL}, *end;
    size_t n = 0;

    for (size_t i = 0; i < N_FORMATS; i++)
        if (name == NULL || strcmp(name, formats[i].name) == 0)
            suffixes[n++] = formats[i].suffix;
    if (n == 0)
        return fa_fail(FA_EINVAL, "--format %s: expected safetensors, h5 or onnx", name);
    FA_TRY(fa_weights_check_out(invocation, path, suffixes));
    end = strrchr(out, '.');
    for (size_t i = 0; i < N_FORMATS; i++)
        if (strcmp(end, formats[i].suffix) == 0)
            *chosen = &formats[i];
    return FA_OK;
}

/* ---- the action ---- */

static fa_status convert(struct fa_invocation *invocation, const char *path, const struct format *format,
                         struct fa_weights_file *file)
{
    const char *out = fa_arguments_get(&invocation->arguments, "--out");
    struct detector detector = {.file = file};
    struct fa_json *recipe = NULL;
    fa_status status;

    FA_TRY(fa_weights_fit(invocation, path, file, &detector.architecture));
    status = fa_prefix(fa_recipe_shorten(&file->meta.recipe, &recipe), "%s", path);
    fa_json_free(recipe);
    if (status == FA_OK)
        status = format->write(out, &detector);
    if (status == FA_OK)
        printf("wrote %s\n", out);
    return status;
}

fa_status fa_weights_export(struct fa_invocation *invocation, const char *const *paths)
{
    const struct format *format = NULL;
    struct fa_weights_file *file;
    fa_status status;

    FA_TRY(choose_format(invocation, paths[0], &format));
    FA_TRY(fa_model_weights_read(paths[0], &file, NULL));
    status = convert(invocation, paths[0], format, file);
    fa_weights_free(file);
    return status;
}
