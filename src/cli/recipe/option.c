#include "option.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/number.h"
#include "fa/text.h"

enum { MOST_NUMBERS = 4 }; /* in a list */

/* Of each number, where the value is a list. */
static struct fa_range range_of(const struct fa_option *option)
{
    const bool real = option->type == FA_OPTION_NUMBER || option->type == FA_OPTION_FLOATS ||
                      option->type == FA_OPTION_NUMBERS;

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

static bool is_list(const struct fa_option *option)
{
    return option->type == FA_OPTION_INTS || option->type == FA_OPTION_FLOATS ||
           option->type == FA_OPTION_SCALES;
}

/* Numbers of a list, or of a pair of a list of pairs. */
static size_t n_numbers(const struct fa_option *option)
{
    return option->type == FA_OPTION_SCALES ? 2 : option->count;
}

static bool may_be_auto(const struct fa_option *option)
{
    return strcmp(option->fallback, "\"auto\"") == 0;
}

static bool read_list(const struct fa_option *option, const struct fa_json *value,
                      double numbers[MOST_NUMBERS])
{
    size_t i = 0;

    assert(n_numbers(option) <= MOST_NUMBERS);
    if (fa_json_kind(value) != FA_JSON_ARRAY || fa_json_count(value) != n_numbers(option))
        return false;
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item))
        if (!read_real(option, item, &numbers[i++]))
            return false;
    return true;
}

/* ---- what is wrong ---- */

/* "640,480" is a list but for its brackets: *list, freed with fa_free, has them; else it is NULL. */
static fa_status put_in_brackets(const struct fa_option *option, const struct fa_json *value, char **list)
{
    double numbers[MOST_NUMBERS];
    struct fa_json *tree = NULL;
    const char *text;

    *list = NULL;
    if (!is_list(option) || !fa_json_to_string(value, &text))
        return FA_OK;
    FA_TRY(fa_asprintf(list, "[%s]", text));
    if (fa_json_parse(option->key, *list, strlen(*list), &tree) != FA_OK ||
        !read_list(option, tree, numbers)) {
        fa_free(*list);
        *list = NULL;
    }
    fa_json_free(tree);
    return FA_OK;
}

/* What was given is shown as JSON, which is how it was written; so is an example of a list. */
static fa_status wrong(const struct fa_option *option, const struct fa_json *value)
{
    char range[256];
    char *given, *list;
    fa_status status;

    fa_option_print_range(option, range, sizeof range);
    FA_TRY(put_in_brackets(option, value, &list));
    status = fa_json_print(value, false, &given);
    if (status == FA_OK) {
        status = fa_fail(FA_EINVAL, "%s: expected %s%s%s, not %.60s%s", option->key, range,
                         is_list(option) ? ", such as " : "",
                         list != NULL      ? list
                         : is_list(option) ? (may_be_auto(option) ? "[1333, 800]" : option->fallback)
                                           : "",
                         given, strlen(given) > 60 ? "..." : "");
        fa_free(given);
    }
    fa_free(list);
    return status;
}

/* ---- storing ---- */

/* Of an int that may be only some numbers. */
static bool is_chosen(const struct fa_option *option, int64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)number);
    for (const char *const *choice = option->choices; *choice != NULL; choice++)
        if (strcmp(*choice, text) == 0)
            return true;
    return false;
}

static fa_status store_integer(const struct fa_option *option, const struct fa_json *value, void *target)
{
    int64_t number;

    if (!read_whole(option, value, &number) || (option->choices != NULL && !is_chosen(option, number)))
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
    double numbers[MOST_NUMBERS];

    if (!read_list(option, value, numbers))
        return wrong(option, value);
    for (size_t i = 0; i < option->count; i++)
        if (option->type == FA_OPTION_FLOATS)
            ((float *)target)[i] = (float)numbers[i];
        else
            ((int *)target)[i] = (int)numbers[i];
    return FA_OK;
}

