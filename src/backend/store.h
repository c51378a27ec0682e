/*
 * store.h - memory that filters and their gradients take for a while and give back.
 */
#ifndef FA_BACKEND_STORE_H
#define FA_BACKEND_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "fa/status.h"

struct fa_store {
    size_t n;
    struct fa_store_block {
        size_t n_bytes;
        void *memory;
        bool is_taken;
    } * block;
};

/* Memory of at least so many bytes, not initialised, until it is given back; memory points to a pointer, NULL
   gives back nothing, and it becomes NULL. */
fa_status fa_store_take(struct fa_store *store, size_t n_bytes, void *memory) FA_CHECK_RESULT;
void fa_store_give_back(struct fa_store *store, void *memory);
void fa_store_free(struct fa_store *store);

#endif
