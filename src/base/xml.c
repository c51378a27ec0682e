/* An element, its attributes and its text are blocks of their own, linked in the order of the file. */
#include "fa/xml.h"

#include <limits.h>
#include <string.h>

#include "fa/memory.h"

struct attribute {
    struct attribute *next;
    char *key, *value;
};

struct fa_xml {
    struct fa_xml *parent, *first, *last, *next;
    char *name, *text; /* text NULL: none yet */
    size_t n_text, room;
    struct attribute *attributes;
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

            fa_free(element->attributes->key);
            fa_free(element->attributes->value);
            fa_free(element->attributes);
            element->attributes = next;
        }
        fa_free(element->name);
        fa_free(element->text);
        fa_free(element);
        element = parent;
    }
}

/* ---- reading ---- */

#ifdef FA_HAVE_EXPAT

#include <expat.h>

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

static fa_status add_attribute(struct fa_xml *element, const char *key, const char *value)
{
    struct attribute *attribute;

    FA_TRY(fa_alloc_zero(1, sizeof *attribute, &attribute));
    attribute->next = element->attributes;
    element->attributes = attribute;
    FA_TRY(fa_strdup(key, &attribute->key));
    return fa_strdup(value, &attribute->value);
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
    struct fa_xml *element;

    if (++p->depth > DEEPEST)
        return fa_fail(FA_EFORMAT, "elements are nested deeper than %d", DEEPEST);
    FA_TRY(fa_alloc_zero(1, sizeof *element, &element));
    append(p, element);
    FA_TRY(fa_strdup(name, &element->name));
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

static fa_status feed(struct parsing *p, const char *text, size_t n_bytes)
{
    enum XML_Status good = XML_STATUS_OK;

    while (good == XML_STATUS_OK && n_bytes > INT_MAX / 2) {
        good = XML_Parse(p->parser, text, INT_MAX / 2, 0);
        text += INT_MAX / 2;
        n_bytes -= INT_MAX / 2;
    }
    if (good == XML_STATUS_OK)
        good = XML_Parse(p->parser, text, (int)n_bytes, 1);
    if (p->status != FA_OK || good == XML_STATUS_OK)
        return p->status;
    return fa_fail(XML_GetErrorCode(p->parser) == XML_ERROR_NO_MEMORY ? FA_ENOMEM : FA_EFORMAT,
                   "this is not XML: %s", XML_ErrorString(XML_GetErrorCode(p->parser)));
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
    status =
        fa_prefix(status, "%s, line %lu, column %lu", name, (unsigned long)XML_GetCurrentLineNumber(p.parser),
                  (unsigned long)XML_GetCurrentColumnNumber(p.parser) + 1);
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
