#include "arguments.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/pyramid.h"
#include "nearest.h"
#include "recipe/option.h"

static const struct fa_flag *find_flag(const struct fa_flag *const *tables, const char *name, size_t length)
{
    for (; *tables != NULL; tables++)
        for (const struct fa_flag *flag = *tables; flag->name != NULL; flag++)
            if (strlen(flag->name) == length && strncmp(flag->name, name, length) == 0)
                return flag;
    return NULL;
}

/* "--epochs" is a key to those who come from other programs. */
static const struct fa_option *key_meant(const struct fa_flag *const *tables, const char *word)
{
    char name[64];
    const size_t length = strcspn(word, "=");

    if (find_flag(tables, "--set", strlen("--set")) == NULL || length <= 2 || length >= sizeof name)
        return NULL;
    snprintf(name, sizeof name, "%.*s", (int)length - 2, word + 2);
    for (char *dash = name; (dash = strchr(dash, '-')) != NULL;)
        *dash = '_';
    return fa_option_by_last_word(name);
}

/* What was meant as the value of a flag that there is not: behind its =, or the next word, which may be NULL.
 */
static const char *value_meant(const char *word, const char *next)
{
    const char *equals = strchr(word, '=');

    if (equals != NULL)
        return equals + 1;
    return next != NULL && strncmp(next, "--", 2) != 0 ? next : "VALUE";
}

static fa_status unknown_flag(const struct fa_flag *const *tables, const char *word, const char *next)
{
    const struct fa_option *key = key_meant(tables, word);
    struct fa_nearest nearest;

    if (key != NULL)
        return fa_fail(FA_EINVAL, "unknown option %.*s; that is a key of the recipe: --set %s=%s",
                       (int)strcspn(word, "="), word, key->key, value_meant(word, next));
    fa_nearest_init(&nearest, word);
    for (; *tables != NULL; tables++)
        for (const struct fa_flag *flag = *tables; flag->name != NULL; flag++)
            fa_nearest_offer(&nearest, flag->name);
    if (nearest.best != NULL)
        return fa_fail(FA_EINVAL, "unknown option %s; did you mean %s?", word, nearest.best);
    return fa_fail(FA_EINVAL, "unknown option %s; see --help", word);
}

/* ---- numbers ---- */

/* Takes the first item of a list off it; false where it is too long to be a number. */
static bool next_item(const char **rest, char separator, char *item, size_t size)
{
    const char *end = strchrnul(*rest, separator);
    const size_t length = (size_t)(end - *rest);

    if (length >= size)
        return false;
    memcpy(item, *rest, length);
    item[length] = '\0';
    *rest = *end != '\0' ? end + 1 : NULL;
    return true;
}

static bool read_list(const struct fa_flag *flag, const char *text, int64_t out[FA_LIST_MAX], size_t *n)
{
    char item[32];

    for (*n = 0; text != NULL; ++*n)
        if (*n == FA_LIST_MAX || !next_item(&text, flag->list.separator, item, sizeof item) ||
            fa_number_whole(flag->name, item, &flag->range, &out[*n]) != FA_OK)
            return false;
    return flag->list.n == 0 || *n == flag->list.n;
}

static fa_status check_list(const struct fa_flag *flag, const char *text)
{
    int64_t numbers[FA_LIST_MAX];
    size_t n;

    if (read_list(flag, text, numbers, &n))
        return FA_OK;
    return fa_fail(FA_EINVAL, "%s %.100s: expected %s, %s%zu whole numbers from %.16g to %.16g", flag->name,
                   text, flag->value, flag->list.n > 0 ? "" : "up to ",
                   flag->list.n > 0 ? flag->list.n : (size_t)FA_LIST_MAX, flag->range.min, flag->range.max);
}

static fa_status read_number(struct fa_argument *argument)
{
    const struct fa_flag *flag = argument->flag;

    if (flag->range.kind == FA_NUMBER_NONE)
        return FA_OK;
    if (flag->list.separator != '\0')
        return check_list(flag, argument->value);
    if (flag->range.kind == FA_NUMBER_WHOLE)
        return fa_number_whole(flag->name, argument->value, &flag->range, &argument->whole);
    return fa_number_real(flag->name, argument->value, &flag->range, &argument->real);
}

/* ---- words ---- */

