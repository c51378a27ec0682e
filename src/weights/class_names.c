#include "class_names.h"

#include <string.h>

#include "fa/json.h"
#include "fa/memory.h"

fa_status fa_class_names_print(size_t n, char *const *classes, char **text)
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

/* One block: the pointers, then the names that they point to. */
fa_status fa_class_names_copy(size_t n, const char *const *names, struct fa_weights_meta *meta)
{
    size_t n_bytes = 0;
    char **block, *text;

    for (size_t i = 0; i < n; i++)
        n_bytes += strlen(names[i]) + 1;
    FA_TRY(fa_alloc(n * sizeof *block + n_bytes, 1, &block));
    text = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        block[i] = strcpy(text, names[i]);
        text += strlen(text) + 1;
    }
    meta->classes = block;
    meta->n_classes = n;
    return FA_OK;
}

static fa_status copy_array(const char *path, const struct fa_json *array, const char **names,
                            struct fa_weights_meta *meta)
{
    size_t n = 0;

    for (const struct fa_json *item = fa_json_first(array); item != NULL; item = fa_json_next(item), n++)
        if (!fa_json_to_string(item, &names[n]))
            return fa_fail(FA_EFORMAT, "%s: classes: item %zu is not a name", path, n);
    return fa_class_names_copy(n, names, meta);
}

static fa_status read_array(const char *path, const struct fa_json *array, struct fa_weights_meta *meta)
{
    const char **names;
    fa_status status;

    if (fa_json_kind(array) != FA_JSON_ARRAY)
        return fa_fail(FA_EFORMAT, "%s: classes: is not a JSON array of names", path);
    FA_TRY(fa_alloc(fa_json_count(array), sizeof *names, &names));
    status = copy_array(path, array, names, meta);
    fa_free(names);
    return status;
}

fa_status fa_class_names_parse(const char *path, const char *text, struct fa_weights_meta *meta)
{
    struct fa_json *array;
    fa_status status;

    FA_TRY(fa_prefix(fa_json_parse("classes", text, strlen(text), &array), "%s", path));
    status = read_array(path, array, meta);
    fa_json_free(array);
    return status;
}
