#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "config_file.h"
#include "fa/pyramid.h"
#include "fa/text.h"
#include "nearest.h"
#include "option.h"
#include "recipe.h"
#include "settings_check.h"

static const struct fa_option *find_option(const char *key)
{
    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        if (strcmp(option->key, key) == 0)
            return option;
    return NULL;
}

static fa_status unknown_key(const char *key)
{
    struct fa_nearest nearest;

    const struct fa_option *meant = fa_option_by_last_word(key);

    if (meant != NULL)
        return fa_fail(FA_EINVAL, "unknown key %s; did you mean %s?", key, meant->key);
    fa_nearest_init(&nearest, key);
    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        fa_nearest_offer(&nearest, option->key);
    if (nearest.best != NULL)
        return fa_fail(FA_EINVAL, "unknown key %s; did you mean %s?", key, nearest.best);
    return fa_fail(FA_EINVAL, "unknown key %s; `freeanchor info --keys` lists all", key);
}

/* "train" of "train.batch". */
static bool is_group(const char *key)
{
    const size_t length = strlen(key);

    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        if (strncmp(option->key, key, length) == 0 && option->key[length] == '.')
            return true;
    return false;
}

static fa_status check_keys(const struct fa_json *tree, const char *prefix);

static fa_status check_member(const struct fa_json *member, const char *prefix)
{
    const char *name = fa_json_key(member);
    char key[256];

    snprintf(key, sizeof key, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", name);
    if (strchr(name, '.') != NULL)
        return fa_fail(FA_EINVAL,
                       "unknown key \"%.200s\": in a file, groups are objects: {\"train\": {\"epochs\": 12}}",
                       name);
    if (find_option(key) != NULL)
        return FA_OK;
    if (!is_group(key))
        return unknown_key(key);
    if (fa_json_kind(member) != FA_JSON_OBJECT)
        return fa_fail(FA_EINVAL, "%s: expected an object that holds keys of this group", key);
    return check_keys(member, key);
}

/* Every member is an option, or a group of options; nothing is passed over, not even what is empty. */
static fa_status check_keys(const struct fa_json *tree, const char *prefix)
{
    for (const struct fa_json *member = fa_json_first(tree); member != NULL; member = fa_json_next(member))
        FA_TRY(check_member(member, prefix));
    return FA_OK;
}

static fa_status check_file(const struct fa_json *tree)
{
    for (const struct fa_json *member = fa_json_first(tree); member != NULL; member = fa_json_next(member))
        if (!fa_config_is_of_the_file(fa_json_key(member)))
            FA_TRY(check_member(member, ""));
    return FA_OK;
}

/* Puts a copy of the option's value, or of its default, into resolved, and stores it. */
static fa_status resolve_option(const struct fa_option *option, const struct fa_json *given,
                                struct fa_settings *settings)
{
    const struct fa_json *value = fa_config_get(given, option->key);

    if (value != NULL)
        FA_TRY(fa_config_set(settings->resolved, option->key, fa_json_copy(value)));
    else
        FA_TRY(fa_config_assign(settings->resolved, option->key, option->fallback));
    return fa_option_store(option, fa_config_get(settings->resolved, option->key), settings);
}

/* What a text key is given is text, even if it looks like a number. */
static bool is_bare_text(const struct fa_option *option, const char *value)
{
    return (option->type == FA_OPTION_STRING && value[0] != '"') ||
           (option->type == FA_OPTION_PATHS && value[0] != '"' && value[0] != '[');
}

/* Only keys of the table: a whole group would silently take the place of what the files say. */
static fa_status assign(struct fa_json *tree, const char *assignment)
{
    const struct fa_option *option;
    char key[128];
    const char *equals = strchr(assignment, '=');

    if (equals == NULL || equals == assignment || (size_t)(equals - assignment) >= sizeof key)
        return fa_fail(FA_EINVAL, "--set %s: expected key=value, for example train.batch=8", assignment);
    snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
    option = find_option(key);
    if (option == NULL)
        return fa_prefix(unknown_key(key), "--set %s", assignment);
    if (is_bare_text(option, equals + 1))
        return fa_config_set(tree, key, fa_json_new_string(equals + 1));
    return fa_config_assign(tree, key, equals + 1);
}

static bool is_assigned(const char *key, const char *const *assignments, size_t n)
{
    const size_t length = strlen(key);

    for (size_t i = 0; i < n; i++)
        if (strncmp(assignments[i], key, length) == 0 && assignments[i][length] == '=')
            return true;
    return false;
}

/* "data.scale is [640, 480] here, [320, 240] in the weights" */
static fa_status add_contradiction(const char *key, const struct fa_json *file, const struct fa_json *recipe,
                                   char *told, size_t size)
{
    struct fa_recipe_difference difference;

    FA_TRY(fa_recipe_compare(fa_config_get(file, key), fa_config_get(recipe, key), &difference));
    if (difference.here != NULL)
        fa_text_add(told, size, "%s%s is %.60s here, %.60s in the weights", told[0] != '\0' ? ", " : "", key,
                    difference.here, difference.there);
    fa_recipe_difference_clear(&difference);
    return FA_OK;
}

/* All that a file says against the recipe of the weights, in one sentence. */
static fa_status check_against(const struct fa_json *recipe, const struct fa_json *file,
                               const char *const *assignments, size_t n)
{
    char told[512] = "";

    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        if (fa_recipe_shapes(option->key) && !is_assigned(option->key, assignments, n))
            FA_TRY(add_contradiction(option->key, file, recipe, told, sizeof told));
    if (told[0] == '\0')
        return FA_OK;
    return fa_fail(
        FA_EINVAL,
        "%s; leave out --config, since the weights carry their recipe, or give by --set what you want "
        "nonetheless",
        told);
}

fa_status fa_settings_agree(const struct fa_json *recipe, const char *path, const char *const *assignments,
                            size_t n)
{
    struct fa_json *file;
    fa_status status;

    FA_TRY(fa_config_read(path, check_file, &file));
    status = fa_prefix(check_against(recipe, file, assignments, n), "%s", path);
    fa_json_free(file);
    return status;
}

fa_status fa_settings_read_tree(const char *path, struct fa_json **out)
{
    return fa_config_read(path, check_file, out);
}

/* ---- what is given, from where ---- */

struct given {
    const struct fa_settings_base *base; /* NULL: none */
    const char *path;                    /* NULL: none */
    const char *const *assignments;
    size_t n;
    struct fa_json *file; /* at path */
    struct fa_json *all;  /* the base, the file over it, the assignments over both */
};

static fa_status read_given(struct given *given)
{
    given->all = fa_json_new_object();
    if (given->all == NULL)
        return fa_fail(FA_ENOMEM, "memory is exhausted while reading the configuration");
    if (given->base != NULL)
        FA_TRY(fa_config_merge(given->all, given->base->tree));
    if (given->path != NULL) {
        FA_TRY(fa_config_read(given->path, check_file, &given->file));
        FA_TRY(fa_config_merge(given->all, given->file));
    }
    for (size_t i = 0; i < given->n; i++)
        FA_TRY(assign(given->all, given->assignments[i]));
    return FA_OK;
}

/* The file that a key's value comes from; NULL: none. */
static const char *source_of(const struct given *given, const char *key)
{
    if (fa_config_get(given->file, key) != NULL)
        return given->path;
    return given->base != NULL && fa_config_get(given->base->tree, key) != NULL ? given->base->name : NULL;
}

/* A value that is wrong is told with its file, unless it is the command line's; so are two, the other may be
   NULL, that do not go together. */
static fa_status blame(fa_status status, const struct given *given, const char *key, const char *other)
{
    const char *source = source_of(given, key);

    if (source == NULL && other != NULL)
        source = source_of(given, other);
    if (source == NULL || is_assigned(key, given->assignments, given->n) ||
        (other != NULL && is_assigned(other, given->assignments, given->n)))
        return status;
    return fa_prefix(status, "%s", source);
}

static int shorter(const int pair[2])
{
    return pair[0] < pair[1] ? pair[0] : pair[1];
}

static int longer(const int pair[2])
{
    return pair[0] > pair[1] ? pair[0] : pair[1];
}

static const int *largest(const struct fa_scales *scales)
{
    const int *found = scales->pair[0];

    for (int i = 1; i < scales->n; i++) {
        const int *pair = scales->pair[i];

        if (shorter(pair) > shorter(found) ||
            (shorter(pair) == shorter(found) && pair[0] + pair[1] > found[0] + found[1]))
            found = pair;
    }
    return found;
}

/* Training draws from a list; whoever needs one size, and evaluation unless it is told, takes the largest. */
static void settle_scales(struct fa_settings *settings)
{
    struct fa_transform *training = &settings->train.transform, *evaluation = &settings->train.eval.transform;
    const struct fa_scales *own = &settings->eval_scale;
    const bool mirrors = evaluation->mirrors;

    training->scales.range = settings->scale_mode == FA_SCALE_RANGE;
    memcpy(training->scale, largest(&training->scales), sizeof training->scale);
    *evaluation = *training;
    evaluation->mirrors = mirrors;
    evaluation->scales = *own;
    if (own->n > 0)
        memcpy(evaluation->scale, largest(own), sizeof evaluation->scale);
}

static fa_status resolve(const struct given *given, struct fa_settings *settings)
{
    struct fa_evaluate_config *eval = &settings->train.eval;
    const char *keys[2];
    fa_status status;

    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        FA_TRY(blame(resolve_option(option, given->all, settings), given, option->key, NULL));
    settings->model.head_init = (enum fa_head_init)settings->head_init;
    settings->model.norm = (enum fa_model_norm)settings->norm;
    eval->detect.coder = settings->train.loss.coder;
    settle_scales(settings);
    eval->transform.flip_probability = 0;
    eval->transform.augment = (struct fa_augment){0};
    eval->loader_threads = settings->train.loader_threads;
    status = fa_settings_check(settings, keys);
    return status == FA_OK ? FA_OK : blame(status, given, keys[0], keys[1]);
}

fa_status fa_settings_read_over(const struct fa_settings_base *base, const char *path,
                                const char *const *assignments, size_t n, struct fa_settings *out)
{
    struct given given = {.base = base, .path = path, .assignments = assignments, .n = n};
    fa_status status;

    *out = (struct fa_settings){.resolved = fa_json_new_object()};
    if (out->resolved == NULL)
        return fa_fail(FA_ENOMEM, "memory is exhausted while reading the configuration");
    status = read_given(&given);
    if (status == FA_OK)
        status = resolve(&given, out);
    fa_json_free(given.file);
    fa_json_free(given.all);
    if (status != FA_OK)
        fa_settings_clear(out);
    return status;
}

static int padded(int side)
{
    return (side + FA_SIZE_DIVISOR - 1) / FA_SIZE_DIVISOR * FA_SIZE_DIVISOR;
}

void fa_settings_image(const struct fa_settings *settings, int *h, int *w)
{
    const int *limits = settings->train.transform.scale;

    *h = padded(shorter(limits));
    *w = padded(longer(limits));
}

void fa_settings_clear(struct fa_settings *settings)
{
    fa_json_free(settings->resolved);
    *settings = (struct fa_settings){0};
}
