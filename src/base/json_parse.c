#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "json_node.h"

enum { MAX_DEPTH = 64, FEW_KEYS = 16, EXACT_DIGITS = 15 }; /* a double holds all numbers of 15 digits */
static const size_t largest_file = (size_t)16 << 30;

struct source {
    const char *name, *text;
    size_t n_bytes;
};

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Of a number, true, false or null. */
static bool is_letter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' ||
           c == '-' || c == '.';
}

/* ---- failures ---- */

/* A failure at a place of the text: "config.json: line 3, column 7: <what> near "momentum: 0.9"". */
static fa_status fail_at(const struct source *source, size_t position, const char *what)
{
    size_t line = 1, start = 0, shown = 0;

    for (size_t i = 0; i < position; i++)
        if (source->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    while (shown < 24 && position + shown < source->n_bytes && source->text[position + shown] != '\n')
        shown++;
    return fa_fail(FA_EFORMAT, "%s: line %zu, column %zu: %s near \"%.*s\"", source->name, line,
                   position - start + 1, what, (int)shown, source->text + position);
}

/* What is often given in the place of UTF-8. */
static fa_status check_encoding(const struct source *source)
{
    static const struct {
        const char *begin;
        size_t n_bytes;
        const char *advice;
    } others[] = {
        {"\xff\xfe", 2, "UTF-16 text; save it as UTF-8"},
        {"\xfe\xff", 2, "UTF-16 text; save it as UTF-8"},
        {"\0\0\xfe\xff", 4, "UTF-32 text; save it as UTF-8"},
        {"{\0", 2, "UTF-16 text; save it as UTF-8"},
        {"[\0", 2, "UTF-16 text; save it as UTF-8"},
        {"\0{", 2, "UTF-16 text; save it as UTF-8"},
        {"\0[", 2, "UTF-16 text; save it as UTF-8"},
        {"\x1f\x8b", 2, "compressed by gzip; unpack it"},
        {"PK\3\4", 4, "a zip archive; unpack it"},
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (source->n_bytes >= others[i].n_bytes &&
            memcmp(source->text, others[i].begin, others[i].n_bytes) == 0)
            return fa_fail(FA_EFORMAT, "%s: is %s", source->name, others[i].advice);
    return FA_OK;
}

/* What brackets and quotes alone tell of the text. */
struct outline {
    bool is_open;        /* it ends within a string, an array or an object */
    size_t last_word;    /* where its last word, bracket or string begins */
    bool has_long_whole; /* a whole number that a double may not hold */
};

/* The bytes of the number at a place of the text if it is whole and long, else 0. */
static size_t long_whole(const struct source *source, size_t position)
{
    size_t n = position < source->n_bytes && source->text[position] == '-', sign = n;

    while (position + n < source->n_bytes && source->text[position + n] >= '0' &&
           source->text[position + n] <= '9')
        n++;
    if (n - sign <= EXACT_DIGITS || (position + n < source->n_bytes && is_letter(source->text[position + n])))
        return 0;
    return n;
}

/* The depth is judged here, before the parser recurses. */
static fa_status draw_outline(const struct source *source, struct outline *outline)
{
    int depth = 0;
    bool quoted = false, in_word = false;

    *outline = (struct outline){0};
    for (size_t i = 0; i < source->n_bytes; i++) {
        char c = source->text[i];

        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
            continue;
        }
        if (c == '[' || c == '{') {
            if (++depth > MAX_DEPTH)
                return fail_at(source, i, "arrays and objects nested deeper than 64");
        } else if (c == ']' || c == '}') {
            depth--;
        }
        quoted = c == '"';
        if (!is_white(c) && !(in_word && is_letter(c))) {
            outline->last_word = i;
            outline->has_long_whole = outline->has_long_whole || long_whole(source, i) > 0;
        }
        in_word = is_letter(c);
    }
    outline->is_open = quoted || depth > 0;
    return FA_OK;
}

static fa_status fail_syntax(const struct source *source, const struct outline *outline, size_t position)
{
    if (outline->is_open && position >= outline->last_word)
        return fa_fail(FA_EFORMAT,
                       "%s: ends early, in the middle of a value, after %zu bytes; copy the file again",
                       source->name, source->n_bytes);
    if (position + 1 < source->n_bytes && memcmp(source->text + position, "\\u", 2) == 0)
        return fail_at(
            source, position,
            "half of a surrogate pair, which stands for no character: a file name, or another text, "
            "that was not UTF-8; rename the file and write this one again;");
    return fail_at(source, position, "this is not JSON");
}

static bool is_blank(const struct source *source)
{
    size_t n = 0;

    while (n < source->n_bytes && is_white(source->text[n]))
        n++;
    return n == source->n_bytes;
}

/* The text after the value: nothing but white space. */
static fa_status check_end(const struct source *source, const char *end)
{
    size_t position = (size_t)(end - source->text);

    while (position < source->n_bytes && is_white(source->text[position]))
        position++;
    if (position < source->n_bytes)
        return fail_at(source, position, "text after the end of the value");
    return FA_OK;
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static fa_status find_duplicate_by_sorting(const cJSON *object, size_t n, const char **duplicate)
{
    const char **keys;
    size_t i = 0;

    FA_TRY(fa_alloc(n, sizeof *keys, &keys));
    for (const cJSON *child = object->child; child != NULL; child = child->next)
        keys[i++] = child->string;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (i = 1; i < n && *duplicate == NULL; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            *duplicate = keys[i]; /* the tree's, so it outlives the list */
    fa_free(keys);
    return FA_OK;
}

/* *duplicate: a key that object has twice, or NULL. */
static fa_status find_duplicate(const cJSON *object, const char **duplicate)
{
    size_t n = 0;

    *duplicate = NULL;
    for (const cJSON *child = object->child; child != NULL; child = child->next)
        n++;
    if (n > FEW_KEYS)
        return find_duplicate_by_sorting(object, n, duplicate);
    for (const cJSON *a = object->child; a != NULL; a = a->next)
        for (const cJSON *b = a->next; b != NULL; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                *duplicate = a->string;
    return FA_OK;
}

/* Appends ".key" or "[index]" of child to path. */
static void print_step(const cJSON *parent, const cJSON *child, char *path, size_t size)
{
    size_t index = 0, used = strlen(path);

    if (child->string != NULL) {
        snprintf(path + used, size - used, "%s%s", used > 0 ? "." : "", child->string);
        return;
    }
    for (const cJSON *item = parent->child; item != child; item = item->next)
        index++;
    snprintf(path + used, size - used, "[%zu]", index);
}

/* A node and the way to it from the root. */
struct place {
    const struct place *above; /* NULL at the root */
    const cJSON *node;
};

static void print_path(const struct place *place, char *path, size_t size)
{
    if (place->above == NULL)
        return;
    print_path(place->above, path, size);
    print_step(place->above->node, place->node, path, size);
}

static fa_status check_keys(const char *name, const struct place *place)
{
    if (cJSON_IsObject(place->node)) {
        const char *duplicate;
        char path[256] = "";

        FA_TRY(find_duplicate(place->node, &duplicate));
        if (duplicate != NULL) {
            print_path(place, path, sizeof path);
            return fa_fail(FA_EFORMAT, "%s: the key \"%s\" is there twice in %s; remove one", name, duplicate,
                           path[0] != '\0' ? path : "the outermost object");
        }
    }
    for (const cJSON *child = place->node->child; child != NULL; child = child->next)
        if (child->child != NULL)
            FA_TRY(check_keys(name, &(struct place){place, child}));
    return FA_OK;
}

/* ---- whole numbers that a double may not hold ---- */

/* Behind the string that begins at position. */
static size_t pass_string(const struct source *source, size_t position)
{
    for (position++; position < source->n_bytes && source->text[position] != '"'; position++)
        if (source->text[position] == '\\')
            position++;
    return position + 1;
}

/* The next number of a text that is known to be JSON, from *position on, which moves behind it. */
static size_t find_number(const struct source *source, size_t *position)
{
    for (size_t at = *position; at < source->n_bytes;) {
        const char c = source->text[at];
        const size_t begin = at;

        if (c == '"') {
            at = pass_string(source, at);
            continue;
        }
        while (at < source->n_bytes && is_letter(source->text[at]))
            at++;
        if (at == begin) {
            at++;
        } else if (c == '-' || (c >= '0' && c <= '9')) {
            *position = at;
            return begin;
        }
    }
    return source->n_bytes;
}

/* The digits of every such number into its node; text and tree have numbers in one order. */
static fa_status keep_digits(const struct source *source, cJSON *node, size_t *position)
{
    if (cJSON_IsNumber(node)) {
        const size_t begin = find_number(source, position), n = long_whole(source, begin);

        if (n > 0 && (node->valuestring = cJSON_malloc(n + 1)) == NULL)
            return fa_fail(FA_ENOMEM, "%s: out of memory for a number", source->name);
        if (n > 0) {
            memcpy(node->valuestring, source->text + begin, n);
            node->valuestring[n] = '\0';
        }
    }
    for (cJSON *child = node->child; child != NULL; child = child->next)
        FA_TRY(keep_digits(source, child, position));
    return FA_OK;
}

/* ---- the whole ---- */

/* cJSON keeps its last error in a global variable, hence the lock. */
static cJSON *parse_value(const struct source *source, const char **end)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    cJSON *root;

    fa_json_prepare();
    pthread_mutex_lock(&lock);
    root = cJSON_ParseWithLengthOpts(source->text, source->n_bytes, end, false);
    pthread_mutex_unlock(&lock);
    return root;
}

fa_status fa_json_parse(const char *name, const char *text, size_t n_bytes, struct fa_json **out)
{
    const struct source source = {name, text, n_bytes};
    struct outline outline;
    const char *end = text;
    cJSON *root;
    fa_status status;

    *out = NULL;
    if (is_blank(&source))
        return fa_fail(FA_EFORMAT, "%s: is empty where JSON is expected", name);
    FA_TRY(check_encoding(&source));
    FA_TRY(draw_outline(&source, &outline));
    root = parse_value(&source, &end);
    if (root == NULL && fa_json_starved())
        return fa_fail(FA_ENOMEM, "%s: out of memory for %zu bytes of JSON", name, n_bytes);
    if (root == NULL)
        return fail_syntax(&source, &outline, (size_t)(end - text));
    status = check_end(&source, end);
    if (status == FA_OK)
        status = check_keys(name, &(struct place){NULL, root});
    if (status == FA_OK && outline.has_long_whole)
        status = keep_digits(&source, root, &(size_t){0});
    if (status == FA_OK)
        *out = fa_json_face(root);
    else
        cJSON_Delete(root);
    return status;
}

/* Blanks take the place of comments, so that whatever follows stays where it is. */
static void blank_comments(const struct source *source, char *text)
{
    for (size_t at = 0; at < source->n_bytes;) {
        const char *rest = text + at;

        if (*rest == '"')
            at = pass_string(source, at);
        else if (*rest == '#' || (*rest == '/' && rest[1] == '/')) /* a 0 ends the text */
            for (; at < source->n_bytes && text[at] != '\n'; at++)
                text[at] = ' ';
        else
            at++;
    }
}

static fa_status read_file(const char *path, bool has_comments, struct fa_json **out)
{
    char *text;
    size_t n_bytes;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_file_read(path, largest_file, &text, &n_bytes));
    if (has_comments)
        blank_comments(&(struct source){path, text, n_bytes}, text);
    status = fa_json_parse(path, text, n_bytes, out);
    fa_free(text);
    return status;
}

fa_status fa_json_read_file(const char *path, struct fa_json **out)
{
    return read_file(path, false, out);
}

fa_status fa_json_read_in(const char *directory, const char *name, struct fa_json **out)
{
    char *path;
    fa_status status;

    *out = NULL;
    FA_TRY(fa_path_join(directory, name, &path));
    status = fa_json_read_file(path, out);
    fa_free(path);
    return status;
}

fa_status fa_json_read_commented(const char *path, struct fa_json **out)
{
    return read_file(path, true, out);
}
