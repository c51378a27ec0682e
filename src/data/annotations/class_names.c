#include "class_names.h"

#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"
#include "readers.h"

#define LARGEST_FILE ((size_t)16 << 20)

/* Without white space, and a pair of quotes, around it; in place. */
static char *bare(char *text)
{
    size_t n;

    text += strspn(text, " \t\r");
    n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
        text[--n] = '\0';
    if (n >= 2 && (text[0] == '"' || text[0] == '\'') && text[n - 1] == text[0]) {
        text[n - 1] = '\0';
        text++;
    }
    return text;
}

static fa_status add(struct fa_builder *builder, const char *name)
{
    const size_t n = builder->coco->n_categories;
    int32_t label;

    FA_TRY(fa_builder_class(builder, name, &label));
    if ((size_t)label == n)
        return FA_OK;
    return fa_fail(FA_EFORMAT, "class \"%.80s\" is listed twice", name);
}

/* Parts the text at every separator, which is overwritten. */
static fa_status add_all(struct fa_builder *builder, char *text, char separator)
{
    while (text != NULL) {
        char *end = strchr(text, separator);

        if (end != NULL)
            *end++ = '\0';
        FA_TRY(add(builder, bare(text)));
        text = end;
    }
    return FA_OK;
}

static fa_status of_lines(struct fa_builder *builder, char *text)
{
    size_t n = strlen(text);

    while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
        text[--n] = '\0';
    return add_all(builder, text, '\n');
}

typedef fa_status (*parse_fn)(struct fa_builder *builder, char *text);

static fa_status of_file(const char *path, struct fa_builder *builder, parse_fn parse)
{
    char *text, *begin;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_file_read(path, LARGEST_FILE, &text, &n_bytes));
    status = fa_annotation_text(text, n_bytes, &begin);
    if (status == FA_OK)
        status = parse(builder, begin);
    fa_free(text);
    return fa_prefix(status, "%s", path);
}

fa_status fa_classes_of_lines(const char *path, struct fa_builder *builder)
{
    return of_file(path, builder, of_lines);
}

fa_status fa_classes_given(const char *list, struct fa_builder *builder)
{
    char *names;
    fa_status status;

    if (strchr(list, ',') == NULL && fa_file_exists(list))
        return fa_classes_of_lines(list, builder);
    FA_TRY(fa_strdup(list, &names));
    status = fa_prefix(add_all(builder, names, ','), "--classes %s", list);
    fa_free(names);
    return status;
}

/* ---- YAML: "names" as tools write it, a list or a map from 0 on, in one line or in lines ---- */

/* What follows the key at the beginning of a line; NULL if no line begins so. */
static char *find_key(char *text, const char *key)
{
    const size_t n = strlen(key);

    while (text != NULL && strncmp(text, key, n) != 0) {
        text = strchr(text, '\n');
        if (text != NULL)
            text++;
    }
    return text != NULL ? text + n : NULL;
}

static char *skip_blanks(char *at)
{
    return at + strspn(at, " \t\r");
}

/* Ends of lines and comments too. */
static char *skip_space(char *at)
{
    for (;;) {
        at += strspn(at, " \t\r\n");
        if (*at != '#')
            return at;
        at += strcspn(at, "\n");
    }
}

/* A part of the text, which is not ended by a 0. */
struct span {
    char *begin, *end;
};

/* What stands between the quotes that begin at; *rest is behind them. Quotes in it are written twice, or
   after a backslash. */
static fa_status take_quoted(char *at, struct span *out, char **rest)
{
    const char quote = *at++;
    char *to = at;

    out->begin = at;
    for (; *at != quote || (quote == '\'' && at[1] == quote); at++) {
        at += *at == quote || (*at == '\\' && quote == '"');
        if (*at == '\0')
            return fa_fail(FA_EFORMAT, "a name in quotes has no end: %.40s", out->begin);
        *to++ = *at;
    }
    out->end = to;
    *rest = at + 1;
    return FA_OK;
}

