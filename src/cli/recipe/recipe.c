#include "recipe.h"

#include <string.h>

#include "config_file.h"
#include "fa/memory.h"
#include "option.h"

static bool is_listed(const char *const *list, const char *key)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, key) == 0)
            return true;
    return false;
}

static bool begins(const char *key, const char *group)
{
    return strncmp(key, group, strlen(group)) == 0;
}

bool fa_recipe_shapes(const char *key)
{
    static const char *const keys[] = {"model.backbone.depth",
                                       "model.backbone.groups",
                                       "model.backbone.base_width",
                                       "model.backbone.base_channels",
                                       "model.neck_channels",
                                       "model.finest_level",
                                       "model.head_channels",
                                       "model.head_convs",
                                       "model.anchor_ratios",
                                       "model.anchor_scale",
                                       "model.norm",
                                       "model.norm_groups",
                                       "model.coder_std",
                                       "data.scale",
                                       "data.range",
                                       "data.ground",
                                       "data.mean",
                                       "data.std",
                                       "data.to_rgb",
                                       NULL};

    return is_listed(keys, key);
}

bool fa_recipe_has(const char *key)
{
    static const char *const of_the_run[] = {"model.init", "model.calibrate_images", "eval.max_images", NULL};

    if (is_listed(of_the_run, key))
        return false;
    return fa_recipe_shapes(key) || begins(key, "model.") || begins(key, "loss.") || begins(key, "eval.");
}

static fa_status copy_keys(const struct fa_json *from, struct fa_json *to)
{
    for (const struct fa_option *option = fa_options; option->key != NULL; option++) {
        const struct fa_json *value = fa_recipe_has(option->key) ? fa_config_get(from, option->key) : NULL;

        if (value != NULL)
            FA_TRY(fa_config_set(to, option->key, fa_json_copy(value)));
    }
    return FA_OK;
}

static fa_status pick(const struct fa_json *from, struct fa_json **out)
{
    fa_status status;

    *out = fa_json_new_object();
    if (*out == NULL)
        return fa_fail(FA_ENOMEM, "memory is exhausted while copying a recipe");
    status = copy_keys(from, *out);
    if (status == FA_OK)
        return FA_OK;
    fa_json_free(*out);
    *out = NULL;
    return status;
}

fa_status fa_recipe_print(const struct fa_json *resolved, char **text)
{
    struct fa_json *recipe;
    fa_status status;

    FA_TRY(pick(resolved, &recipe));
    status = fa_json_print(recipe, false, text);
    fa_json_free(recipe);
    return status;
}

/* What no version left out: a default in its place would quietly be another scale or network. */
static fa_status check_whole(const struct fa_json *whole)
{
    static const char *const needed[] = {"model.backbone.depth", "data.scale", "data.mean", "data.std"};

    if (fa_json_kind(whole) != FA_JSON_OBJECT)
        return fa_fail(FA_EFORMAT, "the recipe of the weights is not a JSON object");
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (fa_config_get(whole, needed[i]) == NULL)
            return fa_fail(FA_EFORMAT, "the recipe of the weights lacks %s", needed[i]);
    return FA_OK;
}

fa_status fa_recipe_parse(const char *text, struct fa_json **out)
{
    struct fa_json *whole;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_json_parse("the recipe of the weights", text, strlen(text), &whole));
    status = check_whole(whole);
    if (status == FA_OK)
        status = pick(whole, out);
    fa_json_free(whole);
    return status;
}

fa_status fa_recipe_shorten(char **text, struct fa_json **out)
{
    char *shorter;
    fa_status status;

    *out = NULL;
    if (*text == NULL)
        return FA_OK;
    FA_TRY(fa_recipe_parse(*text, out));
    status = fa_json_print(*out, false, &shorter);
    if (status == FA_OK) {
        fa_free(*text);
        *text = shorter;
        return FA_OK;
    }
    fa_json_free(*out);
    *out = NULL;
    return status;
}

fa_status fa_recipe_compare(const struct fa_json *here, const struct fa_json *there,
                            struct fa_recipe_difference *out)
{
    fa_status status;

    *out = (struct fa_recipe_difference){NULL, NULL};
    if (here == NULL || there == NULL)
        return FA_OK;
    status = fa_json_print(here, false, &out->here);
    if (status == FA_OK)
        status = fa_json_print(there, false, &out->there);
    if (status != FA_OK || strcmp(out->here, out->there) == 0)
        fa_recipe_difference_clear(out);
    return status;
}

void fa_recipe_difference_clear(struct fa_recipe_difference *difference)
{
    fa_free(difference->here);
    fa_free(difference->there);
    *difference = (struct fa_recipe_difference){NULL, NULL};
}
