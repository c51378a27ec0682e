/*
 * memory.h - counted host memory and sizes that cannot overflow.
 *
 * All host memory of the program comes from here. Blocks are aligned to 64 bytes (a cache line, a vector
 * register); large ones lie in huge pages, where the system has them. Tests end with fa_memory_balance() == 0
 * and can order the n-th allocation from now to fail. Thread safe.
 */
#ifndef FA_MEMORY_H
#define FA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fa/declarations.h"
#include "fa/status.h"

FA_BEGIN_DECLARATIONS

/* n items of size bytes, not initialised / zeroed. n * size of 0 gives a valid pointer. *out is NULL on
 * failure. */
fa_status fa_alloc(size_t n, size_t size, void *out) FA_CHECK_RESULT;
fa_status fa_alloc_zero(size_t n, size_t size, void *out) FA_CHECK_RESULT;

/* Grows or shrinks *block, keeping its content; *block may point to NULL. Untouched on failure. */
fa_status fa_realloc(void *block, size_t n, size_t size) FA_CHECK_RESULT;

/* Makes room for n items in *block, as fa_realloc does, where it has room for fewer: for twice as many, so
   that a list may grow item by item. */
fa_status fa_reserve(void *block, size_t n, size_t size, size_t *room) FA_CHECK_RESULT;

/* A copy of text; the caller frees it with fa_free. */
fa_status fa_strdup(const char *text, char **out) FA_CHECK_RESULT;

/* printf into a fresh string; the caller frees it with fa_free. */
fa_status fa_asprintf(char **out, const char *format, ...) FA_PRINTF(2, 3) FA_CHECK_RESULT;

void fa_free(void *block); /* NULL is fine */

/* false, and *out untouched, if the product or sum does not fit. */
bool fa_size_mul(size_t a, size_t b, size_t *out);
bool fa_size_add(size_t a, size_t b, size_t *out);

static inline size_t fa_size_smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t fa_size_larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Bytes and blocks allocated and not yet freed. */
size_t fa_memory_bytes(void);
long fa_memory_balance(void);

/* Whether the system has ever refused memory that was asked for here. */
bool fa_memory_ran_out(void);

/* The n-th allocation from now (1 = the next) fails; 0 switches that off. For tests. */
void fa_memory_fail_after(long n);

/* The resident set of the process in bytes: now (0 where the system does not tell), and the largest yet. */
size_t fa_memory_rss(void);
size_t fa_memory_peak_rss(void);

FA_END_DECLARATIONS

#endif
