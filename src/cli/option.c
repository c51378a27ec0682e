#include "option.h"

#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/number.h"

/* What was given is shown as JSON, which is how it was written. */
static bool is_list(const struct fa_option *option)
{
    return option->type == FA_OPTION_INTS || option->type == FA_OPTION_FLOATS;
}

/* A list is shown as it is written. */
static fa_status wrong(const struct fa_option *option, const struct fa_json *value)
{
    char range[256];
    char *given;
    fa_status status;

    fa_option_print_range(option, range, sizeof range);
    FA_TRY(fa_json_print(value, false, &given));
    status = fa_fail(FA_EINVAL, "%s: expected %s%s%s, not %.60s%s", option->key, range,
                     is_list(option) ? ", such as " : "", is_list(option) ? option->fallback : "", given,
                     strlen(given) > 60 ? "..." : "");
    fa_free(given);
    return status;
}

/* Of each number, where the value is a list. */
static struct fa_range range_of(const struct fa_option *option)
{
    const bool real = option->type == FA_OPTION_NUMBER || option->type == FA_OPTION_FLOATS;

    return (struct fa_range){real ? FA_NUMBER_REAL : FA_NUMBER_WHOLE, option->min, option->max};
}

static bool read_real(const struct fa_option *option, const struct fa_json *value, double *out)
{
    const struct fa_range range = range_of(option);

    return fa_json_to_double(value, out) && fa_range_holds(&range, *out);
}

static bool read_whole(const struct fa_option *option, const struct fa_json *value, int64_t *out)
{
    const struct fa_range range = range_of(option);

    return fa_json_to_int(value, out) && fa_range_holds(&range, *out);
}

static fa_status store_integer(const struct fa_option *option, const struct fa_json *value, void *target)
{
    int64_t number;

    if (!read_whole(option, value, &number))
        return wrong(option, value);
    switch (option->type) {
    case FA_OPTION_INT:
        *(int *)target = (int)number;
        break;
    case FA_OPTION_INT64:
        *(int64_t *)target = number;
        break;
    case FA_OPTION_SIZE:
        *(size_t *)target = (size_t)number;
        break;
    default:
        *(uint64_t *)target = (uint64_t)number;
        break;
    }
    return FA_OK;
}

static fa_status store_choice(const struct fa_option *option, const struct fa_json *value, int *target)
{
    const char *name;

    if (!fa_json_to_string(value, &name))
        return wrong(option, value);
    for (int i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], name) == 0) {
            *target = i;
            return FA_OK;
        }
    return wrong(option, value);
}

static fa_status store_list(const struct fa_option *option, const struct fa_json *value, void *target)
{
    size_t i = 0;

    if (fa_json_kind(value) != FA_JSON_ARRAY || fa_json_count(value) != option->count)
        return wrong(option, value);
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item), i++) {
        double number;

        if (!read_real(option, item, &number))
            return wrong(option, value);
        if (option->type == FA_OPTION_FLOATS)
            ((float *)target)[i] = (float)number;
        else
            ((int *)target)[i] = (int)number;
    }
    return FA_OK;
}

static fa_status store_epochs(const struct fa_option *option, const struct fa_json *value, int64_t *target,
                              int *n)
{
    const char *word;

    if (fa_json_to_string(value, &word) && strcmp(word, "auto") == 0) {
        *n = FA_SCHEDULE_FOLLOWS;
        return FA_OK;
    }
    *n = 0;
    if (fa_json_kind(value) != FA_JSON_ARRAY || fa_json_count(value) > option->count)
        return wrong(option, value);
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item)) {
        if (!read_whole(option, item, &target[*n]) || (*n > 0 && target[*n] <= target[*n - 1]))
            return wrong(option, value);
        ++*n;
    }
    return FA_OK;
}

fa_status fa_option_store(const struct fa_option *option, const struct fa_json *value,
                          struct fa_settings *settings)
{
    void *target = (char *)settings + option->offset;

    switch (option->type) {
    case FA_OPTION_BOOL:
        return fa_json_to_bool(value, target) ? FA_OK : wrong(option, value);
    case FA_OPTION_STRING:
        return fa_json_to_string(value, target) ? FA_OK : wrong(option, value);
    case FA_OPTION_NUMBER:
        return read_real(option, value, target) ? FA_OK : wrong(option, value);
    case FA_OPTION_CHOICE:
        return store_choice(option, value, target);
    case FA_OPTION_INTS:
    case FA_OPTION_FLOATS:
        return store_list(option, value, target);
    case FA_OPTION_EPOCHS:
        return store_epochs(option, value, target, (int *)((char *)settings + option->count_offset));
    default:
        return store_integer(option, value, target);
    }
}

static void print_choices(const struct fa_option *option, char *text, size_t size)
{
    size_t used = 0;

    for (int i = 0; option->choices[i] != NULL && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s\"%s\"", i > 0 ? " or " : "", option->choices[i]);
}

void fa_option_print_range(const struct fa_option *option, char *text, size_t size)
{
    const struct fa_range range = range_of(option);

    switch (option->type) {
    case FA_OPTION_BOOL:
        snprintf(text, size, "true or false");
        break;
    case FA_OPTION_STRING:
        snprintf(text, size, "a string");
        break;
    case FA_OPTION_CHOICE:
        print_choices(option, text, size);
        break;
    case FA_OPTION_INTS:
        snprintf(text, size, "a list of %zu whole numbers from %g to %g", option->count, option->min,
                 option->max);
        break;
    case FA_OPTION_FLOATS:
        snprintf(text, size, "a list of %zu numbers from %g to %g", option->count, option->min, option->max);
        break;
    case FA_OPTION_EPOCHS:
        snprintf(text, size, "\"auto\" or a rising list of at most %zu epochs from %g to %g", option->count,
                 option->min, option->max);
        break;
    default:
        fa_range_print(&range, text, size);
        break;
    }
}

const struct fa_option *fa_option_by_last_word(const char *word)
{
    const struct fa_option *found = NULL;

    for (const struct fa_option *option = fa_options; option->key != NULL; option++) {
        if (strcmp(strrchr(option->key, '.') + 1, word) != 0)
            continue;
        if (found != NULL)
            return NULL;
        found = option;
    }
    return found;
}
