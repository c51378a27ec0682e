/* An element, its attributes and its text are blocks of their own, linked in the order of the file. A large
   file has millions of them, so they are small ones. */
#include "fa/xml.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "fa/memory.h"
#include "memory_small.h"

struct attribute {
    struct attribute *next;
    const char *value; /* behind the key */
    char key[];
};

struct fa_xml {
    struct fa_xml *parent, *first, *last, *next;
    struct attribute *attributes;
    char *text; /* NULL: none yet */
    size_t n_text, room;
    char name[];
};

/* ---- looking ---- */

static const struct fa_xml *named(const struct fa_xml *element, const char *name)
{
    while (element != NULL && name != NULL && strcmp(element->name, name) != 0)
        element = element->next;
    return element;
}

const char *fa_xml_name(const struct fa_xml *element)
{
    return element != NULL ? element->name : NULL;
}

const char *fa_xml_text(const struct fa_xml *element)
{
    return element == NULL ? NULL : element->text != NULL ? element->text : "";
}

const char *fa_xml_attribute(const struct fa_xml *element, const char *key)
{
    if (element == NULL)
        return NULL;
    for (const struct attribute *a = element->attributes; a != NULL; a = a->next)
        if (strcmp(a->key, key) == 0)
            return a->value;
    return NULL;
}

const struct fa_xml *fa_xml_child(const struct fa_xml *element, const char *name)
{
    return element != NULL ? named(element->first, name) : NULL;
}

const struct fa_xml *fa_xml_next(const struct fa_xml *element, const char *name)
{
    return element != NULL ? named(element->next, name) : NULL;
}

/* Of any depth: it goes down to a leaf, frees it, and goes on from its parent. */
void fa_xml_free(struct fa_xml *element)
{
    while (element != NULL) {
        struct fa_xml *parent = element->parent;

        if (element->first != NULL) {
            struct fa_xml *child = element->first;

            element->first = child->next;
            element = child;
            continue;
        }
        while (element->attributes != NULL) {
            struct attribute *next = element->attributes->next;

            fa_small_free(element->attributes);
            element->attributes = next;
        }
        fa_free(element->text);
        fa_small_free(element);
        element = parent;
    }
}

/* ---- reading ---- */

#ifdef FA_HAVE_EXPAT

#include <expat.h>

#include "fa/printable.h"

/* Positions have 64 bits from 2.9 on, which warns of their other names. */
#if XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION < 9
#define XML_GetCurrentByteIndex64    XML_GetCurrentByteIndex
#define XML_GetCurrentLineNumber64   XML_GetCurrentLineNumber
#define XML_GetCurrentColumnNumber64 XML_GetCurrentColumnNumber
#endif

enum { DEEPEST = 64 };

struct parsing {
    XML_Parser parser;
    struct fa_xml *root, *open; /* the element that is not closed yet */
    int depth;
    fa_status status;
};

static void stop(struct parsing *p, fa_status status)
{
    if (status == FA_OK || p->status != FA_OK)
        return;
    p->status = status;
    XML_StopParser(p->parser, XML_FALSE);
}

static fa_status take_small(size_t n_bytes, void **out)
{
    *out = fa_small_alloc(n_bytes);
    return *out != NULL ? FA_OK : fa_fail(FA_ENOMEM, "memory is exhausted");
}

static fa_status add_attribute(struct fa_xml *element, const char *key, const char *value)
{
    const size_t n_key = strlen(key) + 1, n_value = strlen(value) + 1;
    struct attribute *attribute;
    void *block;

    FA_TRY(take_small(sizeof *attribute + n_key + n_value, &block));
    attribute = block;
    attribute->next = element->attributes;
    attribute->value = memcpy(attribute->key + n_key, value, n_value);
    memcpy(attribute->key, key, n_key);
    element->attributes = attribute;
    return FA_OK;
}

static void append(struct parsing *p, struct fa_xml *element)
{
    struct fa_xml *parent = p->open;

    element->parent = parent;
    if (parent == NULL)
        p->root = element;
    else if (parent->last == NULL)
        parent->first = element;
    else
        parent->last->next = element;
    if (parent != NULL)
        parent->last = element;
    p->open = element;
}

