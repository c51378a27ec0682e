#include "safetensors_meta.h"

#include <stdio.h>
#include <string.h>

#include "class_names.h"
#include "fa/memory.h"

static fa_status fail_memory(void)
{
    return fa_fail(FA_ENOMEM, "out of memory for the header of a safetensors file");
}

static fa_status set_text(struct fa_json *object, const char *key, const char *text)
{
    return fa_json_set(object, key, fa_json_new_string(text)) ? FA_OK : fail_memory();
}

static fa_status set_triple(struct fa_json *object, const char *key, const float *v)
{
    char text[64];

    snprintf(text, sizeof text, "[%.9g, %.9g, %.9g]", (double)v[0], (double)v[1], (double)v[2]);
    return set_text(object, key, text);
}

static fa_status set_classes(struct fa_json *object, const struct fa_weights_meta *meta)
{
    char *text;
    fa_status status;

    FA_TRY(fa_class_names_print(meta->n_classes, meta->classes, &text));
    status = set_text(object, "classes", text);
    fa_free(text);
    return status;
}

static fa_status set_meta(struct fa_json *object, const struct fa_weights_meta *meta)
{
    FA_TRY(set_text(object, "format", "pt"));
    if (meta == NULL)
        return FA_OK;
    FA_TRY(set_triple(object, "mean", meta->mean));
    FA_TRY(set_triple(object, "std", meta->std));
    FA_TRY(set_text(object, "to_rgb", meta->to_rgb ? "true" : "false"));
    if (meta->model != NULL)
        FA_TRY(set_text(object, "model", meta->model));
    return meta->n_classes > 0 ? set_classes(object, meta) : FA_OK;
}

fa_status fa_safetensors_meta_write(struct fa_json *header, const struct fa_weights_meta *meta)
{
    struct fa_json *object = fa_json_new_object();
    fa_status status = object != NULL ? set_meta(object, meta) : fail_memory();

    if (status != FA_OK) {
        fa_json_free(object);
        return status;
    }
    return fa_json_set(header, "__metadata__", object) ? FA_OK : fail_memory();
}

/* Text that is JSON, such as "[1, 2, 3]" and "true". */
static fa_status parse_text(const char *path, const char *key, const char *text, struct fa_json **out)
{
    return fa_prefix(fa_json_parse(key, text, strlen(text), out), "%s: __metadata__", path);
}

static bool to_triple(const struct fa_json *array, float *out)
{
    const struct fa_json *item = fa_json_first(array);

    if (fa_json_kind(array) != FA_JSON_ARRAY || fa_json_count(array) != 3)
        return false;
    for (int i = 0; i < 3; i++, item = fa_json_next(item)) {
        double value;

        if (!fa_json_to_double(item, &value))
            return false;
        out[i] = (float)value;
    }
    return true;
}

static fa_status read_triple(const char *path, const char *key, const char *text, float *out)
{
    struct fa_json *array;
    fa_status status = FA_OK;

    FA_TRY(parse_text(path, key, text, &array));
    if (!to_triple(array, out))
        status = fa_fail(FA_EFORMAT, "%s: __metadata__: %s is not three numbers", path, key);
    fa_json_free(array);
    return status;
}

static fa_status read_preprocessing(const char *path, const struct fa_json *metadata,
                                    struct fa_weights_file *file)
{
    const char *mean, *std, *to_rgb;

    if (!fa_json_to_string(fa_json_get(metadata, "mean"), &mean) ||
        !fa_json_to_string(fa_json_get(metadata, "std"), &std) ||
        !fa_json_to_string(fa_json_get(metadata, "to_rgb"), &to_rgb))
        return FA_OK; /* somebody else's file */
    FA_TRY(read_triple(path, "mean", mean, file->meta.mean));
    FA_TRY(read_triple(path, "std", std, file->meta.std));
    if (strcmp(to_rgb, "true") != 0 && strcmp(to_rgb, "false") != 0)
        return fa_fail(FA_EFORMAT, "%s: __metadata__: to_rgb is neither true nor false", path);
    file->meta.to_rgb = strcmp(to_rgb, "true") == 0;
    file->has_meta = true;
    return FA_OK;
}

fa_status fa_safetensors_meta_read(const char *path, const struct fa_json *metadata,
                                   struct fa_weights_file *file)
{
    const char *text;

    FA_TRY(read_preprocessing(path, metadata, file));
    if (!file->has_meta)
        return FA_OK;
    if (fa_json_to_string(fa_json_get(metadata, "model"), &text))
        FA_TRY(fa_strdup(text, &file->meta.model));
    if (fa_json_to_string(fa_json_get(metadata, "classes"), &text))
        FA_TRY(fa_class_names_parse(path, text, &file->meta));
    return FA_OK;
}
