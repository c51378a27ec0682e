#include "config_file.h"

#include <string.h>

#include "config_find.h"
#include "fa/memory.h"

#define MAX_INHERITANCE 16
#define MAX_FILES       256 /* in all: lists of lists of files grow faster than anybody means */
#define KEY_MAX         128

/* A configuration that is being put together. */
struct reading {
    struct fa_json *tree;
    fa_config_check check;
    int n_files;
};

static fa_status out_of_memory(void)
{
    return fa_fail(FA_ENOMEM, "memory is exhausted while reading the configuration");
}

bool fa_config_is_of_the_file(const char *key)
{
    return strcmp(key, FA_CONFIG_BASE) == 0 || strcmp(key, FA_CONFIG_RUN_ID) == 0;
}

fa_status fa_config_merge(struct fa_json *into, const struct fa_json *from)
{
    for (const struct fa_json *member = fa_json_first(from); member != NULL; member = fa_json_next(member)) {
        const char *key = fa_json_key(member);
        struct fa_json *old = fa_json_get(into, key);

        if (fa_json_kind(old) == FA_JSON_OBJECT && fa_json_kind(member) == FA_JSON_OBJECT)
            FA_TRY(fa_config_merge(old, member));
        else if (!fa_config_is_of_the_file(key) && !fa_json_set(into, key, fa_json_copy(member)))
            return out_of_memory();
    }
    return FA_OK;
}

static fa_status read_over(struct reading *reading, const char *path, int depth);

static fa_status read_base(struct reading *reading, const char *path, const char *base, int depth)
{
    fa_status status;
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL && base[0] != '/' ? (int)(slash - path) + 1 : 0;
    char *resolved;

    FA_TRY(fa_asprintf(&resolved, "%.*s%s", folder, path, base));
    status = read_over(reading, resolved, depth + 1);
    fa_free(resolved);
    return status;
}

static fa_status read_bases(struct reading *reading, const char *path, const struct fa_json *base, int depth)
{
    const char *name;

    if (base == NULL)
        return FA_OK;
    if (depth >= MAX_INHERITANCE)
        return fa_fail(FA_EINVAL, "%s: configurations inherit more than %d deep, or from themselves", path,
                       MAX_INHERITANCE);
    if (fa_json_kind(base) != FA_JSON_ARRAY)
        return fa_fail(FA_EINVAL, "%s: \"" FA_CONFIG_BASE "\" must be a list of files", path);
    for (const struct fa_json *item = fa_json_first(base); item != NULL; item = fa_json_next(item)) {
        if (!fa_json_to_string(item, &name))
            return fa_fail(FA_EINVAL, "%s: \"" FA_CONFIG_BASE "\" must be a list of files", path);
        FA_TRY(read_base(reading, path, name, depth));
    }
    return FA_OK;
}

static fa_status take_over(struct reading *reading, const char *path, const struct fa_json *own, int depth)
{
    if (fa_json_kind(own) != FA_JSON_OBJECT)
        return fa_fail(FA_EINVAL, "%s: a configuration is a JSON object", path);
    FA_TRY(fa_prefix(reading->check(own), "%s", path));
    FA_TRY(read_bases(reading, path, fa_json_get(own, FA_CONFIG_BASE), depth));
    return fa_config_merge(reading->tree, own);
}

static fa_status read_over(struct reading *reading, const char *path, int depth)
{
    fa_status status;
    struct fa_json *own;

    if (++reading->n_files > MAX_FILES)
        return fa_fail(FA_EINVAL, "%s: more than %d configurations are inherited", path, MAX_FILES);
    FA_TRY(fa_json_read_commented(path, &own));
    status = take_over(reading, path, own, depth);
    fa_json_free(own);
    return status;
}

fa_status fa_config_read(const char *path, fa_config_check check, struct fa_json **out)
{
    struct reading reading = {.tree = fa_json_new_object(), .check = check};
    char *found = NULL;
    fa_status status = reading.tree != NULL ? fa_config_find(path, &found) : out_of_memory();

    if (status == FA_OK)
        status = read_over(&reading, found, 0);
    fa_free(found);
    if (status != FA_OK) {
        fa_json_free(reading.tree);
        reading.tree = NULL;
    }
    *out = reading.tree;
    return status;
}

/* The first word of a dotted key, in a buffer; what is behind its dot, or NULL. */
static const char *split(const char *key, char word[KEY_MAX])
{
    const char *dot = strchr(key, '.');
    size_t length = dot != NULL ? (size_t)(dot - key) : strlen(key);

    if (length >= KEY_MAX)
        length = KEY_MAX - 1;
    memcpy(word, key, length);
    word[length] = '\0';
    return dot != NULL ? dot + 1 : NULL;
}

fa_status fa_config_set(struct fa_json *tree, const char *key, struct fa_json *value)
{
    char word[KEY_MAX];
    const char *rest = split(key, word);

    for (; rest != NULL; rest = split(rest, word)) {
        if (fa_json_kind(fa_json_get(tree, word)) != FA_JSON_OBJECT &&
            !fa_json_set(tree, word, fa_json_new_object())) {
            fa_json_free(value);
            return out_of_memory();
        }
        tree = fa_json_get(tree, word);
    }
    return fa_json_set(tree, word, value) ? FA_OK : out_of_memory();
}

fa_status fa_config_assign(struct fa_json *tree, const char *key, const char *text)
{
    struct fa_json *value;

    if (fa_json_parse(key, text, strlen(text), &value) != FA_OK)
        value = fa_json_new_string(text);
    return fa_config_set(tree, key, value);
}

struct fa_json *fa_config_get(const struct fa_json *tree, const char *key)
{
    char word[KEY_MAX];
    const char *rest = split(key, word);
    struct fa_json *value = fa_json_get(tree, word);

    for (; rest != NULL && value != NULL; value = fa_json_get(value, word))
        rest = split(rest, word);
    return value;
}
