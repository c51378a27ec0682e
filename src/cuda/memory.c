/*
 * memory.c - how much of the GPU's memory this process has taken: the runtime's functions that take and give
 * it back, with a count.
 */
#include <pthread.h>
#include <stdint.h>

#include "fa/memory.h"
#include "runtime.h"

struct block {
    struct block *next;
    const void *start;
    size_t n_bytes;
};

enum { N_LISTS = 1024 };

static struct {
    pthread_mutex_t lock;
    int (*malloc)(void **memory, size_t n_bytes);
    int (*free)(void *memory);
    struct block *list[N_LISTS];
    size_t now, most;
} counted = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct block **list_of(const void *start)
{
    return &counted.list[(uintptr_t)start / 512 % N_LISTS];
}

static void add(struct block *block)
{
    struct block **list = list_of(block->start);

    pthread_mutex_lock(&counted.lock);
    block->next = *list;
    *list = block;
    counted.now += block->n_bytes;
    if (counted.now > counted.most)
        counted.most = counted.now;
    pthread_mutex_unlock(&counted.lock);
}

static void take_off(const void *start)
{
    struct block **at = list_of(start), *found;

    pthread_mutex_lock(&counted.lock);
    while (*at != NULL && (*at)->start != start)
        at = &(*at)->next;
    found = *at;
    if (found != NULL) {
        *at = found->next;
        counted.now -= found->n_bytes;
    }
    pthread_mutex_unlock(&counted.lock);
    fa_free(found);
}

static int take(void **memory, size_t n_bytes)
{
    struct block *block;
    int error;

    if (fa_alloc(1, sizeof *block, &block) != FA_OK)
        return FA_CUDA_ErrorMemoryAllocation;
    error = counted.malloc(memory, n_bytes);
    if (error != FA_CUDA_Success) {
        fa_free(block);
        return error;
    }
    *block = (struct block){.start = *memory, .n_bytes = n_bytes};
    add(block);
    return error;
}

/* Off the list first: once it is free, another thread may be given the same address. */
static int give_back(void *memory)
{
    take_off(memory);
    return counted.free(memory);
}

void fa_cuda_count_memory(struct fa_cuda *cuda)
{
    counted.malloc = cuda->cudaMalloc;
    counted.free = cuda->cudaFree;
    cuda->cudaMalloc = take;
    cuda->cudaFree = give_back;
}

size_t fa_cuda_peak_bytes(void)
{
    return counted.most;
}
