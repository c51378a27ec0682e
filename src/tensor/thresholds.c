#include "fa/thresholds.h"

#include <string.h>

#include "fa/json.h"
#include "fa/memory.h"

fa_status fa_thresholds_make(size_t n, struct fa_thresholds *out)
{
    *out = (struct fa_thresholds){.n = 0};
    if (n == 0)
        return FA_OK;
    FA_TRY(fa_alloc_zero(n, sizeof *out->of_class, &out->of_class));
    out->n = n;
    return FA_OK;
}

void fa_thresholds_clear(struct fa_thresholds *thresholds)
{
    fa_free(thresholds->of_class);
    *thresholds = (struct fa_thresholds){.n = 0};
}

static struct fa_json *array_of(const struct fa_thresholds *thresholds)
{
    struct fa_json *array = fa_json_new_array();

    for (size_t k = 0; k < thresholds->n; k++)
        if (!fa_json_append(array, fa_json_new_number(thresholds->of_class[k]))) {
            fa_json_free(array);
            return NULL;
        }
    return array;
}

fa_status fa_thresholds_print(const struct fa_thresholds *thresholds, char **text)
{
    struct fa_json *array = array_of(thresholds);
    fa_status status;

    *text = NULL;
    if (array == NULL)
        return fa_fail(FA_ENOMEM, "out of memory for the score thresholds of %zu classes", thresholds->n);
    status = fa_json_print(array, false, text);
    fa_json_free(array);
    return status;
}

static fa_status take(const char *where, const struct fa_json *array, struct fa_thresholds *out)
{
    const struct fa_json *item = fa_json_first(array);

    for (size_t k = 0; k < out->n; k++, item = fa_json_next(item)) {
        double value;

        if (!fa_json_to_double(item, &value) || !(value >= 0 && value <= 1))
            return fa_fail(FA_EFORMAT, "%s: the score threshold of class %zu is not a number from 0 to 1",
                           where, k + 1);
        out->of_class[k] = value;
    }
    return FA_OK;
}

static fa_status take_all(const char *where, const struct fa_json *array, struct fa_thresholds *out)
{
    const double all = out->all;
    fa_status status;

    if (fa_json_kind(array) != FA_JSON_ARRAY)
        return fa_fail(FA_EFORMAT, "%s: the score thresholds of classes are not a JSON array", where);
    FA_TRY(fa_thresholds_make(fa_json_count(array), out));
    status = take(where, array, out);
    if (status != FA_OK)
        fa_thresholds_clear(out);
    out->all = all;
    return status;
}

fa_status fa_thresholds_parse(const char *where, const char *text, struct fa_thresholds *thresholds)
{
    struct fa_json *array;
    fa_status status;

    FA_TRY(fa_json_parse(where, text, strlen(text), &array));
    status = take_all(where, array, thresholds);
    fa_json_free(array);
    return status;
}
