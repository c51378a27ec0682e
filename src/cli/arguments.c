#include "arguments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/memory.h"
#include "fa/pyramid.h"
#include "nearest.h"

static const struct fa_flag *find_flag(const struct fa_flag *const *tables, const char *name, size_t length)
{
    for (; *tables != NULL; tables++)
        for (const struct fa_flag *flag = *tables; flag->name != NULL; flag++)
            if (strlen(flag->name) == length && strncmp(flag->name, name, length) == 0)
                return flag;
    return NULL;
}

static fa_status unknown_flag(const struct fa_flag *const *tables, const char *word)
{
    struct fa_nearest nearest;

    fa_nearest_init(&nearest, word);
    for (; *tables != NULL; tables++)
        for (const struct fa_flag *flag = *tables; flag->name != NULL; flag++)
            fa_nearest_offer(&nearest, flag->name);
    if (nearest.best != NULL)
        return fa_fail(FA_EINVAL, "unknown option %s; did you mean %s?", word, nearest.best);
    return fa_fail(FA_EINVAL, "unknown option %s; see --help", word);
}

/* One flag at argv[*i], with its value there or behind it; *i moves to the last word used. */
static fa_status parse_flag(int argc, char **argv, int *i, const struct fa_flag *const *tables,
                            struct fa_argument *out)
{
    const char *word = argv[*i], *equals = strchr(word, '=');
    size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);

    out->flag = find_flag(tables, word, length);
    out->value = NULL;
    if (out->flag == NULL)
        return unknown_flag(tables, word);
    if (out->flag->value == NULL)
        return equals == NULL ? FA_OK : fa_fail(FA_EINVAL, "%s takes no value", out->flag->name);
    if (equals != NULL)
        out->value = equals + 1;
    else if (*i + 1 < argc)
        out->value = argv[++*i];
    else
        return fa_fail(FA_EINVAL, "%s needs a value: %s %s", out->flag->name, out->flag->name,
                       out->flag->value);
    return FA_OK;
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

static bool matches(const struct fa_argument *argument, const char *name)
{
    if (name == NULL || argument->flag == NULL)
        return name == NULL && argument->flag == NULL;
    return strcmp(argument->flag->name, name) == 0;
}

const char *fa_arguments_get(const struct fa_arguments *arguments, const char *name)
{
    for (size_t i = arguments->n; i-- > 0;)
        if (matches(&arguments->given[i], name))
            return arguments->given[i].value != NULL ? arguments->given[i].value : "";
    return NULL;
}

const char *fa_arguments_nth(const struct fa_arguments *arguments, const char *name, size_t k)
{
    for (size_t i = 0; i < arguments->n; i++)
        if (matches(&arguments->given[i], name) && k-- == 0)
            return arguments->given[i].value;
    return NULL;
}

fa_status fa_arguments_int(const struct fa_arguments *arguments, const char *name, long min, long max,
                           long fallback, long *out)
{
    const char *text = fa_arguments_get(arguments, name);
    char *end;

    *out = fallback;
    if (text == NULL)
        return FA_OK;
    errno = 0;
    *out = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *out < min || *out > max)
        return fa_fail(FA_EINVAL, "%s %s: expected a whole number from %ld to %ld", name, text, min, max);
    return FA_OK;
}

fa_status fa_arguments_number(const struct fa_arguments *arguments, const char *name, double min, double max,
                              double fallback, double *out)
{
    const char *text = fa_arguments_get(arguments, name);
    char *end;

    *out = fallback;
    if (text == NULL)
        return FA_OK;
    *out = strtod(text, &end);
    if (end == text || *end != '\0' || !(*out >= min && *out <= max))
        return fa_fail(FA_EINVAL, "%s %s: expected a number from %g to %g", name, text, min, max);
    return FA_OK;
}

static bool is_side(int n)
{
    return n >= FA_SIZE_DIVISOR && n <= 8192 && n % FA_SIZE_DIVISOR == 0;
}

fa_status fa_arguments_size(const struct fa_arguments *arguments, const char *name, int *h, int *w)
{
    const char *text = fa_arguments_get(arguments, name);
    char rest;

    if (text == NULL)
        return FA_OK;
    if (sscanf(text, "%dx%d%c", h, w, &rest) != 2 || !is_side(*h) || !is_side(*w))
        return fa_fail(FA_EINVAL, "%s %s: expected HxW, multiples of %d up to 8192, for example 800x1344",
                       name, text, FA_SIZE_DIVISOR);
    return FA_OK;
}