/* One flag at argv[*i], with its value there or behind it; *i moves to the last word used. */
static fa_status parse_flag(int argc, char **argv, int *i, const struct fa_flag *const *tables,
                            struct fa_argument *out)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);

    out->flag = find_flag(tables, word, length);
    out->value = NULL;
    if (out->flag == NULL)
        return unknown_flag(tables, word, *i + 1 < argc ? argv[*i + 1] : NULL);
    if (out->flag->value == NULL)
        return equals == NULL ? FA_OK : fa_fail(FA_EINVAL, "%s takes no value", out->flag->name);
    if (equals != NULL)
        out->value = equals + 1;
    else if (*i + 1 < argc)
        out->value = argv[++*i];
    else
        return fa_fail(FA_EINVAL, "%s needs a value: %s %s", out->flag->name, out->flag->name,
                       out->flag->value);
    return read_number(out);
}

static fa_status check_required(const struct fa_arguments *arguments, const struct fa_flag *const *tables)
{
    if (fa_arguments_get(arguments, "--help") != NULL)
        return FA_OK;
    for (; *tables != NULL; tables++)
        for (const struct fa_flag *flag = *tables; flag->name != NULL; flag++)
            if (flag->required && fa_arguments_get(arguments, flag->name) == NULL)
                return fa_fail(FA_EINVAL, "%s %s is missing; see --help", flag->name, flag->value);
    return FA_OK;
}

fa_status fa_arguments_parse(int argc, char **argv, const struct fa_flag *const *tables,
                             struct fa_arguments *out)
{
    fa_status status;
    bool flags = true;

    out->n = 0;
    FA_TRY(fa_alloc_zero((size_t)argc + 1, sizeof *out->given, &out->given));
    for (int i = 0; i < argc; i++) {
        struct fa_argument *argument = &out->given[out->n];

        if (flags && strcmp(argv[i], "--") == 0) {
            flags = false;
            continue;
        }
        if (flags && argv[i][0] == '-' && argv[i][1] != '\0') {
            status = parse_flag(argc, argv, &i, tables, argument);
            if (status != FA_OK)
                goto fail;
        } else {
            argument->value = argv[i];
        }
        out->n++;
    }
    status = check_required(out, tables);
    if (status == FA_OK)
        return FA_OK;
fail:
    fa_arguments_clear(out);
    return status;
}

void fa_arguments_clear(struct fa_arguments *arguments)
{
    fa_free(arguments->given);
    *arguments = (struct fa_arguments){0};
}

/* ---- what was given ---- */

static bool matches(const struct fa_argument *argument, const char *name)
{
    if (name == NULL || argument->flag == NULL)
        return name == NULL && argument->flag == NULL;
    return strcmp(argument->flag->name, name) == 0;
}

static const struct fa_argument *last_given(const struct fa_arguments *arguments, const char *name)
{
    for (size_t i = arguments->n; i-- > 0;)
        if (matches(&arguments->given[i], name))
            return &arguments->given[i];
    return NULL;
}

const char *fa_arguments_get(const struct fa_arguments *arguments, const char *name)
{
    const struct fa_argument *given = last_given(arguments, name);

    if (given == NULL)
        return NULL;
    return given->value != NULL ? given->value : "";
}

const char *fa_arguments_nth(const struct fa_arguments *arguments, const char *name, size_t k)
{
    for (size_t i = 0; i < arguments->n; i++)
        if (matches(&arguments->given[i], name) && k-- == 0)
            return arguments->given[i].value;
    return NULL;
}

int64_t fa_arguments_whole(const struct fa_arguments *arguments, const char *name, int64_t fallback)
{
    const struct fa_argument *given = last_given(arguments, name);

    assert(given == NULL || given->flag->range.kind == FA_NUMBER_WHOLE);
    return given != NULL ? given->whole : fallback;
}

double fa_arguments_real(const struct fa_arguments *arguments, const char *name, double fallback)
{
    const struct fa_argument *given = last_given(arguments, name);

    assert(given == NULL || given->flag->range.kind == FA_NUMBER_REAL);
    return given != NULL ? given->real : fallback;
}

size_t fa_arguments_list(const struct fa_arguments *arguments, const char *name, int64_t out[FA_LIST_MAX])
{
    const struct fa_argument *given = last_given(arguments, name);
    size_t n;

    return given != NULL && read_list(given->flag, given->value, out, &n) ? n : 0;
}

fa_status fa_arguments_size(const struct fa_arguments *arguments, const char *name, int *h, int *w)
{
    int64_t sides[FA_LIST_MAX];

    if (fa_arguments_list(arguments, name, sides) == 0)
        return FA_OK;
    if (sides[0] % FA_SIZE_DIVISOR != 0 || sides[1] % FA_SIZE_DIVISOR != 0)
        return fa_fail(FA_EINVAL, "%s %s: expected HxW, multiples of %d up to 8192, for example 800x1344",
                       name, fa_arguments_get(arguments, name), FA_SIZE_DIVISOR);
    *h = (int)sides[0];
    *w = (int)sides[1];
    return FA_OK;
}
