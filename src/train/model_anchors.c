/*
 * model_anchors.c - the anchors that weights were trained with, by the recipe that travels with them.
 */
#include <float.h>
#include <string.h>

#include "fa/json.h"
#include "fa/model_weights.h"

/* *out stays where there is no such number. A number outside float's range is refused like 0. */
static fa_status take(const struct fa_json *item, const char *key, double *out)
{
    if (item == NULL)
        return FA_OK;
    if (fa_json_to_double(item, out) && *out >= FLT_MIN && *out <= FLT_MAX)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "the recipe of the weights has a %s that is not a number above 0", key);
}

static fa_status take_ratios(const struct fa_json *ratios, float out[3])
{
    const struct fa_json *item = fa_json_first(ratios);

    if (ratios != NULL && (fa_json_kind(ratios) != FA_JSON_ARRAY || fa_json_count(ratios) != 3))
        return fa_fail(FA_EFORMAT, "the recipe of the weights has model.anchor_ratios that are not three");
    for (int r = 0; r < 3; r++, item = fa_json_next(item)) {
        double ratio = (double)out[r];

        FA_TRY(take(item, "model.anchor_ratios", &ratio));
        out[r] = (float)ratio;
    }
    return FA_OK;
}

fa_status fa_model_weights_anchors(const struct fa_weights_meta *meta, struct fa_anchor_design *out)
{
    struct fa_json *recipe;
    const struct fa_json *model;
    fa_status status;

    *out = fa_anchors_of_reference;
    if (meta->recipe == NULL)
        return FA_OK;
    FA_TRY(fa_json_parse("the recipe of the weights", meta->recipe, strlen(meta->recipe), &recipe));
    model = fa_json_get(recipe, "model");
    status = take_ratios(fa_json_get(model, "anchor_ratios"), out->ratio);
    if (status == FA_OK)
        status = take(fa_json_get(model, "anchor_scale"), "model.anchor_scale", &out->scale);
    fa_json_free(recipe);
    return status;
}
