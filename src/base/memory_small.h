/*
 * memory_small.h - counted blocks without the alignment of fa_alloc, for libraries that take millions of
 * tiny ones. They obey fa_memory_fail_after and show in fa_memory_balance. Thread safe.
 */
#ifndef FA_BASE_MEMORY_SMALL_H
#define FA_BASE_MEMORY_SMALL_H

#include <stddef.h>

/* n_bytes aligned for any C type; NULL, without a message, if there are none. */
void *fa_small_alloc(size_t n_bytes);
void fa_small_free(void *block); /* NULL is fine; only for blocks of fa_small_alloc */

#endif