static fa_status begin(struct parsing *p, const char *name, const char **attributes)
{
    const size_t n_name = strlen(name) + 1;
    struct fa_xml *element;
    void *block;

    if (p->depth == DEEPEST)
        return fa_fail(FA_EFORMAT, "elements are nested deeper than %d", DEEPEST);
    FA_TRY(take_small(sizeof *element + n_name, &block));
    element = block;
    *element = (struct fa_xml){.parent = NULL};
    memcpy(element->name, name, n_name);
    append(p, element);
    p->depth++;
    for (; *attributes != NULL; attributes += 2)
        FA_TRY(add_attribute(element, attributes[0], attributes[1]));
    return FA_OK;
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
    struct parsing *p = context;

    if (p->status == FA_OK)
        stop(p, begin(p, name, attributes));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void XMLCALL on_end(void *context, const char *name)
{
    struct parsing *p = context;
    struct fa_xml *element = p->open;

    (void)name;
    if (p->status != FA_OK) /* <a/> also ends where its beginning failed */
        return;
    while (element->n_text > 0 && is_space(element->text[element->n_text - 1]))
        element->text[--element->n_text] = '\0';
    p->open = element->parent;
    p->depth--;
}

static fa_status add_text(struct fa_xml *element, const char *text, size_t n)
{
    if (element->n_text + n + 1 > element->room) {
        element->room = 2 * (element->n_text + n + 1);
        FA_TRY(fa_realloc(&element->text, element->room, 1));
    }
    memcpy(element->text + element->n_text, text, n);
    element->n_text += n;
    element->text[element->n_text] = '\0';
    return FA_OK;
}

static void XMLCALL on_text(void *context, const char *text, int length)
{
    struct parsing *p = context;
    size_t n = (size_t)length;

    while (p->open->n_text == 0 && n > 0 && is_space(*text))
        text++, n--;
    if (n > 0 && p->status == FA_OK)
        stop(p, add_text(p->open, text, n));
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system, const char *public,
                               int has_internal)
{
    (void)name, (void)system, (void)public, (void)has_internal;
    stop(context, fa_fail(FA_EFORMAT, "it declares a document type, which is not read; remove the DOCTYPE"));
}

/* Of a byte that is no part of UTF-8, as which all is read that declares nothing else. */
static bool is_at_other_encoding(const struct parsing *p, const char *text, size_t n_bytes)
{
    const int64_t at = XML_GetCurrentByteIndex64(p->parser);
    uint32_t point;

    return at >= 0 && (size_t)at < n_bytes && fa_utf8_read(text + at, n_bytes - (size_t)at, &point) == 0;
}

static fa_status fail_syntax(const struct parsing *p, const char *text, size_t n_bytes)
{
    const enum XML_Error error = XML_GetErrorCode(p->parser);

    if (error == XML_ERROR_NO_MEMORY)
        return fa_fail(FA_ENOMEM, "memory is exhausted");
    if (error == XML_ERROR_UNKNOWN_ENCODING || error == XML_ERROR_INCORRECT_ENCODING)
        return fa_fail(FA_EFORMAT, "it is in an encoding that is not read; save it as UTF-8");
    if (error == XML_ERROR_INVALID_TOKEN && is_at_other_encoding(p, text, n_bytes))
        return fa_fail(FA_EFORMAT, "a letter is not in UTF-8; save the file as UTF-8, or have it declare its "
                                   "encoding");
    return fa_fail(FA_EFORMAT, "this is not XML: %s", XML_ErrorString(error));
}

static fa_status feed(struct parsing *p, const char *text, size_t n_bytes)
{
    enum XML_Status good = XML_STATUS_OK;
    size_t done = 0;

    for (; good == XML_STATUS_OK && n_bytes - done > INT_MAX / 2; done += INT_MAX / 2)
        good = XML_Parse(p->parser, text + done, INT_MAX / 2, 0);
    if (good == XML_STATUS_OK)
        good = XML_Parse(p->parser, text + done, (int)(n_bytes - done), 1);
    if (p->status != FA_OK || good == XML_STATUS_OK)
        return p->status;
    return fail_syntax(p, text, n_bytes);
}

fa_status fa_xml_parse(const char *name, const char *text, size_t n_bytes, struct fa_xml **root)
{
    struct parsing p = {.parser = XML_ParserCreate(NULL)};
    fa_status status;

    if (p.parser == NULL)
        return fa_fail(FA_ENOMEM, "%s: memory is exhausted while reading it", name);
    XML_SetUserData(p.parser, &p);
    XML_SetElementHandler(p.parser, on_start, on_end);
    XML_SetCharacterDataHandler(p.parser, on_text);
    XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
    status = feed(&p, text, n_bytes);
    status = fa_prefix(status, "%s, line %lu, column %lu", name,
                       (unsigned long)XML_GetCurrentLineNumber64(p.parser),
                       (unsigned long)XML_GetCurrentColumnNumber64(p.parser) + 1);
    XML_ParserFree(p.parser);
    if (status == FA_OK)
        *root = p.root;
    else
        fa_xml_free(p.root);
    return status;
}

#else

fa_status fa_xml_parse(const char *name, const char *text, size_t n_bytes, struct fa_xml **root)
{
    (void)text, (void)n_bytes, (void)root;
    return fa_fail(FA_EFORMAT, "%s: this build reads no XML; install libexpat1-dev and build again", name);
}

#endif