static bool read_pair(const struct fa_option *option, const struct fa_json *value, struct fa_scales *scales)
{
    double numbers[MOST_NUMBERS];

    if ((size_t)scales->n == option->count || !read_list(option, value, numbers))
        return false;
    for (int k = 0; k < 2; k++)
        scales->pair[scales->n][k] = (int)numbers[k];
    scales->n++;
    return true;
}

/* One pair may stand without the brackets of a list. */
static fa_status store_scales(const struct fa_option *option, const struct fa_json *value,
                              struct fa_scales *scales)
{
    const struct fa_json *item = fa_json_first(value);
    const char *word;

    *scales = (struct fa_scales){.n = 0};
    if (may_be_auto(option) && fa_json_to_string(value, &word) && strcmp(word, "auto") == 0)
        return FA_OK;
    if (fa_json_kind(value) != FA_JSON_ARRAY || item == NULL)
        return wrong(option, value);
    if (fa_json_kind(item) != FA_JSON_ARRAY)
        return read_pair(option, value, scales) ? FA_OK : wrong(option, value);
    for (; item != NULL; item = fa_json_next(item))
        if (!read_pair(option, item, scales))
            return wrong(option, value);
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

static fa_status store_numbers(const struct fa_option *option, const struct fa_json *value, float *target,
                               int *n)
{
    double number;

    *n = 0;
    if (fa_json_kind(value) != FA_JSON_ARRAY || fa_json_count(value) > option->count)
        return wrong(option, value);
    for (const struct fa_json *item = fa_json_first(value); item != NULL; item = fa_json_next(item)) {
        if (!read_real(option, item, &number))
            return wrong(option, value);
        target[(*n)++] = (float)number;
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
    case FA_OPTION_PATHS:
        return fa_paths_read(value, target) ? FA_OK : wrong(option, value);
    case FA_OPTION_NUMBER:
        return read_real(option, value, target) ? FA_OK : wrong(option, value);
    case FA_OPTION_CHOICE:
        return store_choice(option, value, target);
    case FA_OPTION_INTS:
    case FA_OPTION_FLOATS:
        return store_list(option, value, target);
    case FA_OPTION_SCALES:
        return store_scales(option, value, target);
    case FA_OPTION_EPOCHS:
        return store_epochs(option, value, target, (int *)((char *)settings + option->count_offset));
    case FA_OPTION_NUMBERS:
        return store_numbers(option, value, target, (int *)((char *)settings + option->count_offset));
    default:
        return store_integer(option, value, target);
    }
}

/* Numbers stand as they are, words in quotes. */
static void print_choices(const struct fa_option *option, char *text, size_t size)
{
    const char *quote = option->type == FA_OPTION_CHOICE ? "\"" : "";

    text[0] = '\0';
    for (const char *const *choice = option->choices; *choice != NULL; choice++)
        fa_text_add(text, size, "%s%s%s%s", choice > option->choices ? " or " : "", quote, *choice, quote);
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
    case FA_OPTION_PATHS:
        snprintf(text, size, "a path or a list of at most %zu", option->count);
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
    case FA_OPTION_SCALES:
        snprintf(text, size, "%sa list of 2 whole numbers from %g to %g",
                 may_be_auto(option) ? "\"auto\" or " : "", option->min, option->max);
        if (option->count > 1)
            fa_text_add(text, size, ", or a list of at most %zu such lists", option->count);
        break;
    case FA_OPTION_EPOCHS:
        snprintf(text, size, "\"auto\" or a rising list of at most %zu epochs from %g to %g", option->count,
                 option->min, option->max);
        break;
    case FA_OPTION_NUMBERS:
        snprintf(text, size, "a list of at most %zu numbers from %g to %g", option->count, option->min,
                 option->max);
        break;
    default:
        if (option->choices != NULL)
            print_choices(option, text, size);
        else
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
