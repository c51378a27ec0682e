#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "config_file.h"
#include "fa/memory.h"
#include "fa/pyramid.h"
#include "fa/text.h"
#include "nearest.h"
#include "option.h"
#include "recipe.h"

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

static fa_status check_depth(const struct fa_model_config *model)
{
    int depth = model->depth;

    if (depth != 18 && depth != 34 && depth != 50 && depth != 101)
        return fa_fail(FA_EINVAL, "model.backbone.depth: %d is none of 18, 34, 50, 101", depth);
    if (depth < 50 && model->groups > 1)
        return fa_fail(FA_EINVAL,
                       "model.backbone.groups: ResNeXt needs model.backbone.depth 50 or 101, not %d", depth);
    return FA_OK;
}

static fa_status check_focal(const struct fa_focal *focal)
{
    if (focal->negative_iou > focal->positive_iou)
        return fa_fail(FA_EINVAL, "loss.negative_iou: %g is above loss.positive_iou, %g", focal->negative_iou,
                       focal->positive_iou);
    return FA_OK;
}

static fa_status check_schedule(const struct fa_schedule *schedule)
{
    if (schedule->kind != FA_SCHEDULE_STEP && schedule->lr_min > schedule->lr)
        return fa_fail(FA_EINVAL, "train.lr_min: %g is above train.lr, %g; the rate can only fall",
                       schedule->lr_min, schedule->lr);
    return FA_OK;
}

static fa_status check_range(const char *key, const float range[2])
{
    if (range[0] > range[1])
        return fa_fail(FA_EINVAL, "%s: %g is above %g; the smaller factor comes first", key, (double)range[0],
                       (double)range[1]);
    return FA_OK;
}

/* Of the smaller side, to which random_scale and expand may shrink an image that fills its frame. */
static fa_status check_least_side(const struct fa_transform *transform)
{
    const struct fa_augment *a = &transform->augment;
    const int side = transform->scale[0] < transform->scale[1] ? transform->scale[0] : transform->scale[1];
    const double least = side * (double)a->random_scale[0] / (double)a->expand[1];

    if (least < FA_SIZE_DIVISOR / 2)
        return fa_fail(FA_EINVAL,
                       "data.random_scale from %g and data.expand to %g shrink images of %d pixels to %.2g, "
                       "where no object can be seen; shrink them less",
                       (double)a->random_scale[0], (double)a->expand[1], side, least);
    return FA_OK;
}

/* An object as large as the image must stay one at some scale. */
static fa_status check_visible(const struct fa_augment *a)
{
    const double scale = (double)a->random_scale[0];

    if (scale > 1 && 1 / (scale * scale) < a->min_visible)
        return fa_fail(FA_EINVAL,
                       "data.random_scale from %g always cuts away so much of a large object that less than "
                       "data.min_visible, %g, is left of it; set one of them lower",
                       scale, a->min_visible);
    return FA_OK;
}

static fa_status check_augment(const struct fa_transform *transform)
{
    const struct fa_augment *a = &transform->augment;

    FA_TRY(check_range("data.random_scale", a->random_scale));
    FA_TRY(check_range("data.expand", a->expand));
    FA_TRY(check_range("data.contrast", a->contrast));
    FA_TRY(check_range("data.saturation", a->saturation));
    FA_TRY(check_least_side(transform));
    return check_visible(a);
}

static fa_status resolve(const struct fa_json *given, struct fa_settings *settings)
{
    struct fa_evaluate_config *eval = &settings->train.eval;

    for (const struct fa_option *option = fa_options; option->key != NULL; option++)
        FA_TRY(resolve_option(option, given, settings));
    settings->model.head_init = (enum fa_head_init)settings->head_init;
    settings->model.norm = (enum fa_model_norm)settings->norm;
    eval->detect.coder = settings->train.loss.coder;
    eval->transform = settings->train.transform;
    eval->transform.flip_probability = 0;
    eval->transform.augment = (struct fa_augment){0};
    eval->loader_threads = settings->train.loader_threads;
    FA_TRY(check_depth(&settings->model));
    FA_TRY(check_schedule(&settings->train.schedule));
    FA_TRY(check_augment(&settings->train.transform));
    return check_focal(&settings->train.loss.focal);
}

/* Only keys of the table: a whole group would silently take the place of what the files say. What a text key
   is given is text, even if it looks like a number. */
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
    if (option->type == FA_OPTION_STRING && equals[1] != '"')
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
        "%s; leave --config away, for the weights have their recipe with them, or give by --set what "
        "you mean all the same",
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

static fa_status merge_file(const char *path, struct fa_json *given)
{
    struct fa_json *file;
    fa_status status;

    FA_TRY(fa_config_read(path, check_file, &file));
    status = fa_config_merge(given, file);
    fa_json_free(file);
    return status;
}

/* The base, the file over it, the assignments over both; base and path may be NULL. */
static fa_status read_given(const struct fa_json *base, const char *path, const char *const *assignments,
                            size_t n, struct fa_json *given)
{
    if (base != NULL)
        FA_TRY(fa_config_merge(given, base));
    if (path != NULL)
        FA_TRY(merge_file(path, given));
    for (size_t i = 0; i < n; i++)
        FA_TRY(assign(given, assignments[i]));
    return FA_OK;
}

/* A value that is wrong is told with where it comes from. */
static fa_status resolve_all(const struct fa_json *given, const char *path, const char *const *assignments,
                             size_t n, struct fa_settings *out)
{
    const fa_status status = resolve(given, out);
    char key[128];

    snprintf(key, sizeof key, "%.*s", (int)strcspn(fa_message(), ": "), fa_message());
    if (status == FA_OK || path == NULL || is_assigned(key, assignments, n))
        return status;
    return fa_prefix(status, "%s", path);
}

fa_status fa_settings_read_over(const struct fa_json *base, const char *path, const char *const *assignments,
                                size_t n, struct fa_settings *out)
{
    struct fa_json *given = fa_json_new_object();
    fa_status status = FA_OK;

    *out = (struct fa_settings){.resolved = fa_json_new_object()};
    if (given == NULL || out->resolved == NULL)
        status = fa_fail(FA_ENOMEM, "memory is exhausted while reading the configuration");
    if (status == FA_OK)
        status = read_given(base, path, assignments, n, given);
    if (status == FA_OK)
        status = resolve_all(given, path, assignments, n, out);
    fa_json_free(given);
    if (status != FA_OK)
        fa_settings_clear(out);
    return status;
}

fa_status fa_settings_read(const char *path, const char *const *assignments, size_t n,
                           struct fa_settings *out)
{
    return fa_settings_read_over(NULL, path, assignments, n, out);
}

void fa_settings_clear(struct fa_settings *settings)
{
    fa_json_free(settings->resolved);
    *settings = (struct fa_settings){0};
}
