#include "paths.h"

static bool add(const struct fa_json *value, struct fa_paths *out)
{
    return out->n < FA_DATASETS_MAX && fa_json_to_string(value, &out->path[out->n]) &&
           out->path[out->n++][0] != '\0';
}

bool fa_paths_read(const struct fa_json *value, struct fa_paths *out)
{
    const char *text;

    out->n = 0;
    if (fa_json_to_string(value, &text))
        return text[0] == '\0' || add(value, out);
    if (fa_json_kind(value) != FA_JSON_ARRAY)
        return false;
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item))
        if (!add(item, out))
            return false;
    return true;
}
