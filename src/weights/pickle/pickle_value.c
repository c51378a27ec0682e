#include <stdio.h>
#include <string.h>

#include "fa/memory.h"
#include "pickle_machine.h"

enum { BLOCK_BYTES = 1 << 16 };

struct fa_pickle_block {
    struct fa_pickle_block *next;
    size_t used, size; /* of bytes */
    _Alignas(16) char bytes[];
};

fa_status fa_pickle_alloc(struct fa_pickle *pickle, size_t n_bytes, void *out)
{
    struct fa_pickle_block *block = pickle->blocks;
    size_t size;

    if (!fa_size_add(n_bytes, 15, &size))
        return fa_fail(FA_ENOMEM, "a pickle needs more memory than can be counted");
    size -= size % 16;
    if (block == NULL || size > block->size - block->used) {
        const size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;

        FA_TRY(fa_alloc(sizeof *block + room, 1, &block));
        *block = (struct fa_pickle_block){.next = pickle->blocks, .size = room};
        pickle->blocks = block;
    }
    memcpy(out, &(void *){block->bytes + block->used}, sizeof(void *));
    block->used += size;
    return FA_OK;
}

void fa_pickle_free(struct fa_pickle *pickle)
{
    while (pickle->blocks != NULL) {
        struct fa_pickle_block *next = pickle->blocks->next;

        fa_free(pickle->blocks);
        pickle->blocks = next;
    }
    *pickle = (struct fa_pickle){0};
}

fa_status fa_pickle_new(struct fa_pickle *pickle, enum fa_pickle_kind kind, struct fa_pickle_value **out)
{
    FA_TRY(fa_pickle_alloc(pickle, sizeof **out, out));
    memset(*out, 0, sizeof **out);
    (*out)->kind = kind;
    return FA_OK;
}

fa_status fa_pickle_append(struct fa_pickle *pickle, struct fa_pickle_value *list,
                           struct fa_pickle_value *item)
{
    if (list->is.list.n == list->is.list.room) {
        const size_t room = 2 * list->is.list.room + 4;
        struct fa_pickle_value **items;

        FA_TRY(fa_pickle_alloc(pickle, room * sizeof *items, &items));
        if (list->is.list.n > 0)
            memcpy(items, list->is.list.items, list->is.list.n * sizeof *items);
        list->is.list.items = items;
        list->is.list.room = room;
    }
    list->is.list.items[list->is.list.n++] = item;
    return FA_OK;
}

bool fa_pickle_is_text(const struct fa_pickle_value *value, const char *text)
{
    return value->kind == FA_PICKLE_TEXT && value->is.text.n == strlen(text) &&
           memcmp(value->is.text.bytes, text, value->is.text.n) == 0;
}

struct fa_pickle_value *fa_pickle_get(const struct fa_pickle_value *value, const char *key)
{
    if (value == NULL || value->kind != FA_PICKLE_DICT)
        return NULL;
    for (size_t i = value->is.list.n; i > 1; i -= 2)
        if (fa_pickle_is_text(value->is.list.items[i - 2], key))
            return value->is.list.items[i - 1];
    return NULL;
}

const char *fa_pickle_describe(const struct fa_pickle_value *value, char *text, size_t size)
{
    static const char *const names[] = {
        [FA_PICKLE_BOOL] = "a truth value",
        [FA_PICKLE_INT] = "a whole number",
        [FA_PICKLE_BIG_INT] = "a whole number",
        [FA_PICKLE_TEXT] = "a text",
        [FA_PICKLE_LIST] = "a list",
        [FA_PICKLE_TUPLE] = "a tuple",
        [FA_PICKLE_DICT] = "a dictionary",
        [FA_PICKLE_GLOBAL] = "a function or class",
        [FA_PICKLE_STORAGE] = "a storage",
        [FA_PICKLE_TENSOR] = "a tensor",
        [FA_PICKLE_OTHER] = "None or a number",
        [FA_PICKLE_MARK] = "a mark",
    };

    if (value->kind == FA_PICKLE_OTHER && value->is.what != NULL)
        snprintf(text, size, "%s.%s", value->is.what->module, value->is.what->name);
    else
        snprintf(text, size, "%s", names[value->kind]);
    return text;
}
