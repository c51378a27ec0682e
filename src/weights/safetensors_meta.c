#include "safetensors_meta.h"

#include <stdio.h>
#include <string.h>

#include "class_names.h"
#include "fa/memory.h"
#include "weights_meta.h"

static fa_status fail_memory(void)
{
    return fa_fail(FA_ENOMEM, "out of memory for the metadata of weights");
}

static fa_status set_text(struct fa_json *object, const char *key, const char *text)
{
    return fa_json_set(object, key, fa_json_new_string(text)) ? FA_OK : fail_memory();
}

/* "[1, 2, 3]" of n floats, at most 4. */
static fa_status set_floats(struct fa_json *object, const char *key, const float *values, int n)
{
    char text[96];
    int length = 0;

    for (int i = 0; i < n; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%.9g", i == 0 ? "[" : ", ",
                           (double)values[i]);
    snprintf(text + length, sizeof text - (size_t)length, "]");
    return set_text(object, key, text);
}

static fa_status set_thresholds(struct fa_json *object, const struct fa_thresholds *thresholds)
{
    char number[32], *text;
    fa_status status;

    snprintf(number, sizeof number, "%.17g", thresholds->all);
    if (thresholds->all > 0)
        FA_TRY(set_text(object, "score_threshold", number));
    if (thresholds->n == 0)
        return FA_OK;
    FA_TRY(fa_thresholds_print(thresholds, &text));
    status = set_text(object, FA_WEIGHTS_CLASS_THRESHOLDS, text);
    fa_free(text);
    return status;
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

fa_status fa_weights_meta_print(const struct fa_weights_meta *meta, struct fa_json *object)
{
    FA_TRY(set_floats(object, "mean", meta->mean, 3));
    FA_TRY(set_floats(object, "std", meta->std, 3));
    FA_TRY(set_text(object, "to_rgb", meta->to_rgb ? "true" : "false"));
    if (meta->coder_std[0] > 0)
        FA_TRY(set_floats(object, "coder_std", meta->coder_std, 4));
    FA_TRY(set_thresholds(object, &meta->thresholds));
    if (meta->model != NULL)
        FA_TRY(set_text(object, "model", meta->model));
    if (meta->recipe != NULL)
        FA_TRY(set_text(object, "recipe", meta->recipe));
    return meta->n_classes > 0 ? set_classes(object, meta) : FA_OK;
}

fa_status fa_safetensors_meta_write(struct fa_json *header, const struct fa_weights_meta *meta)
{
    struct fa_json *object = fa_json_new_object();
    fa_status status = set_text(object, "format", "pt");

    if (status == FA_OK && meta != NULL)
        status = fa_weights_meta_print(meta, object);
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

static bool to_floats(const struct fa_json *array, float *out, size_t n)
{
    const struct fa_json *item = fa_json_first(array);

    if (fa_json_kind(array) != FA_JSON_ARRAY || fa_json_count(array) != n)
        return false;
    for (size_t i = 0; i < n; i++, item = fa_json_next(item)) {
        double value;

        if (!fa_json_to_double(item, &value))
            return false;
        out[i] = (float)value;
    }
    return true;
}

static fa_status read_floats(const char *path, const char *key, const char *text, float *out, size_t n)
{
    struct fa_json *array;
    fa_status status = FA_OK;

    FA_TRY(parse_text(path, key, text, &array));
    if (!to_floats(array, out, n))
        status = fa_fail(FA_EFORMAT, "%s: __metadata__: %s is not %s numbers", path, key,
                         n == 3 ? "three" : "four");
    fa_json_free(array);
    return status;
}

static fa_status read_threshold(const char *path, const char *text, double *out)
{
    struct fa_json *number;
    fa_status status;

    FA_TRY(parse_text(path, "score_threshold", text, &number));
    status = fa_json_to_double(number, out)
                 ? fa_weights_check_threshold(path, *out)
                 : fa_fail(FA_EFORMAT, "%s: __metadata__: score_threshold is not a number", path);
    fa_json_free(number);
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
    FA_TRY(read_floats(path, "mean", mean, file->meta.mean, 3));
    FA_TRY(read_floats(path, "std", std, file->meta.std, 3));
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
    bool has_coder;

    FA_TRY(read_preprocessing(path, metadata, file));
    if (!file->has_meta)
        return FA_OK;
    has_coder = fa_json_to_string(fa_json_get(metadata, "coder_std"), &text);
    if (has_coder)
        FA_TRY(read_floats(path, "coder_std", text, file->meta.coder_std, 4));
    FA_TRY(fa_weights_meta_check(path, &file->meta, has_coder));
    if (fa_json_to_string(fa_json_get(metadata, "score_threshold"), &text))
        FA_TRY(read_threshold(path, text, &file->meta.thresholds.all));
    if (fa_json_to_string(fa_json_get(metadata, "model"), &text))
        FA_TRY(fa_strdup(text, &file->meta.model));
    if (fa_json_to_string(fa_json_get(metadata, "recipe"), &text))
        FA_TRY(fa_strdup(text, &file->meta.recipe));
    if (fa_json_to_string(fa_json_get(metadata, "classes"), &text))
        FA_TRY(fa_class_names_parse(path, text, &file->meta));
    if (fa_json_to_string(fa_json_get(metadata, FA_WEIGHTS_CLASS_THRESHOLDS), &text))
        FA_TRY(fa_weights_parse_thresholds(path, text, &file->meta));
    return FA_OK;
}
