#include "config_file.h"

#include <string.h>

#include "fa/memory.h"

#define MAX_INHERITANCE 16
#define KEY_MAX         128

static fa_status out_of_memory(void)
{
    return fa_fail(FA_ENOMEM, "memory is exhausted while reading the configuration");
}

/* Members of from over those of into: objects merge, everything else is replaced. */
static fa_status merge(struct fa_json *into, const struct fa_json *from)
{
    for (const struct fa_json *member = fa_json_first(from); member != NULL; member = fa_json_next(member)) {
        const char *key = fa_json_key(member);
        struct fa_json *old = fa_json_get(into, key);

        if (fa_json_kind(old) == FA_JSON_OBJECT && fa_json_kind(member) == FA_JSON_OBJECT)
            FA_TRY(merge(old, member));
        else if (strcmp(key, "base") != 0 && !fa_json_set(into, key, fa_json_copy(member)))
            return out_of_memory();
    }
    return FA_OK;
}

static fa_status read_over(const char *path, int depth, struct fa_json *tree);

static fa_status read_base(const char *path, const char *base, int depth, struct fa_json *tree)
{
    fa_status status;
    const char *slash = strrchr(path, '/');
    int folder = slash != NULL && base[0] != '/' ? (int)(slash - path) + 1 : 0;
    char *resolved;

    FA_TRY(fa_asprintf(&resolved, "%.*s%s", folder, path, base));
    status = read_over(resolved, depth + 1, tree);
    fa_free(resolved);
    return status;
}

static fa_status read_bases(const char *path, const struct fa_json *base, int depth, struct fa_json *tree)
{
    const char *name;

    if (base == NULL)
        return FA_OK;
    if (depth >= MAX_INHERITANCE)
        return fa_fail(FA_EINVAL, "%s: configurations inherit more than %d deep, or from themselves", path,
                       MAX_INHERITANCE);
    if (fa_json_kind(base) != FA_JSON_ARRAY)
        return fa_fail(FA_EINVAL, "%s: \"base\" must be a list of files", path);
    for (const struct fa_json *item = fa_json_first(base); item != NULL; item = fa_json_next(item)) {
        if (!fa_json_to_string(item, &name))
            return fa_fail(FA_EINVAL, "%s: \"base\" must be a list of files", path);
        FA_TRY(read_base(path, name, depth, tree));
    }
    return FA_OK;
}

static fa_status read_over(const char *path, int depth, struct fa_json *tree)
{
    fa_status status;
    struct fa_json *own;

    FA_TRY(fa_json_read_file(path, &own));
    if (fa_json_kind(own) == FA_JSON_OBJECT)
        status = read_bases(path, fa_json_get(own, "base"), depth, tree);
    else
        status = fa_fail(FA_EINVAL, "%s: a configuration is a JSON object", path);
    if (status == FA_OK)
        status = merge(tree, own);
    fa_json_free(own);
    return status;
}

fa_status fa_config_read(const char *path, struct fa_json **out)
{
    fa_status status;

    *out = fa_json_new_object();
    if (*out == NULL)
        return out_of_memory();
    status = read_over(path, 0, *out);
    if (status != FA_OK) {
        fa_json_free(*out);
        *out = NULL;
    }
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
