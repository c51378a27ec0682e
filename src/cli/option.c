#include "option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static fa_status wrong(const struct fa_option *option)
{
    char range[256];

    fa_option_print_range(option, range, sizeof range);
    return fa_fail(FA_EINVAL, "%s: expected %s", option->key, range);
}

static fa_status number_in_range(const struct fa_option *option, const struct fa_json *value, double *out)
{
    if (!fa_json_to_double(value, out) || !(*out >= option->min && *out <= option->max))
        return wrong(option);
    return FA_OK;
}

static fa_status integer_in_range(const struct fa_option *option, const struct fa_json *value, int64_t *out)
{
    if (!fa_json_to_int(value, out) || (double)*out < option->min || (double)*out > option->max)
        return wrong(option);
    return FA_OK;
}

static fa_status store_integer(const struct fa_option *option, const struct fa_json *value, void *target)
{
    int64_t number;

    FA_TRY(integer_in_range(option, value, &number));
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
        return wrong(option);
    for (int i = 0; option->choices[i] != NULL; i++)
        if (strcmp(option->choices[i], name) == 0) {
            *target = i;
            return FA_OK;
        }
    return wrong(option);
}

static fa_status store_list(const struct fa_option *option, const struct fa_json *value, void *target)
{
    size_t i = 0;
    double number;

    if (fa_json_kind(value) != FA_JSON_ARRAY || fa_json_count(value) != option->count)
        return wrong(option);
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item), i++) {
        FA_TRY(number_in_range(option, item, &number));
        if (option->type == FA_OPTION_FLOATS)
            ((float *)target)[i] = (float)number;
        else if (number == floor(number))
            ((int *)target)[i] = (int)number;
        else
            return wrong(option);
    }
    return FA_OK;
}

static fa_status store_epochs(const struct fa_option *option, const struct fa_json *value, int64_t *target,
                              int *n)
{
    *n = 0;
    if (fa_json_kind(value) != FA_JSON_ARRAY || fa_json_count(value) > option->count)
        return wrong(option);
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item)) {
        FA_TRY(integer_in_range(option, item, &target[*n]));
        if (*n > 0 && target[*n] <= target[*n - 1])
            return wrong(option);
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
        return fa_json_to_bool(value, target) ? FA_OK : wrong(option);
    case FA_OPTION_STRING:
        return fa_json_to_string(value, target) ? FA_OK : wrong(option);
    case FA_OPTION_NUMBER:
        return number_in_range(option, value, target);
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
    case FA_OPTION_NUMBER:
        snprintf(text, size, "a number from %g to %g", option->min, option->max);
        break;
    case FA_OPTION_INTS:
        snprintf(text, size, "a list of %zu whole numbers from %g to %g", option->count, option->min,
                 option->max);
        break;
    case FA_OPTION_FLOATS:
        snprintf(text, size, "a list of %zu numbers from %g to %g", option->count, option->min, option->max);
        break;
    case FA_OPTION_EPOCHS:
        snprintf(text, size, "a rising list of at most %zu epochs from %g to %g", option->count, option->min,
                 option->max);
        break;
    default:
        snprintf(text, size, "a whole number from %.16g to %.16g", option->min, option->max);
        break;
    }
}
