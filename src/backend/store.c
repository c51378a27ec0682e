/*
 * store.c - blocks of memory, taken and given back.
 *
 * Few layers are packed at the same time, so that all of them need little more than the largest. A step asks
 * for the same as the step before it: after the first nothing is allocated.
 */
#include "store.h"

#include <string.h>

#include "fa/memory.h"

/* The smallest that is large enough, else the largest of those that are not; NULL if none is free. */
static struct fa_store_block *best_free(struct fa_store *store, size_t n_bytes)
{
    struct fa_store_block *best = NULL;

    for (size_t i = 0; i < store->n; i++) {
        struct fa_store_block *block = &store->block[i];
        const bool fits = block->n_bytes >= n_bytes;

        if (block->is_taken)
            continue;
        if (best == NULL || (fits ? best->n_bytes < n_bytes || block->n_bytes < best->n_bytes
                                  : best->n_bytes < n_bytes && block->n_bytes > best->n_bytes))
            best = block;
    }
    return best;
}

static fa_status add_block(struct fa_store *store, struct fa_store_block **out)
{
    FA_TRY(fa_realloc(&store->block, store->n + 1, sizeof *store->block));
    store->block[store->n] = (struct fa_store_block){0};
    *out = &store->block[store->n++];
    return FA_OK;
}

static fa_status grow(struct fa_store_block *block, size_t n_bytes)
{
    fa_free(block->memory);
    *block = (struct fa_store_block){0};
    FA_TRY(fa_alloc(n_bytes, 1, &block->memory));
    block->n_bytes = n_bytes;
    return FA_OK;
}

fa_status fa_store_take(struct fa_store *store, size_t n_bytes, void *out)
{
    struct fa_store_block *block = best_free(store, n_bytes);

    if (block == NULL)
        FA_TRY(add_block(store, &block));
    if (block->n_bytes < n_bytes)
        FA_TRY(grow(block, n_bytes));
    block->is_taken = true;
    memcpy(out, &block->memory, sizeof block->memory);
    return FA_OK;
}

void fa_store_give_back(struct fa_store *store, void *memory)
{
    void *taken;

    memcpy(&taken, memory, sizeof taken);
    for (size_t i = 0; i < store->n && taken != NULL; i++)
        if (store->block[i].memory == taken)
            store->block[i].is_taken = false;
    taken = NULL;
    memcpy(memory, &taken, sizeof taken);
}

void fa_store_free(struct fa_store *store)
{
    for (size_t i = 0; i < store->n; i++)
        fa_free(store->block[i].memory);
    fa_free(store->block);
    *store = (struct fa_store){0};
}