/* A name up to one of the stops, a comment or the end of its line. */
static fa_status take_name(char *at, const char *stops, struct span *out, char **rest)
{
    at = skip_blanks(at);
    if (*at == '\'' || *at == '"')
        return take_quoted(at, out, rest);
    out->begin = out->end = at;
    for (; *at != '\0' && *at != '\n' && strchr(stops, *at) == NULL; at++) {
        if (*at == '#' && (at == out->begin || at[-1] == ' ' || at[-1] == '\t'))
            break;
        if (strchr(" \t\r", *at) == NULL)
            out->end = at + 1;
    }
    *rest = at;
    return FA_OK;
}

static fa_status add_span(struct fa_builder *builder, const struct span *span)
{
    const char after = *span->end;
    fa_status status;

    *span->end = '\0';
    status = add(builder, span->begin);
    *span->end = after;
    return status;
}

/* "3:" before the name of class 3. */
static fa_status take_number(const struct fa_builder *builder, char *at, char **rest)
{
    char number[24];
    struct span key;

    FA_TRY(take_name(at, ":", &key, rest));
    *rest = skip_blanks(*rest);
    snprintf(number, sizeof number, "%zu", builder->coco->n_categories);
    if (**rest != ':' || (size_t)(key.end - key.begin) != strlen(number) ||
        strncmp(key.begin, number, strlen(number)) != 0)
        return fa_fail(FA_EFORMAT, "names must be numbered 0, 1, 2 and so on; where %s should be is %.*s",
                       number, (int)strcspn(at, "\n"), at);
    ++*rest;
    return FA_OK;
}

/* Between brackets. */
static fa_status of_flow(struct fa_builder *builder, char *at, char closing)
{
    const char stops[] = {',', closing, '\0'};
    struct span name;

    for (at = skip_space(at); *at != closing && *at != '\0'; at = skip_space(at)) {
        if (closing == '}')
            FA_TRY(take_number(builder, at, &at));
        FA_TRY(take_name(at, stops, &name, &at));
        FA_TRY(add_span(builder, &name));
        at = skip_space(at);
        if (*at != ',' && *at != closing)
            break;
        at += *at == ',';
    }
    return *at == closing ? FA_OK : fa_fail(FA_EFORMAT, "the list of names has no end");
}

/* A line each, until one is neither "- a" nor "0: a" and begins like the key does. */
static fa_status of_lines_of_yaml(struct fa_builder *builder, char *at)
{
    struct span name;

    for (at = skip_space(at); *at != '\0'; at = skip_space(at)) {
        const bool is_inside = at[-1] == ' ' || at[-1] == '\t';

        if (at[0] == '-' && strchr(" \t", at[1]) != NULL)
            at++;
        else if (is_inside || (at[0] >= '0' && at[0] <= '9'))
            FA_TRY(take_number(builder, at, &at));
        else
            break;
        FA_TRY(take_name(at, "", &name, &at));
        FA_TRY(add_span(builder, &name));
        at += strcspn(at, "\n");
    }
    return FA_OK;
}

/* "nc" is how many there are. */
static fa_status check_count(const struct fa_builder *builder, char *text)
{
    const size_t n = builder->coco->n_categories;
    const char *count = find_key(text, "nc:"), *rest;
    double number;

    if (n == 0)
        return fa_fail(FA_EFORMAT, "\"names\" names no class");
    if (count != NULL && fa_annotation_take_number(count, &number, &rest) && number != (double)n)
        return fa_fail(FA_EFORMAT, "\"nc\" is %g, and there are %zu names", number, n);
    return FA_OK;
}

static fa_status of_yaml(struct fa_builder *builder, char *text)
{
    char *names = find_key(text, "names:");

    if (names == NULL)
        return fa_fail(FA_EFORMAT, "no line begins with \"names:\"");
    if (find_key(text, "kpt_shape:") != NULL)
        return fa_fail(FA_EFORMAT,
                       "its labels are of key points (kpt_shape), not of boxes; export boxes alone");
    names = skip_blanks(names);
    if (*names == '[' || *names == '{')
        FA_TRY(of_flow(builder, names + 1, *names == '[' ? ']' : '}'));
    else
        FA_TRY(of_lines_of_yaml(builder, names));
    return check_count(builder, text);
}

fa_status fa_classes_of_yaml(const char *path, struct fa_builder *builder)
{
    return of_file(path, builder, of_yaml);
}
