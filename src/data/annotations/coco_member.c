#include "coco_member.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LARGEST_NUMBER 1e9 /* of a box; an image has at most 65535 pixels a side */

static bool spells_number(const char *text, int64_t *out)
{
    const size_t sign = text[0] == '-', n = strlen(text);
    long long number;

    if (n == sign || strspn(text + sign, "0123456789") != n - sign)
        return false;
    errno = 0;
    number = strtoll(text, NULL, 10);
    *out = number;
    return errno == 0;
}

fa_status fa_coco_member_id(const struct fa_json *item, const char *key, int64_t *out, size_t *n_text)
{
    const struct fa_json *value = fa_json_get(item, key);
    const char *text;

    if (fa_json_to_int64(value, out))
        return FA_OK;
    if (value == NULL)
        return fa_fail(FA_EFORMAT, "`%s` is missing; give every item one", key);
    if (!fa_json_to_string(value, &text))
        return fa_fail(FA_EFORMAT, "`%s` is not a whole number of at most 64 bits", key);
    if (!spells_number(text, out))
        return fa_fail(FA_EFORMAT, "`%s` is text, \"%.40s\"; ids are whole numbers", key, text);
    ++*n_text;
    return FA_OK;
}

static bool is_of_pixels(double number)
{
    return fabs(number) <= LARGEST_NUMBER;
}

bool fa_coco_box_is_pixels(const double bbox[4])
{
    return is_of_pixels(bbox[0]) && is_of_pixels(bbox[1]) && is_of_pixels(bbox[2]) && is_of_pixels(bbox[3]);
}

fa_status fa_coco_member_box(const struct fa_json *item, double bbox[4])
{
    const struct fa_json *list = fa_json_get(item, "bbox");
    const struct fa_json *value = fa_json_first(list);

    if (fa_json_kind(list) != FA_JSON_ARRAY || fa_json_count(list) != 4)
        return fa_fail(FA_EFORMAT, "`bbox` is missing or not a list of four numbers x, y, width, height");
    for (int k = 0; k < 4; k++, value = fa_json_next(value))
        if (!fa_json_to_double(value, &bbox[k]) || !is_of_pixels(bbox[k]))
            return fa_fail(FA_EFORMAT,
                           "number %d of `bbox` is not a number of pixels; correct it or remove the item",
                           k + 1);
    return FA_OK;
}
