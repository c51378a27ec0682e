#include "class_names.h"

#include <stdio.h>
#include <string.h>

#include "fa/file.h"
#include "fa/memory.h"

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
    return fa_fail(FA_EFORMAT, "class \"%.80s\" stands there twice", name);
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
    char *text;
    size_t n_bytes;
    fa_status status;

    FA_TRY(fa_file_read(path, LARGEST_FILE, &text, &n_bytes));
    status = fa_prefix(parse(builder, text), "%s", path);
    fa_free(text);
    return status;
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

/* ---- YAML ---- */

/* What follows "names:" at the beginning of a line; NULL if no line begins so. */
static char *find_names(char *text)
{
    for (char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += line != text;
        if (strncmp(line, "names:", 6) == 0)
            return line + 6;
    }
    return NULL;
}

/* "- a" or "0: a"; NULL if the line is neither, and so no longer of the list. */
static char *name_of_item(char *line, size_t number)
{
    char *text = bare(line);
    char key[24];

    if (text[0] == '-' && (text[1] == ' ' || text[1] == '\t'))
        return bare(text + 1);
    snprintf(key, sizeof key, "%zu:", number);
    return strncmp(text, key, strlen(key)) == 0 ? bare(text + strlen(key)) : NULL;
}

static fa_status of_items(struct fa_builder *builder, char *text)
{
    size_t number = 0;

    while (text != NULL) {
        char *end = strchr(text, '\n'), *name;

        if (end != NULL)
            *end++ = '\0';
        name = name_of_item(text, number);
        if (name == NULL && bare(text)[0] != '\0' && bare(text)[0] != '#')
            break;
        if (name != NULL)
            FA_TRY(add(builder, name));
        number += name != NULL;
        text = end;
    }
    return FA_OK;
}

static fa_status of_yaml(struct fa_builder *builder, char *text)
{
    char *names = find_names(text), *end;

    if (names == NULL)
        return fa_fail(FA_EFORMAT, "no line begins with \"names:\"");
    names += strspn(names, " \t");
    if (names[0] != '[')
        return of_items(builder, names);
    end = strchr(names, ']');
    if (end == NULL)
        return fa_fail(FA_EFORMAT, "the list of names has no end");
    *end = '\0';
    for (char *c = names; *c != '\0'; c++)
        if (*c == '\n')
            *c = ' ';
    return add_all(builder, names + 1, ',');
}

fa_status fa_classes_of_yaml(const char *path, struct fa_builder *builder)
{
    return of_file(path, builder, of_yaml);
}
