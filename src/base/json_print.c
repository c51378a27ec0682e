#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fa/file.h"
#include "fa/json.h"
#include "fa/memory.h"
#include "json_node.h"

/* cJSON's own printer takes 15 digits for enough where 17 are needed; here numbers read back equal. */

struct printer {
    char *text; /* n_bytes used of size; no terminator until the end */
    size_t n_bytes, size;
    bool indented;
    fa_status status; /* of the first failure; what follows it does nothing */
};

static void put(struct printer *printer, const char *bytes, size_t n)
{
    if (printer->status == FA_OK && n > printer->size - printer->n_bytes) {
        size_t size = 2 * printer->size + n;

        printer->status = fa_realloc(&printer->text, size, 1);
        if (printer->status == FA_OK)
            printer->size = size;
    }
    if (printer->status != FA_OK)
        return;
    memcpy(printer->text + printer->n_bytes, bytes, n);
    printer->n_bytes += n;
}

static void put_text(struct printer *printer, const char *text)
{
    put(printer, text, strlen(text));
}

static void put_number(struct printer *printer, double value)
{
    char digits[32];

    if (!isfinite(value)) {
        put_text(printer, "null");
        return;
    }
    if (value == floor(value) && fabs(value) <= 0x1p53 && !(value == 0 && signbit(value))) {
        snprintf(digits, sizeof digits, "%.0f", value);
    } else {
        for (int precision = 15; precision <= 17; precision++) {
            snprintf(digits, sizeof digits, "%.*g", precision, value);
            if (strtod(digits, NULL) == value)
                break;
        }
    }
    put_text(printer, digits);
}

static void put_escape(struct printer *printer, unsigned char c)
{
    static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *found = strchr(special, c);
    char escape[8];

    if (found != NULL)
        snprintf(escape, sizeof escape, "\\%c", letter[found - special]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", c);
    put_text(printer, escape);
}

/* The bytes of the UTF-8 character at text (RFC 3629: no overlong forms, no surrogates); 0 if it is none. */
static size_t character_bytes(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t n = c[0] < 0x80 ? 1 : c[0] >= 0xC2 && c[0] <= 0xDF ? 2 : c[0] >= 0xE0 && c[0] <= 0xEF ? 3 : 4;

    if (n == 4 && (c[0] < 0xF0 || c[0] > 0xF4))
        return 0;
    for (size_t i = 1; i < n; i++)
        if (c[i] < 0x80 || c[i] > 0xBF)
            return 0;
    if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) || (c[0] == 0xF0 && c[1] < 0x90) ||
        (c[0] == 0xF4 && c[1] > 0x8F))
        return 0;
    return n;
}

static bool needs_escape(char c)
{
    return (unsigned char)c < ' ' || c == '"' || c == '\\';
}

/* File names may be any bytes; what is no UTF-8 becomes the replacement character, so that JSON stays JSON.
 */
static void put_string(struct printer *printer, const char *text)
{
    put(printer, "\"", 1);
    while (*text != '\0') {
        size_t plain = 0, n;

        while (!needs_escape(text[plain]) && (n = character_bytes(text + plain)) > 0)
            plain += n;
        put(printer, text, plain);
        text += plain;
        if (*text != '\0' && needs_escape(*text))
            put_escape(printer, (unsigned char)*text++);
        else if (*text != '\0') {
            put_text(printer, "\\ufffd");
            text++;
        }
    }
    put(printer, "\"", 1);
}

static void put_line_break(struct printer *printer, int depth)
{
    put(printer, "\n", 1);
    for (int i = 0; i < depth; i++)
        put(printer, "  ", 2);
}

/* An array of plain values, such as a mean, reads best on one line. */
static bool stays_on_one_line(const cJSON *container)
{
    if (cJSON_IsObject(container))
        return container->child == NULL;
    for (const cJSON *child = container->child; child != NULL; child = child->next)
        if (cJSON_IsArray(child) || cJSON_IsObject(child))
            return false;
    return true;
}

static void put_value(struct printer *printer, const cJSON *node, int depth);

static void put_container(struct printer *printer, const cJSON *node, int depth, const char *brackets)
{
    bool broken = printer->indented && !stays_on_one_line(node);

    put(printer, &brackets[0], 1);
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        if (broken)
            put_line_break(printer, depth + 1);
        if (child->string != NULL && cJSON_IsObject(node)) {
            put_string(printer, child->string);
            put(printer, ": ", printer->indented ? 2 : 1);
        }
        put_value(printer, child, depth + 1);
        if (child->next != NULL)
            put(printer, ", ", printer->indented && !broken ? 2 : 1);
    }
    if (broken)
        put_line_break(printer, depth);
    put(printer, &brackets[1], 1);
}

static void put_value(struct printer *printer, const cJSON *node, int depth)
{
    if (cJSON_IsObject(node))
        put_container(printer, node, depth, "{}");
    else if (cJSON_IsArray(node))
        put_container(printer, node, depth, "[]");
    else if (cJSON_IsString(node))
        put_string(printer, node->valuestring);
    else if (cJSON_IsNumber(node) && node->valuestring != NULL)
        put_text(printer, node->valuestring);
    else if (cJSON_IsNumber(node))
        put_number(printer, node->valuedouble);
    else
        put_text(printer, cJSON_IsTrue(node) ? "true" : cJSON_IsFalse(node) ? "false" : "null");
}

fa_status fa_json_print(const struct fa_json *root, bool indented, char **out)
{
    struct printer printer = {.indented = indented};

    *out = NULL;
    put_value(&printer, fa_json_node(root), 0);
    put(&printer, "", 1);
    if (printer.status != FA_OK) {
        fa_free(printer.text);
        return printer.status;
    }
    *out = printer.text;
    return FA_OK;
}

fa_status fa_json_save(const char *path, const struct fa_json *root, bool indented)
{
    char *text;
    fa_status status;

    FA_TRY(fa_json_print(root, indented, &text));
    status = fa_file_write_atomic(path, text, strlen(text));
    fa_free(text);
    return status;
}
