/*
 * far_memory.c - one file in memory, mapped twice: the addresses that are handed out are never accessible,
 * queues use the other ones.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fa/memory.h"
#include "far.h"

enum { PAGE = 4096 };
#define WHOLE ((size_t)8 << 30) /* bytes of address space; pages are taken when they are touched */

/* An allocation, in a list by address. */
struct block {
    size_t begin, n_bytes; /* in the file */
    void *counted; /* one of the program's own blocks, so that tests of leaks and shortages see this one */
    struct block *next;
};

static struct {
    pthread_mutex_t lock;
    int file;
    char *shown, *reached; /* the two mappings */
    struct block *first;
} memory = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = -1};

static void die(const char *what)
{
    fprintf(stderr, "far: %s\n", what);
    abort();
}

static void open_once(void)
{
    if (memory.file >= 0)
        return;
    memory.file = memfd_create("far", MFD_CLOEXEC);
    if (memory.file < 0 || ftruncate(memory.file, (off_t)WHOLE) != 0)
        die("no file in memory");
    memory.shown = mmap(NULL, WHOLE, PROT_NONE, MAP_SHARED | MAP_NORESERVE, memory.file, 0);
    memory.reached = mmap(NULL, WHOLE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, memory.file, 0);
    if (memory.shown == MAP_FAILED || memory.reached == MAP_FAILED)
        die("no address space");
}

/* The link to hang a block of so many bytes in: the first gap, with a page between neighbours that nobody
 * owns. */
static struct block **find_gap(size_t n_bytes, size_t *begin)
{
    struct block **link = &memory.first;

    for (*begin = 0; *link != NULL; link = &(*link)->next) {
        if ((*link)->begin >= *begin + n_bytes + PAGE)
            break;
        *begin = ((*link)->begin + (*link)->n_bytes + 2 * PAGE - 1) / PAGE * PAGE;
    }
    if (*begin + n_bytes > WHOLE)
        die("too much memory asked for");
    return link;
}

static void place(struct block *block, size_t n_bytes)
{
    struct block **link = find_gap(n_bytes, &block->begin);

    block->n_bytes = n_bytes;
    block->next = *link;
    *link = block;
    memset(memory.reached + block->begin, 0xFF, n_bytes); /* NaN */
}

fa_status far_alloc(struct fa_backend *backend, size_t n_bytes, void **out)
{
    struct block *block;
    void *counted;

    (void)backend;
    *out = NULL;
    FA_TRY(fa_alloc(1, 1, &counted));
    block = calloc(1, sizeof *block);
    if (block == NULL)
        die("no memory");
    block->counted = counted;
    pthread_mutex_lock(&memory.lock);
    open_once();
    place(block, n_bytes > 0 ? n_bytes : 1);
    *out = memory.shown + block->begin;
    pthread_mutex_unlock(&memory.lock);
    return FA_OK;
}

static struct block *unhang(size_t begin)
{
    for (struct block **link = &memory.first; *link != NULL; link = &(*link)->next)
        if ((*link)->begin == begin) {
            struct block *block = *link;

            *link = block->next;
            return block;
        }
    return NULL;
}

void far_free(struct fa_backend *backend, void *shown)
{
    struct block *block;

    if (shown == NULL)
        return;
    far_note_free(backend);
    far_quiet();
    pthread_mutex_lock(&memory.lock);
    block = unhang((size_t)((char *)shown - memory.shown));
    pthread_mutex_unlock(&memory.lock);
    if (block == NULL)
        die("freed what was not allocated");
    fa_free(block->counted);
    free(block);
}

static bool is_allocated(size_t at)
{
    for (const struct block *block = memory.first; block != NULL; block = block->next)
        if (at >= block->begin && at < block->begin + block->n_bytes)
            return true;
    return false;
}

void *far_reach(const void *shown)
{
    const char *address = shown;
    bool is_ours;

    if (shown == NULL)
        return NULL;
    pthread_mutex_lock(&memory.lock);
    is_ours = memory.shown != NULL && address >= memory.shown && address < memory.shown + WHOLE &&
              is_allocated((size_t)(address - memory.shown));
    pthread_mutex_unlock(&memory.lock);
    if (!is_ours)
        die("an address that is not the backend's was given to it");
    return memory.reached + (address - memory.shown);
}
