#include "weights_meta.h"

#include <string.h>

#include "fa/json.h"
#include "fa/memory.h"

static fa_status print_classes(size_t n, char *const *classes, char **text)
{
    struct fa_json *array = fa_json_new_array();
    fa_status status;

    *text = NULL;
    for (size_t i = 0; i < n; i++)
        if (!fa_json_append(array, fa_json_new_string(classes[i]))) {
            fa_json_free(array);
            return fa_fail(FA_ENOMEM, "out of memory for %zu class names", n);
        }
    if (array == NULL)
        return fa_fail(FA_ENOMEM, "out of memory for %zu class names", n);
    status = fa_json_print(array, false, text);
    fa_json_free(array);
    return status;
}

static fa_status write_classes(struct fa_h5 *file, size_t n, char *const *classes)
{
    char *text;
    fa_status status;

    FA_TRY(print_classes(n, classes, &text));
    status = fa_h5_set_string(file, "classes", text);
    fa_free(text);
    return status;
}

fa_status fa_weights_meta_write(struct fa_h5 *file, const struct fa_weights_meta *meta)
{
    const uint8_t to_rgb = meta->to_rgb;

    FA_TRY(fa_h5_set_numbers(file, "mean", FA_H5_F32, 3, meta->mean));
    FA_TRY(fa_h5_set_numbers(file, "std", FA_H5_F32, 3, meta->std));
    FA_TRY(fa_h5_set_numbers(file, "to_rgb", FA_H5_U8, 1, &to_rgb));
    if (meta->model != NULL)
        FA_TRY(fa_h5_set_string(file, "model", meta->model));
    if (meta->n_classes > 0)
        FA_TRY(write_classes(file, meta->n_classes, meta->classes));
    return FA_OK;
}

/* One block: the pointers, then the names that they point to. */
static fa_status copy_names(const char *path, const struct fa_json *array, struct fa_weights_meta *meta)
{
    size_t n = 0, n_bytes = 0;
    const char *name;
    char **block, *text;

    for (const struct fa_json *item = fa_json_first(array); item != NULL; item = fa_json_next(item), n++) {
        if (!fa_json_to_string(item, &name))
            return fa_fail(FA_EFORMAT, "%s: classes: item %zu is not a name", path, n);
        n_bytes += strlen(name) + 1;
    }
    FA_TRY(fa_alloc(n * sizeof *block + n_bytes, 1, &block));
    text = (char *)(block + n);
    n = 0;
    for (const struct fa_json *item = fa_json_first(array); item != NULL; item = fa_json_next(item)) {
        if (fa_json_to_string(item, &name))
            block[n++] = strcpy(text, name);
        text += strlen(text) + 1;
    }
    meta->classes = block;
    meta->n_classes = n;
    return FA_OK;
}

static fa_status parse_classes(const char *path, const char *text, struct fa_weights_meta *meta)
{
    struct fa_json *array;
    fa_status status;

    FA_TRY(fa_prefix(fa_json_parse("classes", text, strlen(text), &array), "%s", path));
    if (fa_json_kind(array) == FA_JSON_ARRAY)
        status = copy_names(path, array, meta);
    else
        status = fa_fail(FA_EFORMAT, "%s: classes: is not a JSON array of names", path);
    fa_json_free(array);
    return status;
}

static fa_status read_classes(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta)
{
    char *text;
    fa_status status;

    FA_TRY(fa_h5_get_string(file, "classes", &text));
    status = parse_classes(path, text, meta);
    fa_free(text);
    return status;
}

fa_status fa_weights_meta_read(struct fa_h5 *file, const char *path, struct fa_weights_meta *meta,
                               bool *has_meta)
{
    uint8_t to_rgb;

    *has_meta = fa_h5_has_attribute(file, "mean");
    if (!*has_meta)
        return FA_OK;
    FA_TRY(fa_h5_get_numbers(file, "mean", FA_H5_F32, 3, meta->mean));
    FA_TRY(fa_h5_get_numbers(file, "std", FA_H5_F32, 3, meta->std));
    FA_TRY(fa_h5_get_numbers(file, "to_rgb", FA_H5_U8, 1, &to_rgb));
    meta->to_rgb = to_rgb != 0;
    if (fa_h5_has_attribute(file, "model"))
        FA_TRY(fa_h5_get_string(file, "model", &meta->model));
    if (fa_h5_has_attribute(file, "classes"))
        FA_TRY(read_classes(file, path, meta));
    return FA_OK;
}

void fa_weights_meta_clear(struct fa_weights_meta *meta)
{
    fa_free(meta->classes);
    fa_free(meta->model);
    *meta = (struct fa_weights_meta){0};
}
