#include "coco_member.h"

#include <math.h>

fa_status fa_coco_member_int(const struct fa_json *item, const char *key, int64_t *out)
{
    if (!fa_json_to_int(fa_json_get(item, key), out))
        return fa_fail(FA_EFORMAT, "`%s` is missing or not a whole number", key);
    return FA_OK;
}

fa_status fa_coco_member_box(const struct fa_json *item, double bbox[4])
{
    const struct fa_json *list = fa_json_get(item, "bbox");
    const struct fa_json *value = fa_json_first(list);

    if (fa_json_kind(list) != FA_JSON_ARRAY || fa_json_count(list) != 4)
        return fa_fail(FA_EFORMAT, "`bbox` is missing or not a list of four numbers x, y, width, height");
    for (int k = 0; k < 4; k++, value = fa_json_next(value))
        if (!fa_json_to_double(value, &bbox[k]) || !isfinite(bbox[k]))
            return fa_fail(FA_EFORMAT,
                           "number %d of `bbox` is not a finite number; correct it or remove the item",
                           k + 1);
    return FA_OK;
}
