#include "fa/memory.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "memory_small.h"

/* Each block is preceded by its size, in a header as long as the block's alignment. */
enum { ALIGNMENT = 64, SMALL_ALIGNMENT = _Alignof(max_align_t) };

/* A huge page, and the block from which on it pays to lie in some. */
enum { HUGE_PAGE = 2 << 20, LARGE_BLOCK = 2 * HUGE_PAGE };

static atomic_size_t bytes_in_use;
static atomic_long blocks_in_use;
static atomic_bool ran_out;   /* the system has refused, once at least */
static atomic_long countdown; /* allocations until the one that is ordered to fail; 0: none is */

static bool failure_is_due(void)
{
    long left = atomic_load(&countdown);

    while (left > 0)
        if (atomic_compare_exchange_weak(&countdown, &left, left - 1))
            return left == 1;
    return false;
}

/* Weights and activations are read from end to end, many times a step: in small pages a core spends some
 * percent of its time on looking addresses up. */
static void *take_large(size_t n_bytes)
{
    void *start;

    /* aligned_alloc() may refuse a size that is no multiple of the alignment. */
    if (posix_memalign(&start, HUGE_PAGE, n_bytes) != 0)
        return NULL;
    /* Where it fails, all lies in small pages. What does not fill a huge page always does, or the system
     * would fill it up whenever it comes by. */
    (void)madvise(start, n_bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return start;
}

static void *take_aligned(size_t n_bytes, size_t alignment)
{
    if (alignment == SMALL_ALIGNMENT)
        return malloc(n_bytes);
    return n_bytes >= LARGE_BLOCK ? take_large(n_bytes) : aligned_alloc(alignment, n_bytes);
}

static void *take(size_t n_bytes, size_t alignment)
{
    size_t total;
    char *start;

    if (failure_is_due() || !fa_size_add(n_bytes, 2 * alignment - 1, &total))
        return NULL;
    total -= total % alignment; /* header and block, rounded up to whole alignments */
    start = take_aligned(total, alignment);
    if (start == NULL) {
        atomic_store(&ran_out, true);
        return NULL;
    }
    memcpy(start, &n_bytes, sizeof n_bytes);
    atomic_fetch_add(&bytes_in_use, n_bytes);
    atomic_fetch_add(&blocks_in_use, 1);
    return start + alignment;
}

static size_t size_of(const void *block, size_t alignment)
{
    size_t n_bytes;

    memcpy(&n_bytes, (const char *)block - alignment, sizeof n_bytes);
    return n_bytes;
}

static void give_back(void *block, size_t alignment)
{
    if (block == NULL)
        return;
    atomic_fetch_sub(&bytes_in_use, size_of(block, alignment));
    atomic_fetch_sub(&blocks_in_use, 1);
    free((char *)block - alignment);
}

void *fa_small_alloc(size_t n_bytes)
{
    return take(n_bytes, SMALL_ALIGNMENT);
}

void fa_small_free(void *block)
{
    give_back(block, SMALL_ALIGNMENT);
}

/* Pointers go in and out by memcpy: the caller's variable is a pointer to any type. */
static void store_pointer(void *where, void *pointer)
{
    memcpy(where, &pointer, sizeof pointer);
}

static fa_status allocate(size_t n, size_t size, void **out)
{
    size_t n_bytes;

    *out = NULL;
    if (!fa_size_mul(n, size, &n_bytes))
        return fa_fail(FA_ENOMEM, "%zu items of %zu bytes are more than memory can hold", n, size);
    *out = take(n_bytes, ALIGNMENT);
    if (*out == NULL)
        return fa_fail(FA_ENOMEM, "out of memory: %zu bytes were asked for, %zu are in use", n_bytes,
                       fa_memory_bytes());
    return FA_OK;
}

fa_status fa_alloc(size_t n, size_t size, void *out)
{
    void *block;
    fa_status status = allocate(n, size, &block);

    store_pointer(out, block);
    return status;
}

fa_status fa_alloc_zero(size_t n, size_t size, void *out)
{
    void *block;
    fa_status status = allocate(n, size, &block);

    if (status == FA_OK)
        memset(block, 0, n * size);
    store_pointer(out, block);
    return status;
}

fa_status fa_realloc(void *block, size_t n, size_t size)
{
    void *before, *after;
    size_t kept;

    FA_TRY(allocate(n, size, &after));
    memcpy(&before, block, sizeof before);
    if (before != NULL) {
        kept = size_of(before, ALIGNMENT);
        memcpy(after, before, kept < n * size ? kept : n * size);
        fa_free(before);
    }
    store_pointer(block, after);
    return FA_OK;
}

fa_status fa_reserve(void *block, size_t n, size_t size, size_t *room)
{
    const size_t twice = n < SIZE_MAX / 4 ? 2 * n + 16 : n;

    if (n <= *room)
        return FA_OK;
    FA_TRY(fa_realloc(block, twice, size));
    *room = twice;
    return FA_OK;
}

fa_status fa_strdup(const char *text, char **out)
{
    size_t n = strlen(text) + 1;

    FA_TRY(fa_alloc(n, 1, out));
    memcpy(*out, text, n);
    return FA_OK;
}

fa_status fa_asprintf(char **out, const char *format, ...)
{
    va_list arguments;
    int length;

    *out = NULL;
    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return fa_fail(FA_EINVAL, "cannot print by the format \"%s\"", format);
    FA_TRY(fa_alloc((size_t)length + 1, 1, out));
    va_start(arguments, format);
    vsnprintf(*out, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return FA_OK;
}

void fa_free(void *block)
{
    give_back(block, ALIGNMENT);
}

bool fa_size_mul(size_t a, size_t b, size_t *out)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

bool fa_size_add(size_t a, size_t b, size_t *out)
{
    size_t sum;

    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

size_t fa_memory_bytes(void)
{
    return atomic_load(&bytes_in_use);
}

long fa_memory_balance(void)
{
    return atomic_load(&blocks_in_use);
}

bool fa_memory_ran_out(void)
{
    return atomic_load(&ran_out);
}

void fa_memory_fail_after(long n)
{
    atomic_store(&countdown, n);
}

size_t fa_memory_rss(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long pages = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

size_t fa_memory_peak_rss(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return (size_t)usage.ru_maxrss * 1024; /* Linux counts in KiB */
}
