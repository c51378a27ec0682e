#include "fa/json.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "json_node.h"
#include "memory_small.h"

static _Thread_local bool starved;

/* Nodes are counted small blocks: a COCO file has tens of millions of them. */
static void *node_alloc(size_t n_bytes)
{
    void *block = fa_small_alloc(n_bytes);

    starved = starved || block == NULL;
    return block;
}

static void install_allocator(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = node_alloc, .free_fn = fa_small_free});
}

void fa_json_prepare(void)
{
    static pthread_once_t installed = PTHREAD_ONCE_INIT;

    pthread_once(&installed, install_allocator);
    starved = false;
}

bool fa_json_starved(void)
{
    return starved;
}

void fa_json_free(struct fa_json *root)
{
    cJSON_Delete(fa_json_node(root));
}

enum fa_json_kind fa_json_kind(const struct fa_json *value)
{
    const cJSON *node = fa_json_node(value);

    if (cJSON_IsBool(node))
        return FA_JSON_BOOL;
    if (cJSON_IsNumber(node))
        return FA_JSON_NUMBER;
    if (cJSON_IsString(node))
        return FA_JSON_STRING;
    if (cJSON_IsArray(node))
        return FA_JSON_ARRAY;
    return cJSON_IsObject(node) ? FA_JSON_OBJECT : FA_JSON_NULL;
}

struct fa_json *fa_json_get(const struct fa_json *value, const char *key)
{
    if (fa_json_kind(value) != FA_JSON_OBJECT)
        return NULL;
    return fa_json_face(cJSON_GetObjectItemCaseSensitive(fa_json_node(value), key));
}

struct fa_json *fa_json_first(const struct fa_json *value)
{
    return value != NULL ? fa_json_face(fa_json_node(value)->child) : NULL;
}

struct fa_json *fa_json_next(const struct fa_json *child)
{
    return child != NULL ? fa_json_face(fa_json_node(child)->next) : NULL;
}

const char *fa_json_key(const struct fa_json *child)
{
    return child != NULL ? fa_json_node(child)->string : NULL;
}

size_t fa_json_count(const struct fa_json *value)
{
    size_t n = 0;

    for (const struct fa_json *child = fa_json_first(value); child != NULL; child = fa_json_next(child))
        n++;
    return n;
}

bool fa_json_to_bool(const struct fa_json *value, bool *out)
{
    if (fa_json_kind(value) != FA_JSON_BOOL)
        return false;
    *out = cJSON_IsTrue(fa_json_node(value));
    return true;
}

bool fa_json_to_int(const struct fa_json *value, int64_t *out)
{
    double number;

    if (!fa_json_to_double(value, &number) || number != floor(number) || fabs(number) > 0x1p53)
        return false;
    *out = (int64_t)number;
    return true;
}

bool fa_json_to_int64(const struct fa_json *value, int64_t *out)
{
    const char *digits = fa_json_kind(value) == FA_JSON_NUMBER ? fa_json_node(value)->valuestring : NULL;
    long long number;

    if (digits == NULL)
        return fa_json_to_int(value, out);
    errno = 0;
    number = strtoll(digits, NULL, 10);
    if (errno != 0)
        return false;
    *out = number;
    return true;
}

bool fa_json_to_double(const struct fa_json *value, double *out)
{
    if (fa_json_kind(value) != FA_JSON_NUMBER || !isfinite(fa_json_node(value)->valuedouble))
        return false;
    *out = fa_json_node(value)->valuedouble;
    return true;
}

bool fa_json_to_string(const struct fa_json *value, const char **out)
{
    if (fa_json_kind(value) != FA_JSON_STRING)
        return false;
    *out = fa_json_node(value)->valuestring;
    return true;
}

struct fa_json *fa_json_new_object(void)
{
    fa_json_prepare();
    return fa_json_face(cJSON_CreateObject());
}

struct fa_json *fa_json_new_array(void)
{
    fa_json_prepare();
    return fa_json_face(cJSON_CreateArray());
}

struct fa_json *fa_json_new_bool(bool value)
{
    fa_json_prepare();
    return fa_json_face(cJSON_CreateBool(value));
}

struct fa_json *fa_json_new_number(double value)
{
    fa_json_prepare();
    return fa_json_face(isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull());
}

struct fa_json *fa_json_new_string(const char *value)
{
    fa_json_prepare();
    return fa_json_face(cJSON_CreateString(value));
}

struct fa_json *fa_json_copy(const struct fa_json *value)
{
    fa_json_prepare();
    return fa_json_face(cJSON_Duplicate(fa_json_node(value), true));
}

/* The new member takes over the old one's key, so nothing is allocated and nothing can fail. */
static void replace_member(cJSON *object, cJSON *old, cJSON *new)
{
    cJSON_free(new->string);
    new->string = old->string;
    old->string = NULL;
    cJSON_ReplaceItemViaPointer(object, old, new);
}

bool fa_json_set(struct fa_json *object, const char *key, struct fa_json *child)
{
    struct fa_json *old = fa_json_get(object, key);

    if (child == NULL)
        return false;
    if (old != NULL) {
        replace_member(fa_json_node(object), fa_json_node(old), fa_json_node(child));
        return true;
    }
    if (fa_json_kind(object) == FA_JSON_OBJECT &&
        cJSON_AddItemToObject(fa_json_node(object), key, fa_json_node(child)))
        return true;
    fa_json_free(child);
    return false;
}

bool fa_json_append(struct fa_json *array, struct fa_json *child)
{
    if (child == NULL)
        return false;
    if (fa_json_kind(array) == FA_JSON_ARRAY &&
        cJSON_AddItemToArray(fa_json_node(array), fa_json_node(child)))
        return true;
    fa_json_free(child);
    return false;
}
